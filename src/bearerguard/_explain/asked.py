"""A token that the introspection endpoint judges: what would be asked, or what it said."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from bearerguard._explain.explanation import CheckResult
from bearerguard._explain.rows import TEXT, Row, failed, not_judged, passed, permission
from bearerguard.authorization.combination import Requirement
from bearerguard.error_codes import INACTIVE_TOKEN
from bearerguard.errors import AccessTokenError, InvalidToken, show

if TYPE_CHECKING:  # see explainer.py
    from bearerguard.resource_server import ResourceServer

INTROSPECTION: Final[Row] = ("introspection", "RFC 7662 §2.2")
_NOT_ASKED: Final = "Add --introspect to send it there, or call the API to see the answer."


@dataclass(frozen=True, slots=True)
class Asked:
    """What the endpoint said of a token.

    Attributes:
        said: Its answer of an active token, ``None`` of one that is not.
        failure: Why the answer cannot be used; empty if it can.
    """

    said: Mapping[str, Any] | None
    failure: str = ""


async def ask_about(token: str, server: "ResourceServer") -> Asked | None:
    """Send the token to the server's introspection endpoint; ``None`` where it asks about none."""
    from bearerguard.introspection.answer import EndpointFailed  # noqa: PLC0415  see explainer.py

    introspector = server.connection.introspector
    if introspector is None:
        return None
    try:
        described = await introspector.said_of(token.encode("ascii", "replace"))
    except AccessTokenError as refusal:  # it was not sent
        return Asked(None, refusal.operator_text)
    except EndpointFailed as why:
        return Asked(None, str(why))
    return Asked(None if described is None else described.claims)


def place_of(server: "ResourceServer | None") -> str:
    """The endpoint that a server asks, for people; empty where it asks none."""
    introspector = None if server is None else server.connection.introspector
    return "" if introspector is None else introspector.settings.place


def judged_by_the_endpoint(
    token: str, server: "ResourceServer", asked: Asked | None, requirement: Requirement | None, now: float
) -> Iterator[CheckResult]:
    """Every check of an opaque token.

    Args:
        token: The token.
        server: It has introspection.
        asked: What the endpoint said; ``None``: it was not asked.
        requirement: Of the route.
        now: Wall time.
    """
    from bearerguard.introspection.introspector import check_text  # noqa: PLC0415  see explainer.py

    introspector = server.connection.introspector
    try:
        check_text(token.encode("ascii", "replace"))
    except AccessTokenError as refusal:
        yield failed(TEXT, refusal)
        return
    yield passed(TEXT)
    yield _introspected(server, asked)
    if introspector is None or asked is None or asked.said is None:
        return
    yield from (
        passed((row.what, row.source)) if row.failure is None else failed((row.what, row.source), row.failure)
        for row in introspector.judgement.checks(asked.said, now)
    )
    if requirement is not None:
        yield permission(asked.said, introspector.settings.record.profile, server.effective_roles, requirement)


def also_asked(server: "ResourceServer") -> CheckResult | None:
    """Of a JWT: whether the endpoint is asked about it, too."""
    introspector = server.connection.introspector
    if introspector is None or not introspector.settings.also_jwt:
        return None
    return not_judged(INTROSPECTION, f"{_asks(server)} about verified JWTs, too.", "Call the API to see the answer.")


def _introspected(server: "ResourceServer", asked: Asked | None) -> CheckResult:
    if asked is None:
        return not_judged(INTROSPECTION, f"{_asks(server)} about it.", _NOT_ASKED)
    if asked.failure:
        return not_judged(INTROSPECTION, f"{_asks(server)}, and that failed: {asked.failure}.", "Run doctor.")
    if asked.said is None:
        return failed(INTROSPECTION, InvalidToken(INACTIVE_TOKEN, verified=True))
    return passed(INTROSPECTION)


def _asks(server: "ResourceServer") -> str:
    return f"This server asks {show(place_of(server), 128)}"

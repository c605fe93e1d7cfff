"""A token that the introspection endpoint judges: what would be asked, or what it said."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from bearerguard._explain.explanation import CheckResult
from bearerguard._explain.judged import Trust
from bearerguard._explain.rows import TEXT, Row, failed, judged_as, not_judged, passed, permission
from bearerguard.error_codes import INACTIVE_TOKEN
from bearerguard.errors import AccessTokenError, InvalidToken, show

if TYPE_CHECKING:  # see explainer.py
    from bearerguard.introspection.introspector import Introspector

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


async def ask_about(token: str, introspector: "Introspector") -> Asked:
    """Send the token to the introspection endpoint."""
    from bearerguard.introspection.answer import EndpointFailed  # noqa: PLC0415  see explainer.py

    try:
        described = await introspector.said_of(token.encode("ascii", "replace"))
    except AccessTokenError as refusal:  # it was not sent
        return Asked(None, refusal.operator_text)
    except EndpointFailed as why:
        return Asked(None, str(why))
    return Asked(None if described is None else described.claims)


def judged_by_the_endpoint(
    token: str, introspector: "Introspector", asked: Asked | None, trust: Trust, now: float
) -> Iterator[CheckResult]:
    """Every check of an opaque token.

    Args:
        token: The token.
        introspector: Asks the endpoint.
        asked: What the endpoint said; ``None``: it was not asked.
        trust: What the route requires, and which roles imply others.
        now: Wall time.
    """
    from bearerguard.introspection.introspector import check_text  # noqa: PLC0415  see explainer.py

    try:
        check_text(token.encode("ascii", "replace"))
    except AccessTokenError as refusal:
        yield failed(TEXT, refusal)
        return
    yield passed(TEXT)
    yield _introspected(introspector, asked)
    if asked is None or asked.said is None:
        return
    for check in introspector.judgement.checks(asked.said, now):
        yield judged_as((check.what, check.source), check.failure)
    if trust.requirement is not None:
        yield permission(asked.said, introspector.settings.record.profile, trust.effective_roles, trust.requirement)


def also_asked(introspector: "Introspector") -> CheckResult:
    """Of a JWT that the endpoint is asked about, too."""
    return not_judged(INTROSPECTION, f"{_asks(introspector)} about verified JWTs, too.", "Call the API to see the answer.")


def _introspected(introspector: "Introspector", asked: Asked | None) -> CheckResult:
    if asked is None:
        return not_judged(INTROSPECTION, f"{_asks(introspector)} about it.", _NOT_ASKED)
    if asked.failure:
        return not_judged(INTROSPECTION, f"{_asks(introspector)}, and that failed: {asked.failure}.", "Run doctor.")
    if asked.said is None:
        return failed(INTROSPECTION, InvalidToken(INACTIVE_TOKEN, verified=True))
    return passed(INTROSPECTION)


def _asks(introspector: "Introspector") -> str:
    return f"This server asks {show(introspector.settings.place, 128)}"

"""Is it for us? The claim that names the audience, and what a near miss tells.

Standards: RFC 7519 §4.1.3, RFC 8725 §3.9.
"""

import re
from typing import Any, Final

from bearerguard import error_codes as codes
from bearerguard.checks import GUID
from bearerguard.errors import InvalidToken

_A_GUID: Final = re.compile(GUID)
_MICROSOFT_GRAPH: Final = frozenset({"00000003-0000-0000-c000-000000000000", "https://graph.microsoft.com"})
_NAME_THE_CLIENT_ID: Final = frozenset({"entra_v2", "entra_external"})
_ONLY_TEXT: Final = frozenset({str})
_COMPARED: Final = 16  # of an array that anybody can send


def names_one_of(audience: object, accepted: frozenset[str]) -> bool | None:
    """Whether a string or an array of strings names an accepted audience; ``None``: it is neither."""
    if type(audience) is str:
        return audience in accepted
    if type(audience) is not list or not _ONLY_TEXT.issuperset(map(type, audience)):  # of an array that anybody can send
        return None
    return not accepted.isdisjoint(audience)


def wrong_audience(name: str, audience: Any, accepted: frozenset[str], *, profile: str) -> InvalidToken:
    """The refusal of a token for somebody else.

    Args:
        name: The claim.
        audience: Its value, a string or an array of strings.
        accepted: What it may name.
        profile: Name of the issuer's profile.
    """
    wanted = f"`{name}` to contain {' or '.join(repr(entry) for entry in sorted(accepted))}"
    found = [audience] if type(audience) is str else audience[:_COMPARED]
    hint = _hint(found, accepted, names_client_id=profile in _NAME_THE_CLIENT_ID)
    return InvalidToken(codes.WRONG_AUDIENCE, expected=wanted, actual=audience, at=f"$.{name}", hint=hint)


def _hint(found: list[str], accepted: frozenset[str], *, names_client_id: bool) -> str:
    if not _MICROSOFT_GRAPH.isdisjoint(found):
        return graph_hint(accepted)
    known = {_folded(entry): entry for entry in sorted(accepted)}
    for entry in found:
        near = known.get(_folded(entry))
        if near is not None:
            return f"Configured is {near!r}: they differ in {_difference(entry, near)}, and audiences are compared exactly."
    if names_client_id and any(map(_A_GUID.fullmatch, found)) and not any(map(_A_GUID.fullmatch, accepted)):
        return "A v2 token of Entra names the API by its client id: if this is the API's, add it to ResourceServer(audience=…)."
    return ""


def graph_hint(accepted: frozenset[str]) -> str:
    """What to ask for instead of a token for Microsoft Graph."""
    return f"The token is for Microsoft Graph: request scope '{min(accepted)}/.default'."


def _folded(audience: str) -> str:
    return audience.removeprefix("api://").rstrip("/").casefold()


def _difference(one: str, other: str) -> str:
    """What must be changed to make them equal, in words."""
    differences = [
        words
        for words, differs in (
            ("'api://' at the beginning", one.startswith("api://") != other.startswith("api://")),
            ("the trailing slash", one.endswith("/") != other.endswith("/")),
        )
        if differs
    ]
    return " and ".join(differences) or "upper and lower case"

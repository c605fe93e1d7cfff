"""The forms in which issuers write roles: a value of another form than declared grants nothing."""

from collections.abc import Callable, Mapping
from typing import Any, Final, Literal, TypeAlias, get_args

from bearerguard.errors import ConfigurationError, show
from bearerguard.issuers.claim_values import NOTHING, ClaimPath, Claims, claim_at, names_in_array

RolesForm: TypeAlias = Literal["array", "text", "spaces", "object"]
"""``array``: strings in an array. ``text``: one role as a string, or an array (AD FS writes either).
``spaces``: role names in one string with spaces between, or an array. ``object``: the member names
of an object (Zitadel), but for those whose value is ``false`` or ``null``."""


def _text(value: Any) -> frozenset[str]:
    return (frozenset({value}) if value else NOTHING) if type(value) is str else names_in_array(value)


def _spaces(value: Any) -> frozenset[str]:
    return frozenset(filter(None, value.split(" "))) if type(value) is str else names_in_array(value)


def _object(value: Any) -> frozenset[str]:
    if not isinstance(value, dict):
        return NOTHING
    return frozenset(name for name, held in value.items() if name and held is not False and held is not None)


ROLES_IN: Final[Mapping[str, Callable[[Any], frozenset[str]]]] = {
    "array": names_in_array,
    "text": _text,
    "spaces": _spaces,
    "object": _object,
}
_EXPECTED: Final = {"array": "an array", "text": "a string", "spaces": "a string", "object": "an object"}


def check_roles_form(form: object) -> None:
    """Raises ``ConfigurationError`` unless it is one of the forms."""
    if form not in get_args(RolesForm):
        raise ConfigurationError(
            "roles_form", f"expected 'array', 'text', 'spaces' or 'object', got {show(form)}", example='"text"'
        )


def roles_problem(claims: Claims, paths: tuple[ClaimPath, ...], form: RolesForm) -> str:
    """Why a roles claim grants nothing, for the operator; empty where it is absent, or just empty."""
    for path in paths:
        value = claim_at(claims, path)
        if value is None or value in ([], {}, ""):
            continue
        if form == "array" and type(value) is list:
            return f"`{'.'.join(path)}` is not an array of non-empty strings"
        return f"`{'.'.join(path)}` is not {_EXPECTED[form]}; roles_form= declares another form"
    return ""

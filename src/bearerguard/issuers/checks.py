"""Checks of settings that several presets share: each gives the value or a ``ConfigurationError`` that shows a valid one."""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from bearerguard.errors import ConfigurationError, show
from bearerguard.issuers.issuer import url_problem
from bearerguard.issuers.profile import ClaimPath

_GUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)
_DOMAIN: Final = re.compile(r"(?!\d+(\.\d+){3}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+", re.ASCII)


def checked_guid(parameter: str, value: object) -> str:
    """A GUID in the hyphenated form, in lower case.

    Upper case is the same GUID on input (RFC 9562 §4) and tokens carry lower case, so it is written as they do.
    """
    if not isinstance(value, str) or not _GUID.fullmatch(value):
        example = '"8f3c1d52-0b6e-4c49-9d55-2f1f6a0f3b11"'
        raise ConfigurationError(parameter, f"expected a GUID, got {show(value)}", example=example)
    return value.lower()


def checked_domain(parameter: str, value: object, *, example: str) -> str:
    """A host name in lower case: no scheme, no port, no slash."""
    if not isinstance(value, str) or not _DOMAIN.fullmatch(value):
        problem = f"expected a domain in lower case without scheme, port and slash, got {show(value)}"
        raise ConfigurationError(parameter, problem, example=example)
    return value


def checked_base_url(parameter: str, value: object, *, allow_http: bool, example: str) -> str:
    """An https URL to which paths are appended: no slash at the end, no query, no fragment."""
    problem = url_problem(value, allow_http=allow_http)
    if not isinstance(value, str) or problem:
        raise ConfigurationError(parameter, f"{problem}, got {show(value)}", example=example)
    if value.endswith("/") or "?" in value or "#" in value:
        problem = f"expected no slash at the end, no query and no fragment, got {show(value)}"
        raise ConfigurationError(parameter, problem, example=example)
    return value


def checked_text(parameter: str, value: object, pattern: str, *, expected: str, example: str) -> str:
    """Text that a pattern matches as a whole, ASCII rules."""
    if not isinstance(value, str) or not re.fullmatch(pattern, value, re.ASCII):
        raise ConfigurationError(parameter, f"expected {expected}, got {show(value)}", example=example)
    return value


def checked_path(parameter: str, path: Sequence[str], *, example: str) -> ClaimPath:
    """A claim path: a list of member names. A single text is refused, since a dot in it could mean two things (R116)."""
    if not isinstance(path, (list, tuple)) or not path or not all(isinstance(name, str) and name for name in path):
        raise ConfigurationError(parameter, f"expected a list of member names, got {show(path)}", example=example)
    return tuple(path)


def checked_number(parameter: str, value: float, low: float, high: float) -> float:
    """A number within bounds, neither bool nor NaN."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
        raise ConfigurationError(parameter, f"expected a number from {low:g} to {high:g}, got {value!r}", example=f"{low:g}")
    return value


def checked_count(parameter: str, value: int, high: int) -> int:
    """A whole number from 0 on."""
    if type(value) is not int or not 0 <= value <= high:
        raise ConfigurationError(parameter, f"expected a whole number from 0 to {high}, got {value!r}", example="10_000")
    return value


def check_methods(parameter: str, value: object, names: Iterable[str], *, example: str) -> None:
    """Something of the user's that is called later, when it would be too late to say that it cannot be."""
    missing = [name for name in names if not callable(getattr(value, name, None))]
    if missing or isinstance(value, type):
        raise ConfigurationError(parameter, f"expected an object with {', '.join(names)}, got {show(value)}", example=example)

"""Checks of settings, shared by all rooms.

Each returns the value, or raises a ``ConfigurationError`` that shows a valid one.
"""

import ipaddress
import re
from collections.abc import Collection, Iterable, Sequence
from typing import Final, Required, TypedDict, Unpack
from urllib.parse import urlsplit

from bearerguard.errors import ConfigurationError, show

GUID: Final = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"  # in lower case, as tokens carry it
SCOPE_TOKEN: Final = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")  # RFC 6749 §3.3, RFC 6750 §3
_GUID: Final = re.compile(GUID, re.ASCII | re.IGNORECASE)
_SWITCH: Final = {"": False, "0": False, "false": False, "1": True, "true": True}
_LABEL: Final = "[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
_DOMAIN: Final = re.compile(rf"(?!\d+(?:\.\d+){{3}}$){_LABEL}(?:\.{_LABEL})+", re.ASCII)
_TENANT: Final = re.compile(r"[0-9a-z](?:[0-9a-z.-]*[0-9a-z])?", re.ASCII | re.IGNORECASE)
_NOT_ONE_TENANT: Final = frozenset({"common", "organizations", "consumers"})
_A_GUID: Final = '"8f3c1d52-0b6e-4c49-9d55-2f1f6a0f3b11"'
_URL: Final = '"https://issuer.example"'

# --- addresses


class Plain(TypedDict, total=False):
    """Where ``http://`` is allowed, each by a setting that begins with ``insecure_``."""

    allow_http: Required[bool]
    http_hosts: Collection[str]


def url_problem(url: object, *, allow_http: bool, http_hosts: Collection[str] = ()) -> str:
    """What is wrong with a URL, of a setting or of a metadata document; or an empty string.

    Args:
        url: The value.
        allow_http: Whether ``http://`` will do on loopback.
        http_hosts: Names of other hosts where it will do, in lower case.
    """
    if not isinstance(url, str) or not url.isascii() or not url.isprintable() or " " in url:
        return "expected an https URL in ASCII"
    try:
        parts = urlsplit(url)
        host = parts.hostname
        _ = parts.port
    except ValueError:
        return "expected a valid https URL"
    if not host or "@" in parts.netloc:
        return "expected an https URL with a host and without credentials"
    if parts.scheme == "https" or (parts.scheme == "http" and (host in http_hosts or (allow_http and is_loopback(host)))):
        return ""
    return "expected https (http only on loopback with insecure_allow_http=True, or on a host of insecure_http_hosts=)"


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def checked_url(parameter: str, url: object, *, example: str = _URL, **plain: Unpack[Plain]) -> str:
    """An absolute https URL with a host and no credentials; http only where that is allowed."""
    problem = url_problem(url, **plain)
    if problem or not isinstance(url, str):
        raise ConfigurationError(parameter, f"{problem}, got {url!r}", example=example)
    return url


def checked_issuer_url(parameter: str, url: object, **plain: Unpack[Plain]) -> str:
    """An https URL without query and fragment (RFC 8414 §2)."""
    address = checked_url(parameter, url, **plain)
    if "?" in address or "#" in address:
        raise ConfigurationError(parameter, f"an issuer has neither query nor fragment, got {url!r}", example=_URL)
    return address


def checked_base_url(parameter: str, value: object, *, example: str, **plain: Unpack[Plain]) -> str:
    """An https URL to which paths are appended: no slash at the end, no query, no fragment."""
    url = checked_url(parameter, value, example=example, **plain)
    if url.endswith("/") or "?" in url or "#" in url:
        problem = f"expected no slash at the end, no query and no fragment, got {show(url)}"
        raise ConfigurationError(parameter, problem, example=example)
    return url


def checked_domain(parameter: str, value: object, *, example: str, any_case: bool = False) -> str:
    """A host name without scheme, port and slash.

    In lower case, since ``iss`` is compared exactly, unless ``any_case``.
    """
    if not isinstance(value, str) or not _DOMAIN.fullmatch(value.lower() if any_case else value):
        case = "" if any_case else " in lower case"
        problem = f"expected a domain{case} without scheme, port and slash, got {show(value)}"
        raise ConfigurationError(parameter, problem, example=example)
    return value


# --- names


def checked_guid(parameter: str, value: object) -> str:
    """A GUID in the hyphenated form, in lower case.

    Upper case is the same GUID on input (RFC 9562 §4), and tokens carry lower case.
    """
    if not isinstance(value, str) or not _GUID.fullmatch(value):
        raise ConfigurationError(parameter, f"expected a GUID, got {show(value)}", example=_A_GUID)
    return value.lower()


def checked_tenant_id(parameter: str, value: object) -> str:
    """The id of a tenant of Microsoft Entra: a GUID, neither a domain nor ``common``."""
    if isinstance(value, str) and value.lower() in _NOT_ONE_TENANT:
        problem = f"{value!r} means many tenants: entra_multitenant(tenants={{…}}) trusts those that it lists"
        raise ConfigurationError(parameter, problem, example=_A_GUID)
    if isinstance(value, str) and _DOMAIN.fullmatch(value.lower()):
        problem = (
            f"tokens name a tenant by its id, not by {value!r}; it is shown as 'Tenant ID' in the Entra admin center, and in the "
            f"issuer of https://login.microsoftonline.com/{value}/v2.0/.well-known/openid-configuration"
        )
        raise ConfigurationError(parameter, problem, example=_A_GUID)
    return checked_guid(parameter, value)


def checked_tenant(parameter: str, value: object) -> str:
    """One tenant of Microsoft Entra by its GUID or domain; ``common`` and its like mean several."""
    if not isinstance(value, str) or not _TENANT.fullmatch(value) or value.lower() in _NOT_ONE_TENANT:
        example = '"8f3c0000-1111-2222-3333-444455556666" or "contoso.onmicrosoft.com"'
        raise ConfigurationError(parameter, f"expected one tenant, got {value!r}", example=example)
    return value


def checked_tenant_name(parameter: str, value: object) -> str:
    """The first label of a tenant's own domain: ``contoso`` of ``contoso.onmicrosoft.com``."""
    return checked_text(parameter, value, _LABEL, expected="the name before .onmicrosoft.com", example='"contoso"')


def checked_text(parameter: str, value: object, pattern: str, *, expected: str, example: str) -> str:
    """Text that matches a pattern as a whole, by ASCII rules."""
    if not isinstance(value, str) or not re.fullmatch(pattern, value, re.ASCII):
        raise ConfigurationError(parameter, f"expected {expected}, got {show(value)}", example=example)
    return value


def checked_names(parameter: str, given: str | Collection[str], *, expected: str, example: str) -> frozenset[str]:
    """One name or several, as a set; none of them empty or surrounded by spaces."""
    names = [given] if isinstance(given, str) else list(given) if isinstance(given, Collection) else []
    if not names or not all(isinstance(name, str) and name and name == name.strip() for name in names):
        raise ConfigurationError(parameter, f"expected one or several {expected}, got {given!r}", example=example)
    return frozenset(names)


def checked_audience(parameter: str, audience: str | Collection[str]) -> frozenset[str]:
    """One identifier of this API or several, as a set; never split, never empty."""
    names = checked_names(parameter, audience, expected="identifiers of this API", example='"api://orders"')
    if any(name.endswith("/.default") for name in names):
        problem = f"'/.default' belongs to a client's scope, not to an audience, got {audience!r}"
        raise ConfigurationError(parameter, problem, example='"api://orders"')
    return names


def checked_path(parameter: str, path: Sequence[str], *, example: str) -> tuple[str, ...]:
    """A claim path: a list of member names, not one text, where a dot would be ambiguous."""
    if not isinstance(path, (list, tuple)) or not path or not all(isinstance(name, str) and name for name in path):
        raise ConfigurationError(parameter, f"expected a list of member names, got {show(path)}", example=example)
    return tuple(path)


# --- numbers and objects


def switch_in(text: str) -> bool | None:
    """Whether a variable is on: ``1`` or ``true``; off: ``0``, ``false`` or empty; else ``None``."""
    return _SWITCH.get(text.strip().lower())


def checked_switch(parameter: str, value: object) -> bool:
    """``True`` or ``False``, and nothing that Python takes for one of them."""
    if not isinstance(value, bool):
        raise ConfigurationError(parameter, f"expected True or False, got {value!r}", example="True")
    return value


def checked_number(parameter: str, value: object, low: float, high: float, *, example: str) -> float:
    """A number within bounds, neither bool nor NaN."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
        raise ConfigurationError(parameter, f"expected a number from {low:g} to {high:g}, got {value!r}", example=example)
    return value


def checked_count(parameter: str, value: int, high: int) -> int:
    """A whole number from 0 on."""
    if type(value) is not int or not 0 <= value <= high:
        raise ConfigurationError(parameter, f"expected a whole number from 0 to {high}, got {value!r}", example="10_000")
    return value


def check_methods(parameter: str, value: object, names: Iterable[str], *, example: str) -> None:
    """Check now that a user's object has the methods that are called later."""
    missing = [name for name in names if not callable(getattr(value, name, None))]
    if missing or isinstance(value, type):
        raise ConfigurationError(parameter, f"expected an object with {', '.join(names)}, got {show(value)}", example=example)

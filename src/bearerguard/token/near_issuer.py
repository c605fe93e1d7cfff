"""An ``iss`` that is not configured, but nearly: what differs, and which preset would know it."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

_AUTH: Final = "/auth/realms/"  # Keycloak before 17, and wherever http-relative-path says so
_LONGEST: Final = 512
_REALMS: Final = "/realms/"
_CIAM, _COGNITO = ".ciamlogin.com", "cognito-idp."


def folded(issuer: str) -> str:
    """The same text for issuers that are taken for each other."""
    text = issuer.casefold().rstrip("/").replace(_AUTH, _REALMS)
    return text.partition("://")[2] or text


def near_issuer(issuer: str, configured: Mapping[str, str]) -> str:
    """A hint for the operator, or an empty string.

    Args:
        issuer: What the token says.
        configured: Configured issuers, by their folded text.
    """
    if len(issuer) > _LONGEST:  # anybody can send one
        return ""
    text = folded(issuer)
    near = configured.get(text)
    if near is not None:
        return f"Configured is {near!r}: they differ in {_difference(issuer, near)}, and issuers are compared exactly."
    if _CIAM in text or _COGNITO in text:  # to take a URL apart costs more than to refuse a stranger
        return _of_a_vendor(issuer, configured)
    return ""


def _of_a_vendor(issuer: str, configured: Mapping[str, str]) -> str:
    try:
        host = urlsplit(issuer).hostname or ""
    except ValueError:
        return ""
    if host.endswith(_CIAM):
        return "It is a token of Microsoft Entra External ID, which entra_external(tenant_id=…) accepts."
    if host.startswith((_COGNITO, f"issuer-{_COGNITO}")) and any(_pool(issuer) == _pool(each) for each in configured.values()):
        return "It is of the same user pool in another region, which cognito(…, replica_regions=[…]) accepts."
    return ""


def _difference(one: str, other: str) -> str:
    differences = [
        words
        for words, differs in (
            ("the trailing slash", one.endswith("/") != other.endswith("/")),
            ("http and https", one.casefold().startswith("https") != other.casefold().startswith("https")),
            ("'/auth' before '/realms/'", (_AUTH in one) != (_AUTH in other)),
        )
        if differs
    ]
    return " and ".join(differences) or "upper and lower case"


def _pool(issuer: str) -> str:
    return issuer.rpartition("/")[2]

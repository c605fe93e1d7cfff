"""From an issuer's metadata document to the place of its keys.

Standards: RFC 8414 §3.3 and OpenID Connect Discovery 1.0 §4.3: the document's ``issuer`` must be
identical to the configured one, or the document must not be used. Nothing is normalised (RFC 8414
§4).
"""

from dataclasses import dataclass
from typing import Any, Final

from bearerguard.checks import url_problem
from bearerguard.errors import show
from bearerguard.issuers.issuer import Issuer
from bearerguard.keys.fetch import FetchFailed
from bearerguard.strict_json import NotStrictJson, parse_object

MAX_METADATA: Final = 256 * 1024
_SHOWN: Final = 128
_KEYCLOAK: Final = "before Keycloak 17 there is '/auth' before '/realms/', and later there is not"
_OTHER_PLACES: Final = "metadata_url= names another place of the document, jwks_uri= that of the keys"


def read_jwks_uri(issuer: Issuer, body: bytes) -> str:
    """The ``jwks_uri`` of a metadata document, any https host that the issuer's own document names.

    Raises:
        FetchFailed: not a JSON object, another issuer's document, or no usable ``jwks_uri``.
    """
    return _named_url(issuer, body, "jwks_uri")


def read_introspection_endpoint(issuer: Issuer, body: bytes) -> str:
    """The ``introspection_endpoint`` of a metadata document (RFC 8414 §2).

    Raises:
        FetchFailed: not a JSON object, another issuer's document, or no usable endpoint.
    """
    return _named_url(issuer, body, "introspection_endpoint")


def _named_url(issuer: Issuer, body: bytes, member: str) -> str:
    try:
        metadata = parse_object(body)
    except NotStrictJson as why:
        raise FetchFailed("invalid", f"metadata: {why}") from None
    named = metadata.get("issuer")
    if type(named) is not str or named not in issuer.metadata_issuers:
        raise FetchFailed("invalid", _another_issuer(issuer, named))
    url = metadata.get(member)
    problem = url_problem(url, **issuer.plain_http)
    if problem or type(url) is not str:
        raise FetchFailed("invalid", f"metadata: {member}: {problem}")
    return url


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where clients ask for tokens, and people sign in; each empty where nothing usable is named."""

    token: str = ""
    authorization: str = ""


NO_ENDPOINTS: Final = Endpoints()


def read_endpoints(issuer: Issuer, body: bytes) -> Endpoints:
    """The endpoints that an accepted document names."""
    named = parse_object(body)

    def usable(member: str) -> str:
        url = named.get(member)
        return url if type(url) is str and not url_problem(url, **issuer.plain_http) else ""

    return Endpoints(usable("token_endpoint"), usable("authorization_endpoint"))


def told_with_the_place(issuer: Issuer, failure: FetchFailed) -> FetchFailed:
    """The failure to fetch the document, with what was tried and what else can be set."""
    hint = ""
    if failure.code in ("status", "redirect"):
        hint = f"; {_OTHER_PLACES}" + (f"; {_KEYCLOAK}" if "/realms/" in str(issuer.metadata_url) else "")
    return FetchFailed(failure.code, f"metadata: {failure} from {issuer.metadata_url}{hint}")


def _another_issuer(issuer: Issuer, named: Any) -> str:
    wanted = " or ".join(map(repr, sorted(issuer.metadata_issuers)))
    shown = show(named, _SHOWN)
    if type(named) is not str:
        return f"metadata: expected issuer {wanted}, got {shown}"
    return f"metadata: expected issuer {wanted}, got {shown}; if both are the same server, metadata_issuers=[{shown}] accepts it"

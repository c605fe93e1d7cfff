"""From an issuer's metadata document to the place of its keys.

Standards: RFC 8414 §3.3 and OpenID Connect Discovery 1.0 §4.3: the document's ``issuer`` must be identical to the configured
one, or the document must not be used. Nothing is normalised (RFC 8414 §4).
"""

from typing import Final

from bearerguard.checks import url_problem
from bearerguard.issuers.issuer import Issuer
from bearerguard.keys.fetch import FetchFailed
from bearerguard.strict_json import NotStrictJson, parse_object

MAX_METADATA: Final = 256 * 1024


def read_jwks_uri(issuer: Issuer, body: bytes) -> str:
    """The ``jwks_uri`` of a metadata document, any https host that the issuer's own document names.

    Raises:
        FetchFailed: not a JSON object, another issuer's document, or no usable ``jwks_uri``.
    """
    try:
        metadata = parse_object(body)
    except NotStrictJson as why:
        raise FetchFailed("invalid", f"metadata: {why}") from None
    named = metadata.get("issuer")
    if type(named) is not str or named not in issuer.metadata_issuers:
        raise FetchFailed("invalid", f"metadata: expected issuer {issuer.issuer!r}, got {str(named)[:128]!r}")
    jwks_uri = metadata.get("jwks_uri")
    problem = url_problem(jwks_uri, allow_http=issuer.insecure_allow_http)
    if problem or type(jwks_uri) is not str:
        raise FetchFailed("invalid", f"metadata: jwks_uri: {problem}")
    return jwks_uri


def read_token_endpoint(issuer: Issuer, body: bytes) -> str:
    """The ``token_endpoint`` of a document that ``read_jwks_uri`` has accepted; empty where it names none that could be used."""
    endpoint = parse_object(body).get("token_endpoint")
    return endpoint if type(endpoint) is str and not url_problem(endpoint, allow_http=issuer.insecure_allow_http) else ""

"""Where an issuer's metadata documents belong, and what stands in them."""

from typing import Any
from urllib.parse import urlsplit

from bearerguard.issuers.issuer import ALGORITHMS
from bearerguard.testing.shape import Document


def well_known_urls(issuer: str) -> tuple[str, str]:
    """Of OpenID Connect Discovery 1.0 §4 (appended to the issuer) and RFC 8414 §3 (between host and path)."""
    parts = urlsplit(issuer)
    path = parts.path.rstrip("/")
    return (
        f"{issuer.rstrip('/')}/.well-known/openid-configuration",
        f"{parts.scheme}://{parts.netloc}/.well-known/oauth-authorization-server{path}",
    )


def metadata(document: Document) -> dict[str, Any]:
    """The document as JSON (RFC 8414 §2)."""
    return {
        "issuer": document.issuer,
        "jwks_uri": document.jwks_uri,
        "token_endpoint": document.token_endpoint,
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": list(ALGORITHMS),
        "grant_types_supported": ["client_credentials"],
        "response_types_supported": [],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        **document.more,
    }

"""The token request as plain data: no network (RFC 6749 §4.4.2)."""

from bearerguard.bounded_http import Request
from bearerguard.client.token_settings import TokenSettings
from bearerguard.client_authentication.method import Proof


def build_request(settings: TokenSettings, proof: Proof, *, claims: str = "") -> Request:
    """The request that ``settings`` describe.

    Args:
        settings: Checked settings.
        proof: Of the client.
        claims: JSON text of a claims challenge to pass on (Continuous Access Evaluation), or empty.
    """
    optional = {"scope": settings.scope, "audience": settings.audience, "claims": claims}
    return proof.post(
        settings.token_endpoint,
        [
            ("grant_type", "client_credentials"),
            *((name, value) for name, value in optional.items() if value),
            *(("resource", resource) for resource in settings.resources),  # RFC 8707 §2: one parameter each
        ],
    )

"""The token request as plain data: no network (RFC 6749 §4.4.2)."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from bearerguard.bounded_http import Request
from bearerguard.client.token_settings import TokenSettings
from bearerguard.client_authentication.secret import Secret

_HEADERS: Final = (("Accept", "application/json"), ("Content-Type", "application/x-www-form-urlencoded"))


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """One request for a token.

    Attributes:
        http: To send.
        secrets: Every text in it that must not be shown, should the endpoint send it back.
    """

    http: Request
    secrets: tuple[Secret, ...]


def build_request(settings: TokenSettings, *, now: float, claims: str = "") -> TokenRequest:
    """The request that ``settings`` describe.

    It may block: files are read and functions called that give a credential.

    Args:
        settings: Checked settings.
        now: Wall time in seconds, for a signed assertion.
        claims: JSON text of a claims challenge to pass on (Continuous Access Evaluation), or empty.

    Raises:
        ConfigurationError: a file or a function gives no usable credential now.
    """
    proof = settings.authentication.proof(endpoint=settings.token_endpoint, now=now)
    parameters = [("grant_type", "client_credentials"), *proof.parameters]
    parameters += [(name, value) for name, value in (("scope", settings.scope), ("audience", settings.audience)) if value]
    # RFC 8707 §2: one parameter each
    parameters += [("resource", resource) for resource in settings.resources]
    if claims:
        parameters.append(("claims", claims))
    request = Request("POST", settings.token_endpoint, (*_HEADERS, *proof.headers), urlencode(parameters).encode())
    return TokenRequest(request, proof.secrets)

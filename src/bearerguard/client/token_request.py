"""The token request as plain data: no network, no HTTP library (RFC 6749 §4.4.2).

The client proves itself by HTTP Basic (§2.3.1, id and secret form-encoded), by parameters of the body, or by a signed
assertion (RFC 7521 §4.2, RFC 7523 §2.2). Nothing is ever part of the URL.
"""

from base64 import b64encode
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote_plus, urlencode

from bearerguard.client.client_assertion import client_assertion
from bearerguard.client.grant import Grant
from bearerguard.client.secret import Secret

ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_HEADERS: Final = (
    ("Accept", "application/json"),
    ("Accept-Encoding", "identity"),
    ("Content-Type", "application/x-www-form-urlencoded"),
    ("Connection", "close"),  # a token is asked for about once an hour: a connection kept that long would be found dead
)


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """One request for a token.

    Attributes:
        method: ``POST``.
        url: The token endpoint.
        headers: Names and values.
        body: Form parameters in UTF-8.
        secrets: Every text in it that must not be shown, should the endpoint send it back.
    """

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = field(repr=False)
    body: bytes = field(repr=False)
    secrets: tuple[Secret, ...]


def build_request(grant: Grant, *, now: float, claims: str = "") -> TokenRequest:
    """The request that ``grant`` describes.

    Args:
        grant: Checked settings.
        now: Wall time in seconds, for a signed assertion.
        claims: JSON text of a claims challenge to pass on (Continuous Access Evaluation), or empty.
    """
    headers, proof, secrets = _authentication(grant, now)
    parameters = [("grant_type", "client_credentials"), *proof]
    parameters += [(name, value) for name, value in (("scope", grant.scope), ("audience", grant.audience)) if value]
    parameters += [("resource", resource) for resource in grant.resources]  # RFC 8707 §2: one parameter each
    if claims:
        parameters.append(("claims", claims))
    return TokenRequest("POST", grant.token_endpoint, (*_HEADERS, *headers), urlencode(parameters).encode(), secrets)


def _authentication(
    grant: Grant, now: float
) -> tuple[tuple[tuple[str, str], ...], tuple[tuple[str, str], ...], tuple[Secret, ...]]:
    """Headers, parameters, and the secrets among them."""
    credential = grant.credential
    if not isinstance(credential, Secret):
        assertion = client_assertion(credential, client_id=grant.client_id, audience=grant.assertion_audience, now=now)
        # RFC 7521 §4.2 leaves client_id open, Entra demands it
        proof = {"client_id": grant.client_id, "client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion.reveal()}
        return (), tuple(proof.items()), (assertion,)
    encoded = quote_plus(credential.reveal())
    if grant.client_auth == "post":
        return (), (("client_id", grant.client_id), ("client_secret", credential.reveal())), (credential, Secret(encoded))
    pair = b64encode(f"{quote_plus(grant.client_id)}:{encoded}".encode()).decode()
    return (("Authorization", f"Basic {pair}"),), (), (credential, Secret(encoded), Secret(pair))

"""The authorization request: who asks, where the answer goes, and what for.

Sources: RFC 6749 §4.1.1 and §4.1.2.1, RFC 7636 §4.3, RFC 9207, OpenID Connect Core 1.0 §3.1.2.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, quote, urlencode

from bearerguard.errors import show
from bearerguard.testing.local_client import LocalClient
from bearerguard.testing.redirect_uris import permits
from bearerguard.testing.shape import Requested, Shape
from bearerguard.testing.token_refusal import RFC6749, Incident, TokenRefused, sendable

SIGN_IN_SCOPES: Final = frozenset({"openid", "profile", "email", "address", "phone", "offline_access"})
_LONGEST: Final = 8192
_MOST_PARAMETERS: Final = 50
_CHALLENGE: Final = re.compile(r"[A-Za-z0-9\-_]{43}")  # SHA-256 in base64url
_SEPARATORS: Final = {"query": "?", "fragment": "#"}


class AddressRefused(Exception):
    """The answer cannot be sent anywhere: the person is told on a page (RFC 6749 §4.1.2.1)."""


class RequestRefused(Exception):
    """The application is told: ``error`` and ``error_description`` of RFC 6749 §4.1.2.1."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(error)
        self.members = {"error": error, "error_description": description}


@dataclass(frozen=True, slots=True)
class ReturnAddress:
    """Where the answer goes, whatever it is.

    Attributes:
        client: Who asks.
        redirect_uri: As the request names it.
        state: Returned as it came; ``None`` where there was none.
        mode: ``query``, or ``fragment`` where the application asks for it.
    """

    client: LocalClient
    redirect_uri: str
    state: str | None = None
    mode: str = "query"

    def with_answer(self, members: Mapping[str, str], issuer: str) -> str:
        """The URL with the answer in it; ``iss`` tells issuers apart (RFC 9207 §2)."""
        answer = {**members, **({} if self.state is None else {"state": self.state}), "iss": issuer}
        separator = "&" if self.mode == "query" and "?" in self.redirect_uri else _SEPARATORS[self.mode]
        return f"{self.redirect_uri}{separator}{urlencode(answer, quote_via=quote)}"


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """A request that a person can answer.

    Attributes:
        address: Where the answer goes.
        challenge: ``code_challenge`` by S256.
        requested: API and scopes; without those of OpenID Connect.
        wants_id_token: ``openid`` is among the scopes.
        nonce: For the ID token; empty for none.
    """

    address: ReturnAddress
    challenge: str
    requested: Requested
    wants_id_token: bool
    nonce: str


class Parameters:
    """The query of a request. A parameter without a value is absent (RFC 6749 §3.1).

    Raises:
        AddressRefused: it is too long, or cannot be read.
    """

    def __init__(self, query: bytes) -> None:
        if len(query) > _LONGEST:
            raise AddressRefused(f"The request is too long: {_LONGEST} octets are read at most.")
        try:
            pairs = parse_qsl(query.decode("ascii"), errors="strict", max_num_fields=_MOST_PARAMETERS)
        except ValueError:
            raise AddressRefused("The request cannot be read.") from None
        self.values = dict(pairs)
        names = [name for name, _ in pairs]
        self.repeated = [name for name in self.values if names.count(name) > 1]


def return_address(parameters: Parameters, clients: Mapping[str, LocalClient]) -> ReturnAddress:
    """Who asks, and where the answer goes.

    Raises:
        AddressRefused: the client is unknown, or the address is not one of its own.
    """
    values = parameters.values
    for name in ("client_id", "redirect_uri"):
        if name not in values or name in parameters.repeated:
            raise AddressRefused(f"The parameter {name} is missing or repeated.")
    client = clients.get(values["client_id"])
    if client is None:
        raise AddressRefused(f"No client {show(values['client_id'])} is registered here.")
    if not permits(client.redirect_uris, values["redirect_uri"]):
        known = "registered for the client" if client.redirect_uris else "a loopback address; register others with redirect_uris="
        raise AddressRefused(f"redirect_uri {show(values['redirect_uri'])} is not {known}.")
    state = None if "state" in parameters.repeated else values.get("state")
    mode = values.get("response_mode", "query")
    return ReturnAddress(client, values["redirect_uri"], state, mode if mode in _SEPARATORS else "query")


def authorization_request(parameters: Parameters, address: ReturnAddress, shape: Shape) -> AuthorizationRequest:
    """What is asked for.

    Raises:
        RequestRefused: it is not an authorization-code request with PKCE by S256, or nobody could
            answer it.
    """
    values = parameters.values
    if parameters.repeated:
        raise RequestRefused("invalid_request", f"The parameter {sendable(parameters.repeated[0])} is repeated")
    if "response_type" not in values:
        raise RequestRefused("invalid_request", "The parameter response_type is missing")
    if values["response_type"] != "code":
        raise RequestRefused("unsupported_response_type", "Only response_type=code is supported")
    if values.get("response_mode", "query") not in _SEPARATORS:
        raise RequestRefused("invalid_request", "Only response_mode=query and response_mode=fragment are supported")
    for name in ("request", "request_uri"):
        if name in values:
            raise RequestRefused(f"{name}_not_supported", f"The parameter {name} is not supported")
    if not _CHALLENGE.fullmatch(values.get("code_challenge", "")) or values.get("code_challenge_method") != "S256":
        raise RequestRefused("invalid_request", "PKCE is required: code_challenge with code_challenge_method=S256")
    if "none" in values.get("prompt", "").split():
        raise RequestRefused("login_required", "Nobody stays signed in here")
    requested = _requested(values, shape)
    wants_id_token = "openid" in values.get("scope", "").split()
    return AuthorizationRequest(address, values["code_challenge"], requested, wants_id_token, values.get("nonce", ""))


def told(refused: TokenRefused) -> RequestRefused:
    """A refusal in the words of RFC 6749, whatever the vendor's are."""
    _, body = RFC6749.answer(refused, Incident(0.0, 0))
    return RequestRefused(body["error"], body["error_description"])


def _requested(values: Mapping[str, str], shape: Shape) -> Requested:
    form = dict(values)
    if "scope" in form:
        form["scope"] = " ".join(scope for scope in form["scope"].split() if scope not in SIGN_IN_SCOPES)
    try:
        return shape.ask_for_user(form)
    except TokenRefused as refused:
        raise told(refused) from None

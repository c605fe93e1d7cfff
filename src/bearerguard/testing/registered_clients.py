"""Which client is asking: HTTP Basic, form parameters, or a signed assertion.

Sources: RFC 6749 §2.3.1, RFC 7523 §2.2.
"""

import hmac
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote_plus

from bearerguard.testing.assertion_verifier import AssertionVerifier
from bearerguard.testing.local_client import LocalClient
from bearerguard.testing.token_refusal import Reason, TokenRefused

_NOBODY: Final = LocalClient("nobody", "a-secret-that-no-client-has")


@dataclass(frozen=True, slots=True)
class Authenticated:
    """A client that proved who it is, and whether with a key."""

    client: LocalClient
    by_key: bool


class RegisteredClients:
    """The clients that an issuer knows, and how each proves that it is one of them."""

    def __init__(self, clients: Mapping[str, LocalClient], assertions: AssertionVerifier) -> None:
        self._clients = clients
        self._assertions = assertions

    def authenticate(self, form: Mapping[str, str], authorization: str | None, *, or_public: bool = False) -> Authenticated:
        """The client that sent this request.

        Args:
            form: Its parameters.
            authorization: Its header.
            or_public: A public client only names itself (RFC 6749 §3.2.1): for requests that prove
                by other means whose they are.

        Raises:
            TokenRefused: it uses no method or several, is unknown, or its secret or assertion is
                wrong.
        """
        methods = [name for name in ("client_secret", "client_assertion") if name in form]
        if len(methods) + (authorization is not None) > 1:
            raise TokenRefused(Reason.SEVERAL_METHODS)  # RFC 6749 §2.3: one method in each request
        if "client_assertion" in form:
            return Authenticated(self._by_assertion(form), by_key=True)
        if authorization is not None:
            client_id, secret = _basic_credentials(authorization)
            if form.get("client_id", client_id) != client_id:
                raise TokenRefused(Reason.SEVERAL_METHODS)
        elif "client_id" in form and "client_secret" in form:
            client_id, secret = form["client_id"], form["client_secret"]
        elif or_public and (named := self._clients.get(form.get("client_id", ""))) and named.is_public:
            return Authenticated(named, by_key=False)
        else:
            raise TokenRefused(Reason.NO_CREDENTIALS)
        return Authenticated(self._by_secret(client_id, secret), by_key=False)

    def _by_secret(self, client_id: str, secret: str) -> LocalClient:
        client = self._clients.get(client_id, _NOBODY)
        known = client.secret or ""
        same = hmac.compare_digest(known.encode(), secret.encode(errors="replace"))
        if client is _NOBODY:
            raise TokenRefused(Reason.UNKNOWN_CLIENT, client_id)
        if not (same and known):
            raise TokenRefused(Reason.WRONG_SECRET, client_id)
        return client

    def _by_assertion(self, form: Mapping[str, str]) -> LocalClient:
        client_id = self._assertions.claimed_client(form)
        client = self._clients.get(client_id)
        if client is None:
            raise TokenRefused(Reason.UNKNOWN_CLIENT, client_id)
        self._assertions.verify(form["client_assertion"], client)
        return client


def _basic_credentials(authorization: str) -> tuple[str, str]:
    """RFC 6749 §2.3.1: id and secret are form-encoded first, then joined and put into base64."""
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        raise TokenRefused(Reason.NO_CREDENTIALS)
    try:
        client_id, colon, secret = b64decode(encoded.strip(), validate=True).decode().partition(":")
    except ValueError:
        raise TokenRefused(Reason.NO_CREDENTIALS) from None
    if not colon:
        raise TokenRefused(Reason.NO_CREDENTIALS)
    return unquote_plus(client_id), unquote_plus(secret)

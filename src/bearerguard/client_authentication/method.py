"""The ways a client proves itself at an endpoint of an issuer, as plain data: no network.

Each reads its secret, key or assertion for each request, so that a rotated one is used at once.
"""

import re
from abc import ABC, abstractmethod
from base64 import b64encode
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import ClassVar, Final, Literal, TypeAlias
from urllib.parse import quote_plus, urlencode

from bearerguard.bounded_http import Request
from bearerguard.client_authentication.secret import Secret
from bearerguard.client_authentication.signed_assertion import AssertionKey, signed_assertion
from bearerguard.errors import ConfigurationError

ClientAuth: TypeAlias = Literal["basic", "post", "private_key_jwt", "tls_client_auth"]

_TEXT: Final = re.compile(r"[^\x00-\x1f\x7f]+")
_JWT: Final = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
ACCEPT: Final = ("Accept", "application/json")
_FORM: Final = ("Content-Type", "application/x-www-form-urlencoded")
_ASSERTION_TYPE: Final = ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")


@dataclass(frozen=True, slots=True)
class Proof:
    """What a request carries so that the endpoint knows the client; nothing is in the URL.

    Attributes:
        headers: Names and values.
        parameters: Form parameters.
        secrets: Every text in it that must not be shown, should the endpoint send it back.
    """

    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    parameters: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    secrets: tuple[Secret, ...] = ()

    def post(self, url: str, form: Iterable[tuple[str, str]]) -> Request:
        """The request that sends a form and this proof, and asks for JSON."""
        body = urlencode([*form, *self.parameters]).encode()
        return Request("POST", url, (ACCEPT, _FORM, *self.headers), body)


@dataclass(frozen=True, slots=True)
class ClientAuthentication(ABC):
    """One client's way to prove itself.

    Attributes:
        client_id: As registered.
        name: As settings call it.
    """

    client_id: str
    name: ClassVar[ClientAuth]

    @property
    def may_block(self) -> bool:
        """Whether ``proof`` reads a file, calls a function of the user's, or signs."""
        return True

    @abstractmethod
    def proof(self, *, endpoint: str, now: float) -> Proof:
        """For one request. It may read files and call functions of the user's, so it may block.

        Args:
            endpoint: URL that the request is sent to.
            now: Wall time in seconds.

        Raises:
            ConfigurationError: a file or a function gives nothing that could be used now.
        """


@dataclass(frozen=True, slots=True)
class _BySecret(ClientAuthentication):
    secret: Secret

    @property
    def may_block(self) -> bool:
        """Where the secret may change."""
        return self.secret.may_change


@dataclass(frozen=True, slots=True)
class Basic(_BySecret):
    """HTTP Basic: id and secret are form-encoded before they are joined (RFC 6749 §2.3.1)."""

    name: ClassVar[ClientAuth] = "basic"

    def proof(self, *, endpoint: str, now: float) -> Proof:  # noqa: ARG002
        """A header."""
        secret = present_secret(self.secret)
        encoded = quote_plus(secret.reveal())
        pair = b64encode(f"{quote_plus(self.client_id)}:{encoded}".encode()).decode()
        return Proof(headers=(("Authorization", f"Basic {pair}"),), secrets=(secret, Secret(encoded), Secret(pair)))


@dataclass(frozen=True, slots=True)
class Post(_BySecret):
    """Id and secret as parameters of the body (RFC 6749 §2.3.1)."""

    name: ClassVar[ClientAuth] = "post"

    def proof(self, *, endpoint: str, now: float) -> Proof:  # noqa: ARG002
        """Two parameters."""
        secret = present_secret(self.secret)
        parameters = (("client_id", self.client_id), ("client_secret", secret.reveal()))
        return Proof(parameters=parameters, secrets=(secret, Secret(quote_plus(secret.reveal()))))


@dataclass(frozen=True, slots=True)
class PrivateKeyJwt(ClientAuthentication):
    """An assertion that the client signs with its key (OpenID Connect Core 1.0 §9, RFC 7523 §2.2).

    Attributes:
        key: Gives the key to sign with.
        audience: ``aud`` of assertions, or empty: the endpoint that the request is sent to.
    """

    key: Callable[[], AssertionKey] = field(repr=False)
    audience: str
    name: ClassVar[ClientAuth] = "private_key_jwt"

    def proof(self, *, endpoint: str, now: float) -> Proof:
        """A fresh assertion."""
        audience = self.audience or endpoint
        return _asserted(self.client_id, signed_assertion(self.key(), client_id=self.client_id, audience=audience, now=now))


@dataclass(frozen=True, slots=True)
class FederatedAssertion(ClientAuthentication):
    """An assertion that a platform issues to this workload (RFC 7523 §2.2).

    Such as a projected service-account token of Kubernetes. The platform chose its audience and
    its times.

    Attributes:
        assertion: Where it is; read again for each request, since the platform replaces it.
    """

    assertion: Secret
    name: ClassVar[ClientAuth] = "private_key_jwt"

    def proof(self, *, endpoint: str, now: float) -> Proof:  # noqa: ARG002
        """The assertion as it is."""
        return _asserted(self.client_id, present_assertion(self.assertion))


@dataclass(frozen=True, slots=True)
class TlsClientAuth(ClientAuthentication):
    """The certificate of the TLS connection; the request only names the client (RFC 8705 §2)."""

    name: ClassVar[ClientAuth] = "tls_client_auth"

    @property
    def may_block(self) -> bool:
        """Nothing is read here."""
        return False

    def proof(self, *, endpoint: str, now: float) -> Proof:  # noqa: ARG002
        """The client's id."""
        return Proof(parameters=(("client_id", self.client_id),))


def present_secret(secret: Secret) -> Secret:
    """The present client secret.

    Raises:
        ConfigurationError: it is not text, or has a control character.
    """
    current = secret.current("client_secret")
    if current.is_text(_TEXT):
        return current
    problem = "expected text without control characters (a line break at its end?)"
    raise ConfigurationError("client_secret", problem, example='os.environ["CLIENT_SECRET"]')


def present_assertion(assertion: Secret) -> Secret:
    """The present federated assertion.

    Raises:
        ConfigurationError: it is not a JWT. Its signature and times are for the server to judge.
    """
    current = assertion.current("client_assertion_file")
    if current.is_text(_JWT):
        return current
    problem = "expected a file that holds a signed JWT and nothing else"
    raise ConfigurationError("client_assertion_file", problem, example='"/var/run/secrets/azure/tokens/azure-identity-token"')


def _asserted(client_id: str, assertion: Secret) -> Proof:
    # RFC 7521 §4.2 leaves client_id open, Entra demands it
    parameters = (("client_id", client_id), _ASSERTION_TYPE, ("client_assertion", assertion.reveal()))
    return Proof(parameters=parameters, secrets=(assertion,))

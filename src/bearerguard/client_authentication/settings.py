"""From settings, as a user gives them, to one checked way for the client to prove itself."""

from collections.abc import Callable
from functools import partial
from typing import Final, NamedTuple, TypedDict, get_args

from bearerguard.checks import checked_text
from bearerguard.client_authentication.method import (
    Basic,
    ClientAuth,
    ClientAuthentication,
    FederatedAssertion,
    Post,
    PrivateKeyJwt,
    TlsClientAuth,
    present_assertion,
    present_secret,
)
from bearerguard.client_authentication.secret import Secret
from bearerguard.client_authentication.signed_assertion import AssertionKey, load_assertion_key
from bearerguard.errors import ConfigurationError

NAME: Final = r"[^\x00-\x20\x7f](?:[^\x00-\x1f\x7f]*[^\x00-\x20\x7f])?"
"""Text without control characters, and without blanks around it."""


class Credential(TypedDict, total=False):
    """How a client proves itself, sealed; ``ClientCredentials`` documents each setting."""

    client_auth: ClientAuth
    client_secret: Secret | None
    private_key: Secret | None
    private_key_password: Secret | None
    certificate: Secret | None
    key_id: str | None
    signing_algorithm: str | None
    assertion_audience: str | None
    client_assertion_file: Secret | None


def checked_authentication(
    client_id: object,
    *,
    client_auth: ClientAuth = "basic",
    client_secret: Secret | None = None,
    private_key: Secret | None = None,
    private_key_password: Secret | None = None,
    certificate: Secret | None = None,
    key_id: str | None = None,
    signing_algorithm: str | None = None,
    assertion_audience: str | None = None,
    client_assertion_file: Secret | None = None,
) -> ClientAuthentication:
    """How a client proves itself.

    What may change is checked again at each request. A function is not called here.

    Args:
        client_id: As registered.
        client_auth: The method.
        client_secret: For ``basic`` and ``post``.
        private_key: For ``private_key_jwt``.
        private_key_password: Of an encrypted key.
        certificate: Of the key.
        key_id: ``kid`` of the key.
        signing_algorithm: One that fits the key.
        assertion_audience: ``aud`` of assertions; default: the endpoint.
        client_assertion_file: An assertion that a platform issues, for ``private_key_jwt`` in place
            of a key.

    Raises:
        ConfigurationError: names the parameter and shows a valid value. It never shows a secret.
    """
    name = checked_text("client_id", client_id, NAME, expected="text", example='"orders-client"')
    key = _Key(private_key, private_key_password, certificate, key_id, signing_algorithm, assertion_audience)
    has_others = key.is_given or client_assertion_file is not None
    if client_auth in ("basic", "post"):
        if has_others:
            problem = f"{client_auth!r} sends a secret, and a key or an assertion was given"
            raise ConfigurationError("client_auth", problem, example='"private_key_jwt"')
        return (Basic if client_auth == "basic" else Post)(name, _secret(client_secret))
    if client_auth == "tls_client_auth":
        if has_others or client_secret is not None:
            problem = "'tls_client_auth' takes neither secret nor key: put the certificate into transport="
            raise ConfigurationError("client_auth", problem, example='"private_key_jwt" or "basic"')
        return TlsClientAuth(name)
    if client_auth != "private_key_jwt":
        example = " or ".join(f'"{method}"' for method in get_args(ClientAuth))
        raise ConfigurationError("client_auth", f"got {client_auth!r}", example=example)
    if client_assertion_file is not None:
        return FederatedAssertion(name, _assertion(client_assertion_file, alone=not key.is_given and client_secret is None))
    if client_secret is not None or key.private_key is None:
        problem = "'private_key_jwt' requires it or client_assertion_file, and takes no client_secret"
        raise ConfigurationError("private_key", problem, example="the PEM of the client's key")
    return PrivateKeyJwt(name, key.loader(key.private_key), key.checked_audience())


class _Key(NamedTuple):
    """What concerns a key that signs assertions."""

    private_key: Secret | None
    password: Secret | None
    certificate: Secret | None
    key_id: str | None
    algorithm: str | None
    audience: str | None

    @property
    def is_given(self) -> bool:
        """Whether any of it was given."""
        return any(option is not None for option in self)

    def loader(self, private_key: Secret) -> Callable[[], AssertionKey]:
        """Reads the key now, to check it, and never again where it cannot change."""
        load = partial(
            load_assertion_key,
            private_key,
            password=self.password,
            certificate=self.certificate,
            key_id=self.key_id,
            algorithm=self.algorithm,
        )
        given = [source for source in (private_key, self.password, self.certificate) if source is not None]
        if any(source.is_function for source in given):
            return load
        key = load()
        return load if any(source.may_change for source in given) else lambda: key

    def checked_audience(self) -> str:
        """``aud`` of assertions; empty: the endpoint."""
        if self.audience is None:
            return ""
        example = '"https://issuer.example"'
        return checked_text("assertion_audience", self.audience, NAME, expected="text", example=example)


def _secret(secret: Secret | None) -> Secret:
    if secret is None:
        raise ConfigurationError("client_secret", "it is missing", example='os.environ["CLIENT_SECRET"]')
    if not secret.is_function:
        present_secret(secret)
    return secret


def _assertion(assertion: Secret, *, alone: bool) -> Secret:
    if not alone:
        problem = "it replaces client_secret and private_key, and one of them was given, too"
        raise ConfigurationError("client_assertion_file", problem, example="client_secret=None, private_key=None")
    present_assertion(assertion)
    return assertion

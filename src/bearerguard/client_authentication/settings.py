"""From settings, as a user gives them, to one checked way for the client to prove itself."""

from collections.abc import Callable, Collection
from functools import partial
from typing import Final, TypedDict, get_args

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
        client_assertion_file: An assertion that a platform issues, for ``private_key_jwt`` in place of a
            key.

    Raises:
        ConfigurationError: names the parameter and shows a valid value. It never shows a secret.
    """
    name = checked_text("client_id", client_id, NAME, expected="text", example='"orders-client"')
    key_options = (private_key, private_key_password, certificate, key_id, signing_algorithm, assertion_audience)
    has_key_options = any(option is not None for option in key_options)
    if client_auth in ("basic", "post"):
        if has_key_options or client_assertion_file is not None:
            problem = f"{client_auth!r} sends a secret, and a key or an assertion was given"
            raise ConfigurationError("client_auth", problem, example='"private_key_jwt"')
        return (Basic if client_auth == "basic" else Post)(name, _secret(client_secret))
    if client_auth == "tls_client_auth":
        if has_key_options or client_secret is not None or client_assertion_file is not None:
            problem = "'tls_client_auth' takes neither secret nor key: the certificate belongs into transport="
            raise ConfigurationError("client_auth", problem, example='"private_key_jwt" or "basic"')
        return TlsClientAuth(name)
    if client_auth != "private_key_jwt":
        example = " or ".join(f'"{method}"' for method in get_args(ClientAuth))
        raise ConfigurationError("client_auth", f"got {client_auth!r}", example=example)
    if client_assertion_file is not None:
        return FederatedAssertion(name, _assertion(client_assertion_file, alone=not has_key_options and client_secret is None))
    if client_secret is not None or private_key is None:
        problem = "'private_key_jwt' needs it, or client_assertion_file, and no client_secret"
        raise ConfigurationError("private_key", problem, example="the PEM of the client's key")
    load = partial(
        load_assertion_key,
        private_key,
        password=private_key_password,
        certificate=certificate,
        key_id=key_id,
        algorithm=signing_algorithm,
    )
    audience = ""
    if assertion_audience is not None:
        example = '"https://issuer.example"'
        audience = checked_text("assertion_audience", assertion_audience, NAME, expected="text", example=example)
    return PrivateKeyJwt(name, _key(load, [private_key, private_key_password, certificate]), audience)


def _secret(secret: Secret | None) -> Secret:
    if secret is None:
        raise ConfigurationError("client_secret", "it is missing", example='os.environ["CLIENT_SECRET"]')
    if not secret.is_function:
        present_secret(secret)
    return secret


def _assertion(assertion: Secret, *, alone: bool) -> Secret:
    if not alone:
        problem = "it is the client's proof by itself, and a secret or a key was given, too"
        raise ConfigurationError("client_assertion_file", problem, example="client_secret=None, private_key=None")
    if not assertion.is_function:
        present_assertion(assertion)
    return assertion


def _key(load: Callable[[], AssertionKey], sources: Collection[Secret | None]) -> Callable[[], AssertionKey]:
    """Reads a key now, to check it, and never again where it cannot change."""
    given = [source for source in sources if source is not None]
    if any(source.is_function for source in given):
        return load
    key = load()
    return load if any(source.may_change for source in given) else lambda: key

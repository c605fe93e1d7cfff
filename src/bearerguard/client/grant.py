"""What is asked for, from whom, and as which client: settings, checked once (RFC 6749 §4.4)."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, TypedDict, get_args

from bearerguard.checks import SCOPE_TOKEN, url_problem
from bearerguard.client.client_assertion import AssertionKey, load_assertion_key
from bearerguard.client.secret import Hidden, Secret, Unseen, unseen
from bearerguard.errors import ConfigurationError

ClientAuth: TypeAlias = Literal["basic", "post", "private_key_jwt"]

_ENDPOINT: Final = '"https://issuer.example/oauth2/token"'
_TEXT: Final = re.compile(r"[^\x00-\x1f\x7f]+")


class GrantOptions(TypedDict, total=False):
    """The settings of :class:`~bearerguard.client.ClientCredentials` that make up the token request."""

    token_endpoint: str
    client_id: str
    client_secret: Hidden
    client_auth: ClientAuth
    private_key: Hidden
    private_key_password: Hidden
    certificate: Hidden
    key_id: str | None
    signing_algorithm: str | None
    assertion_audience: str | None
    scope: str | Collection[str] | None
    audience: str | None
    resource: str | Collection[str] | None


@dataclass(frozen=True, slots=True)
class Grant:
    """Checked settings of a token request.

    Attributes:
        token_endpoint: Absolute URL.
        client_id: As registered.
        client_auth: How the client proves itself.
        credential: Its secret, or the key that signs its assertions.
        assertion_audience: ``aud`` of assertions.
        scope: Space-delimited, or empty.
        audience: For servers such as Auth0, or empty.
        resources: Resource indicators of RFC 8707.
    """

    token_endpoint: str
    client_id: str
    client_auth: ClientAuth
    credential: Secret | AssertionKey
    assertion_audience: str
    scope: str
    audience: str
    resources: tuple[str, ...]


def checked_grant(
    *,
    token_endpoint: str,
    client_id: str,
    client_secret: Hidden = None,
    client_auth: ClientAuth = "basic",
    private_key: Hidden = None,
    private_key_password: Hidden = None,
    certificate: Hidden = None,
    key_id: str | None = None,
    signing_algorithm: str | None = None,
    assertion_audience: str | None = None,
    scope: str | Collection[str] | None = None,
    audience: str | None = None,
    resource: str | Collection[str] | None = None,
    allow_http: bool = False,
) -> Grant:
    """Settings as a user gives them, checked; see :class:`~bearerguard.client.ClientCredentials` for what each means.

    Raises:
        ConfigurationError: names the parameter and shows a valid value. It never shows a secret.
    """
    client_secret, private_key = unseen(client_secret), unseen(private_key)
    private_key_password, certificate = unseen(private_key_password), unseen(certificate)
    problem = url_problem(token_endpoint, allow_http=allow_http)
    if problem or "#" in token_endpoint:  # RFC 6749 §3.2: no fragment
        problem = problem or "expected a URL without fragment"
        raise ConfigurationError("token_endpoint", problem, example=_ENDPOINT)  # not shown: it may hold a password
    if client_auth not in get_args(ClientAuth):
        raise ConfigurationError("client_auth", f"got {client_auth!r}", example='"basic", "post" or "private_key_jwt"')
    key_options = (private_key_password, certificate, key_id, signing_algorithm, assertion_audience)
    credential: Secret | AssertionKey
    if client_auth == "private_key_jwt":
        if client_secret is not None or private_key is None:
            raise ConfigurationError(
                "private_key", "private_key_jwt needs it, and no client_secret", example="the PEM of the client's key"
            )
        credential = load_assertion_key(
            private_key, password=private_key_password, certificate=certificate, key_id=key_id, algorithm=signing_algorithm
        )
    else:
        if private_key is not None or any(option is not None for option in key_options):
            raise ConfigurationError(
                "client_auth", f"{client_auth!r} sends a secret, and a key was given", example='"private_key_jwt"'
            )
        credential = _secret(client_secret)
    return Grant(
        token_endpoint,
        _text("client_id", client_id, '"orders-client"'),
        client_auth,
        credential,
        token_endpoint
        if assertion_audience is None
        else _text("assertion_audience", assertion_audience, '"https://issuer.example"'),
        _scope(scope),
        "" if audience is None else _text("audience", audience, '"https://orders.example"'),
        () if resource is None else tuple(_text("resource", name, '"api://orders"') for name in _several(resource)),
    )


def _secret(given: Unseen | None) -> Secret:
    if given is not None and isinstance(given.value, str) and _TEXT.fullmatch(given.value):
        return Secret(given.value)
    problem = "it is missing" if given is None else "expected text without control characters (a line break at its end?)"
    raise ConfigurationError("client_secret", problem, example='os.environ["CLIENT_SECRET"]')


def _text(parameter: str, value: object, example: str) -> str:
    if isinstance(value, str) and _TEXT.fullmatch(value) and value == value.strip():
        return value
    raise ConfigurationError(parameter, f"expected text, got {value!r}", example=example)


def _scope(value: str | Collection[str] | None) -> str:
    if value is None:
        return ""
    text = " ".join(_several(value))
    if all(SCOPE_TOKEN.fullmatch(name) for name in text.split(" ")):
        return text
    raise ConfigurationError(
        "scope", f"expected names with one space between them, got {value!r}", example='"api://orders/.default"'
    )


def _several(value: str | Collection[str]) -> list[str]:
    return [value] if isinstance(value, str) else [str(name) for name in value]

"""What is asked for, from whom, and as which client: settings, checked once (RFC 6749 §4.4)."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final, Unpack

from bearerguard.checks import SCOPE_TOKEN, checked_text, url_problem
from bearerguard.client_authentication.method import ClientAuthentication
from bearerguard.client_authentication.settings import NAME, Credential, checked_authentication
from bearerguard.errors import ConfigurationError

_ENDPOINT: Final = '"https://issuer.example/oauth2/token"'
_SCOPE: Final = re.compile(rf"{SCOPE_TOKEN.pattern}(?: {SCOPE_TOKEN.pattern})*")  # RFC 6749 §3.3


class TokenOptions(Credential, total=False):
    """The settings that make up the token request; secrets are sealed."""

    token_endpoint: str
    client_id: str
    scope: str | Collection[str] | None
    audience: str | None
    resource: str | Collection[str] | None


@dataclass(frozen=True, slots=True)
class TokenSettings:
    """Checked settings of a token request.

    Attributes:
        token_endpoint: Absolute URL.
        authentication: How the client proves itself.
        scope: Space-delimited, or empty.
        audience: For servers such as Auth0, or empty.
        resources: Resource indicators of RFC 8707.
    """

    token_endpoint: str
    authentication: ClientAuthentication
    scope: str
    audience: str
    resources: tuple[str, ...]


def checked_settings(
    *,
    token_endpoint: str,
    client_id: str,
    scope: str | Collection[str] | None = None,
    audience: str | None = None,
    resource: str | Collection[str] | None = None,
    allow_http: bool = False,
    **credential: Unpack[Credential],
) -> TokenSettings:
    """Settings as a user gives them, checked; ``ClientCredentials`` documents each.

    Raises:
        ConfigurationError: names the parameter and shows a valid value. It never shows a secret.
    """
    problem = url_problem(token_endpoint, allow_http=allow_http)
    if problem or "#" in token_endpoint:  # RFC 6749 §3.2: no fragment
        problem = problem or "expected a URL without fragment"
        # the URL is not shown: it may hold a password
        raise ConfigurationError("token_endpoint", problem, example=_ENDPOINT)
    return TokenSettings(
        token_endpoint,
        checked_authentication(client_id, **credential),
        _scope(scope),
        "" if audience is None else _name("audience", audience, '"https://orders.example"'),
        () if resource is None else tuple(_name("resource", name, '"api://orders"') for name in _several(resource)),
    )


def _name(parameter: str, value: object, example: str) -> str:
    return checked_text(parameter, value, NAME, expected="text", example=example)


def _scope(value: str | Collection[str] | None) -> str:
    if value is None:
        return ""
    text = " ".join(_several(value))
    if _SCOPE.fullmatch(text):
        return text
    raise ConfigurationError(
        "scope", f"expected names with one space between them, got {value!r}", example='"api://orders/.default"'
    )


def _several(value: str | Collection[str]) -> list[str]:
    return [value] if isinstance(value, str) else [str(name) for name in value]

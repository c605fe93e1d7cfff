"""Real authorization servers that are asked about opaque tokens: what the tests want of each, in its own words."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Final, Protocol

import httpx

from bearerguard import Introspection, oidc
from issuers.client_key import ClientKey, make_client_key
from issuers.oidc_provider import Launcher, OidcProvider
from issuers.toolkit import Toolkit, running_toolkit

OPAQUE: Final = "api://opaque"
SCOPE: Final = "orders.read"
KEY: Final[ClientKey] = make_client_key("orders-api")
APIS: Final[list[dict[str, Any]]] = [
    {"client_id": "orders-api"},
    {"client_id": "orders-api-post", "token_endpoint_auth_method": "client_secret_post"},
    {
        "client_id": "orders-api-key",
        "token_endpoint_auth_method": "private_key_jwt",
        "token_endpoint_auth_signing_alg": "RS256",
        "jwks": KEY.public_jwks,
    },
]


class AskedServer(Protocol):
    """A running server.

    Attributes:
        token_endpoint: Where ``reader``, with the secret ``reader-secret``, gets tokens.
        metadata_url: Names where it revokes them.
        methods: How an API may prove itself.
    """

    methods: tuple[str, ...]
    token_endpoint: str
    metadata_url: str

    def token(self, *, audience: str | None = OPAQUE) -> str:
        """An opaque token of ``reader`` with the scope ``orders.read``; ``None``: for no API in particular."""
        ...

    def revoke(self, token: str) -> None:
        """Revoke a token as its client does."""
        ...

    def is_active(self, token: str) -> bool:
        """What the server itself says of a token, asked without this library."""
        ...

    def introspection(self, method: str = "basic", **changes: Any) -> Introspection:
        """How the API ``orders-api`` asks, and finds the endpoint in the metadata."""
        ...

    def stopped(self) -> AbstractContextManager[None]:
        """Within the block nobody listens; afterwards the server does again, with the tokens that it knew."""
        ...


class AskedOidcProvider:
    """oidc-provider: answers name issuer, audience and roles."""

    methods: tuple[str, ...] = ("basic", "post", "private_key_jwt")

    def __init__(self, server: OidcProvider) -> None:
        metadata = server.metadata()
        self.token_endpoint: str = metadata["token_endpoint"]
        self.metadata_url = f"{server.origin}/.well-known/openid-configuration"
        self._endpoint: str = metadata["introspection_endpoint"]
        self._server = server

    def token(self, *, audience: str | None = OPAQUE) -> str:
        assert audience is not None  # this server has no token for no API in particular
        return self._server.token("reader", resource=audience, scope=SCOPE)

    def revoke(self, token: str) -> None:
        self._server.revoke("reader", token)

    def is_active(self, token: str) -> bool:
        return _is_active(self._endpoint, token)

    def introspection(self, method: str = "basic", **changes: Any) -> Introspection:
        credentials: dict[str, dict[str, Any]] = {
            "basic": {"client_id": "orders-api", "client_secret": "orders-api-secret"},
            "post": {"client_id": "orders-api-post", "client_secret": "orders-api-post-secret"},
            "private_key_jwt": {  # this server expects its issuer as the audience of assertions
                "client_id": "orders-api-key",
                "private_key": KEY.private_key.decode(),
                "assertion_audience": self._server.origin,
            },
        }
        issuer = oidc(self._server.origin, insecure_allow_http=True)
        settings = {"issuer": issuer, "client_auth": method, "insecure_allow_http": True, **credentials[method]}
        return Introspection(**{**settings, **changes})

    def stopped(self) -> AbstractContextManager[None]:
        return self._server.stopped()


class AskedToolkit:
    """Django OAuth Toolkit: answers name neither issuer nor subject, and an audience only if the client asked for one."""

    methods: tuple[str, ...] = ("basic", "post")

    def __init__(self, server: Toolkit) -> None:
        self.token_endpoint = f"{server.origin}/token/"
        self.metadata_url = f"{server.origin}/.well-known/oauth-authorization-server"
        self._server = server

    def token(self, *, audience: str | None = OPAQUE) -> str:
        form = {"grant_type": "client_credentials", "scope": SCOPE} | ({} if audience is None else {"resource": audience})
        answer = httpx.post(self.token_endpoint, data=form, auth=("reader", "reader-secret"), trust_env=False)
        return str(answer.raise_for_status().json()["access_token"])

    def revoke(self, token: str) -> None:
        endpoint = f"{self._server.origin}/revoke_token/"
        httpx.post(endpoint, data={"token": token}, auth=("reader", "reader-secret"), trust_env=False).raise_for_status()

    def is_active(self, token: str) -> bool:
        return _is_active(f"{self._server.origin}/introspect/", token)

    def introspection(self, method: str = "basic", **changes: Any) -> Introspection:
        issuer = oidc(self._server.origin, discovery="oauth", insecure_allow_http=True)
        settings = {"issuer": issuer, "client_auth": method, "client_id": "orders-api", "client_secret": "orders-api-secret"}
        return Introspection(**{**settings, "insecure_allow_http": True, **changes})

    def stopped(self) -> AbstractContextManager[None]:
        return self._server.stopped()


@contextmanager
def asked_server(name: str, launcher: Launcher, *, lifetime: int = 300) -> Iterator[AskedServer]:
    """Runs ``oidc-provider`` or ``toolkit`` for the length of the block."""
    if name == "toolkit":
        with running_toolkit(launcher.log.with_name("toolkit.log"), lifetime=lifetime) as toolkit:
            yield AskedToolkit(toolkit)
    else:
        with launcher.start(clients=APIS, lifetime=lifetime) as provider:
            yield AskedOidcProvider(provider)


def _is_active(endpoint: str, token: str) -> bool:
    answer = httpx.post(endpoint, data={"token": token}, auth=("orders-api", "orders-api-secret"), trust_env=False)
    return bool(answer.raise_for_status().json()["active"])

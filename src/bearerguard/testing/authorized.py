"""Test clients of an application in the same process; their requests carry a token."""

import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, TypeVar, Unpack

import httpx

from bearerguard.errors import ConfigurationError
from bearerguard.resource_server import ResourceServer
from bearerguard.testing.stand_ins import StandIns
from bearerguard.testing.token_factory import AccessTokens, TokenOptions
from bearerguard.web.middleware import AccessTokenMiddleware
from bearerguard.web.routes import layers, router_of, routes_of, subtree_of

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # Starlette warns where httpx is installed and httpx2 is not
    from starlette.testclient import TestClient

BASE_URL: Final = "http://testserver"
_DEPENDENCY: Final = "bearerguard.fastapi.dependency"  # not imported here: FastAPI is an extra
Request = TypeVar("Request", bound=Any)


class AuthorizedClients:
    """The fixture ``authorized_client``: a ``TestClient`` of Starlette, for sync tests."""

    def __init__(self, tokens: AccessTokens) -> None:
        self._tokens = tokens
        self._clients: list[TestClient] = []

    def __call__(self, app: Any, *, base_url: str = BASE_URL, **options: Unpack[TokenOptions]) -> TestClient:
        """A client of ``app``. As always with a ``TestClient``, ``with`` runs its lifespan.

        Each request gets a token signed at that moment: the client stays authorized when time
        passes or keys change. A request that has an ``Authorization`` header keeps it;
        ``auth=None`` sends none.

        Args:
            app: An ASGI application.
            base_url: Of the requests.
            options: What the tokens say, as in ``access_token``.

        Raises:
            ConfigurationError: no ResourceServer of ``app`` trusts the test's issuer: it would
                refuse every token.
        """
        _check_trust(app, self._tokens.issuers)
        client = TestClient(app, base_url=base_url)
        client.auth = _authorizing(self._tokens, options)
        self._clients.append(client)
        return client

    def close(self) -> None:
        """Close all of them."""
        for client in self._clients:
            client.close()


class AuthorizedAsyncClients:
    """The fixture ``authorized_async_client``: an ``httpx.AsyncClient`` for async tests."""

    def __init__(self, tokens: AccessTokens) -> None:
        self._tokens = tokens

    def __call__(self, app: Any, *, base_url: str = BASE_URL, **options: Unpack[TokenOptions]) -> httpx.AsyncClient:
        """As ``authorized_client``; runs no lifespan and no websocket, and needs no closing."""
        _check_trust(app, self._tokens.issuers)
        client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=base_url)
        client.auth = _authorizing(self._tokens, options)
        return client


def _authorizing(tokens: AccessTokens, options: TokenOptions) -> Callable[[Request], Request]:
    def authorize(request: Request) -> Request:
        if "Authorization" not in request.headers:
            request.headers["Authorization"] = f"Bearer {tokens(**options)}"
        return request

    return authorize


def _check_trust(app: Any, issuers: StandIns) -> None:
    servers = list(_servers_of(app))
    trusted = [record.issuer for server in servers for record in server.issuers]
    trusted += [server.connection.introspection.record.issuer for server in servers if server.connection.introspection]
    if servers and issuers.server not in servers and issuers.main.issuer not in trusted:
        problem = f"the application trusts {', '.join(trusted)}, and the test's issuer is {issuers.main.issuer}"
        raise ConfigurationError("bearerguard_server", problem, example="a fixture that returns the application's ResourceServer")


def _servers_of(app: Any) -> Iterator[ResourceServer]:
    """The resource servers of middlewares and of FastAPI dependencies, where they can be seen."""
    for layer in layers(app):
        if isinstance(layer, AccessTokenMiddleware):
            yield layer.resource_server
        for middleware in getattr(layer, "user_middleware", ()):
            if isinstance(middleware.kwargs.get("resource_server"), ResourceServer):
                yield middleware.kwargs["resource_server"]
    router = router_of(app)
    replaced = getattr(router, "dependency_overrides", {})
    for route in () if router is None else routes_of(router):
        yield from _servers_of(subtree_of(route))
        yield from _servers_of_dependencies(getattr(route, "dependant", None), replaced)


def _servers_of_dependencies(dependant: Any, replaced: Mapping[Any, Any]) -> Iterator[ResourceServer]:
    kind: Any = getattr(sys.modules.get(_DEPENDENCY), "Require", ())
    for dependency in getattr(dependant, "dependencies", ()):
        if dependency.call in replaced:
            continue
        if isinstance(dependency.call, kind) and dependency.call.resource_server is not None:
            yield dependency.call.resource_server
        yield from _servers_of_dependencies(dependency, replaced)

"""The API that the authorization servers' tokens are sent to, and what runs it."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Final

import httpx
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from bearerguard import AccessTokenMiddleware, Issuer, ResourceServer, auth0, entra, keycloak, oidc, requires, role
from bearerguard.clock import Clock, SystemClock
from issuers.oidc_provider import AUDIENCE, TENANT, Launcher, OidcProvider, Shape
from support.certificates import Certificates
from support.servers import Server, serve


@dataclass(frozen=True, slots=True)
class Tokens:
    """One kind of token: the shape its server plays, the issuer's path there, and the issuers an API trusts for it."""

    name: str
    shape: Shape
    path: str
    trusted: Callable[[OidcProvider], Issuer | tuple[Issuer, ...]]

    @property
    def secure(self) -> bool:
        """Whether the preset demands https."""
        return self.shape != "plain"


def _entra(server: OidcProvider) -> tuple[Issuer, ...]:
    return entra(tenant_id=TENANT, authority=server.origin)


PLAIN: Final = Tokens("plain", "plain", "", lambda server: oidc(server.origin, insecure_allow_http=True))
ENTRA_V1: Final = Tokens("entra-v1", "entra", f"/{TENANT}", _entra)
ENTRA_V2: Final = Tokens("entra-v2", "entra", f"/{TENANT}/v2.0", _entra)
AUTH0: Final = Tokens("auth0", "auth0", "", lambda server: auth0("orders.eu.auth0.com", base_url=server.origin))
KEYCLOAK: Final = Tokens("keycloak", "keycloak", "/realms/contoso", lambda server: keycloak(server.origin, "contoso", AUDIENCE))
ALL_TOKENS: Final = (PLAIN, ENTRA_V1, ENTRA_V2, AUTH0, KEYCLOAK)


@requires(role("Read.All"))
async def list_orders(request: Request) -> JSONResponse:
    return JSONResponse({"orders": [1, 2], "client": request.user.client_id})


@requires(role("Write.All"))
def add_order(request: Request) -> JSONResponse:
    return JSONResponse({"id": 3}, status_code=201)


def orders_api(resource_server: ResourceServer, transport: httpx.AsyncBaseTransport) -> Starlette:
    """``GET /orders`` for ``Read.All``, ``POST /orders`` for ``Write.All``; both are closed with the application."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        yield
        await resource_server.aclose()
        await transport.aclose()

    return Starlette(
        routes=[Route("/orders", list_orders), Route("/orders", add_order, methods=["POST"])],
        middleware=[Middleware(AccessTokenMiddleware, resource_server=resource_server)],
        lifespan=lifespan,
    )


@dataclass(frozen=True, slots=True)
class Setting:
    """A running authorization server, and the running API that trusts it."""

    tokens: Tokens
    server: OidcProvider
    api: httpx.Client

    def call(self, method: str, token: str | None) -> httpx.Response:
        """``method /orders`` with ``token``, or without any."""
        return self.api.request(method, "/orders", headers={"Authorization": f"Bearer {token}"} if token else {})


@contextmanager
def running_api(
    tokens: Tokens, server: OidcProvider, certificates: Certificates, *, under: Server = "uvicorn", clock: Clock | None = None
) -> Iterator[Setting]:
    """Runs the API for the length of the block; its keys come from ``server``."""
    transport = httpx.AsyncHTTPTransport(verify=certificates.client_context())
    resource_server = ResourceServer(tokens.trusted(server), AUDIENCE, transport=transport, clock=clock or SystemClock())
    with serve(orders_api(resource_server, transport), server=under) as base_url, httpx.Client(base_url=base_url) as api:
        yield Setting(tokens, server, api)


@contextmanager
def running(
    tokens: Tokens, algorithm: str, launcher: Launcher, certificates: Certificates, *, under: Server = "uvicorn"
) -> Iterator[Setting]:
    """Runs both, the authorization server with keys of ``algorithm``."""
    tls = certificates if tokens.secure else None
    with (
        launcher.start(shape=tokens.shape, algorithm=algorithm, certificates=tls) as server,
        running_api(tokens, server, certificates, under=under) as setting,
    ):
        yield setting

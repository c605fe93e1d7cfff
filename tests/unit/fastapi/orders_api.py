"""The API of the shared table of requests, guarded by dependencies."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, FastAPI, Request, WebSocket
from starlette.middleware import Middleware
from starlette.types import ASGIApp

from bearerguard import AccessTokenMiddleware, Principal, ResourceServer, public, role, scope
from bearerguard.fastapi import CurrentPrincipal, require

Guard = Callable[..., Any]


def _app(guard: Guard, **options: Any) -> FastAPI:
    """At the route, at the router and as a parameter; the body is read by the endpoint itself."""
    app = FastAPI(openapi_url=None, **options)
    router = APIRouter(prefix="/orders", dependencies=[Depends(guard(role("Read.All")))])

    @router.api_route("", methods=["GET", "HEAD"])
    async def list_orders(caller: CurrentPrincipal) -> str:
        return caller.display_name

    @router.websocket("/live")
    async def live(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.close()

    @router.get("/{number:int}")
    def read_order(number: int) -> int:
        return number

    @app.post("/orders", status_code=201, dependencies=[Depends(guard(role("Write.All")))])
    async def create_order(request: Request) -> Any:
        return await request.json()

    @app.get("/reports")
    async def report(caller: Annotated[Principal, Depends(guard(scope("reports.read")))]) -> list[str]:
        return sorted(caller.scopes)

    @app.api_route("/health", methods=["GET", "HEAD"])
    @public
    async def health() -> str:
        return "ok"

    app.include_router(router)
    return app


def behind_middleware(api: ResourceServer) -> ASGIApp:
    """The middleware inside FastAPI."""
    return _app(require, middleware=[Middleware(AccessTokenMiddleware, resource_server=api)])


def inside_middleware(api: ResourceServer) -> ASGIApp:
    """The middleware around the whole of FastAPI."""
    return AccessTokenMiddleware(_app(require), resource_server=api)


def doubly_guarded(api: ResourceServer) -> ASGIApp:
    """Dependencies that could do without the middleware, behind it."""
    guard = Middleware(AccessTokenMiddleware, resource_server=api)
    return _app(lambda requirement: require(requirement, resource_server=api), middleware=[guard])


def alone(api: ResourceServer) -> FastAPI:
    """No middleware at all."""
    return _app(lambda requirement: require(requirement, resource_server=api))


FORMS: Final[Mapping[str, Callable[[ResourceServer], ASGIApp]]] = {
    "require": behind_middleware,
    "require, middleware outside": inside_middleware,
    "require with a resource server, and the middleware": doubly_guarded,
}

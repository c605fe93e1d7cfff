"""The API that the table of requests is sent to, in each form of protection."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp
from starlette.websockets import WebSocket

from bearerguard import AccessTokenMiddleware, PathPolicy, ResourceServer, public, requires, role, scope
from bearerguard.authorization.policy_row import Public

POLICY: Final = PathPolicy(
    {
        "GET /orders": role("Read.All"),
        "GET /orders/{id:int}": role("Read.All"),
        "POST /orders": role("Write.All"),
        "GET /reports": scope("reports.read"),
        "WEBSOCKET /orders/live": role("Read.All"),
        "GET /health": PathPolicy.PUBLIC,
    }
)


async def list_orders(request: Request) -> Response:
    return JSONResponse([])


def read_order(request: Request) -> Response:
    return JSONResponse({"id": request.path_params["id"]})


async def create_order(request: Request) -> Response:
    return JSONResponse(await request.json(), 201)


async def report(request: Request) -> Response:
    return JSONResponse(sorted(request.auth.scopes))


async def health(request: Request) -> Response:
    return JSONResponse("ok")


async def live(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.close()


def _routes(guard: Callable[[Any, str], Any]) -> list[Any]:
    return [
        Route("/orders", guard(list_orders, "GET /orders")),
        Route("/orders", guard(create_order, "POST /orders"), methods=["POST"]),
        WebSocketRoute("/orders/live", guard(live, "WEBSOCKET /orders/live")),
        Route("/orders/{id:int}", guard(read_order, "GET /orders/{id:int}")),
        Route("/reports", guard(report, "GET /reports")),
        Route("/health", guard(health, "GET /health")),
    ]


def _decorated(endpoint: Any, row: str) -> Any:
    requirement = {one.text: one.requirement for one in POLICY.rows}[row]
    return public(_fresh(endpoint)) if isinstance(requirement, Public) else requires(requirement)(endpoint)


def _fresh(endpoint: Any) -> Any:
    async def served(request: Request) -> Response:
        response: Response = await endpoint(request)
        return response

    return served


def decorated(api: ResourceServer) -> ASGIApp:
    """The middleware inside Starlette, a decorator on each endpoint."""
    return Starlette(routes=_routes(_decorated), middleware=[Middleware(AccessTokenMiddleware, resource_server=api)])


def decorated_outside(api: ResourceServer) -> ASGIApp:
    """The middleware around the whole of Starlette."""
    return AccessTokenMiddleware(Starlette(routes=_routes(_decorated)), resource_server=api)


def policy(api: ResourceServer) -> ASGIApp:
    """A table around an application that knows nothing of it."""
    return AccessTokenMiddleware(Starlette(routes=_routes(lambda endpoint, _: endpoint)), resource_server=api, policy=POLICY)


def policy_inside(api: ResourceServer) -> ASGIApp:
    """The same table inside Starlette."""
    guard = Middleware(AccessTokenMiddleware, resource_server=api, policy=POLICY)
    return Starlette(routes=_routes(lambda endpoint, _: endpoint), middleware=[guard])


FORMS: Final[Mapping[str, Callable[[ResourceServer], ASGIApp]]] = {
    "decorators": decorated,
    "decorators, middleware outside": decorated_outside,
    "policy": policy,
    "policy, inside": policy_inside,
}

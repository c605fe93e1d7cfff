"""FastAPI's routes are read without importing FastAPI: included routers, dependencies, its own documentation pages."""

from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Depends, FastAPI, Request, WebSocket
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Host, Mount, Route

from bearerguard import AccessTokenMiddleware, PathPolicy, ResourceServer, audit, public, requires, role
from bearerguard.testing import LocalIssuer
from bearerguard.web.declaration import declare
from support.asgi import Header, call, connect, get, http_scope, lifespan

pytestmark = pytest.mark.anyio

READ, WRITE = role("Read.All"), role("Write.All")


@pytest.fixture
def token(issuer: LocalIssuer) -> list[Header]:
    return [(b"authorization", b"Bearer " + issuer.mint("reader").encode())]


def needs_read(request: Request) -> None:
    """Stands for a dependency that enforces a requirement and says so."""


declare(needs_read, READ)


def nested(inner: Annotated[None, Depends(needs_read)]) -> None:
    """Depends on one that does."""


def _app(api: ResourceServer | None = None, **options: Any) -> FastAPI:
    if api is None:
        return FastAPI(openapi_url=None, **options)
    return FastAPI(openapi_url=None, middleware=[Middleware(AccessTokenMiddleware, resource_server=api)], **options)


def _rows(app: FastAPI) -> list[tuple[str, str, object, str]]:
    return [(",".join(row.methods), row.path, row.access, row.decided_by) for row in audit(app)]


def test_routes_of_included_routers_are_listed_with_their_whole_path() -> None:
    inner, router, app = APIRouter(prefix="/inner"), APIRouter(prefix="/router"), _app()

    @inner.get("/{number}")
    @requires(READ)
    async def read(number: int, request: Request) -> None:
        raise NotImplementedError

    @router.post("")
    async def forgotten() -> None:
        raise NotImplementedError

    @router.websocket("/live")
    @public
    async def live(websocket: WebSocket) -> None:
        raise NotImplementedError

    router.routes.append(Mount("/mount", routes=[Route("/a", requires(READ)(_plain))]))
    router.routes.append(Host("h.test", app=_app()))
    router.include_router(inner)
    app.include_router(router, prefix="/v1")

    assert _rows(app) == [
        ("POST", "/v1/router", None, "nothing"),
        ("WEBSOCKET", "/v1/router/live", PathPolicy.PUBLIC, "endpoint"),
        ("GET,HEAD", "/v1/mount/a", READ, "endpoint"),
        ("GET", "/v1/router/inner/{number}", READ, "endpoint"),
    ]


async def _plain(request: Request) -> Response:
    return PlainTextResponse("served")


def test_what_a_dependency_declares_counts_for_the_route() -> None:
    app = _app()
    router = APIRouter(dependencies=[Depends(needs_read)])

    @app.get("/direct", dependencies=[Depends(needs_read)])
    async def direct() -> None:
        raise NotImplementedError

    @app.get("/nested")
    async def deep(found: Annotated[None, Depends(nested)]) -> None:
        raise NotImplementedError

    @router.get("/router")
    async def by_router() -> None:
        raise NotImplementedError

    @router.get("/both")
    @requires(WRITE)
    async def both(request: Request) -> None:
        raise NotImplementedError

    @app.websocket("/live", dependencies=[Depends(needs_read)])
    async def live(websocket: WebSocket) -> None:
        raise NotImplementedError

    app.include_router(router)

    assert [(path, access) for _, path, access, _ in _rows(app)] == [
        ("/direct", READ),
        ("/nested", READ),
        ("/live", READ),
        ("/router", READ),
        ("/both", WRITE & READ),
    ]


async def test_documentation_pages_are_undeclared_until_listed(api: ResourceServer) -> None:
    """/docs, /redoc and /openapi.json are public only when said so."""
    pages = ["/docs", "/docs/oauth2-redirect", "/redoc", "/openapi.json"]
    app = FastAPI(middleware=[Middleware(AccessTokenMiddleware, resource_server=api)])
    with pytest.raises(ExceptionGroup):
        async with lifespan(app) as sent:
            messages = sent
    assert all(f" {page} " in messages[0]["message"] for page in pages)

    app = FastAPI(middleware=[Middleware(AccessTokenMiddleware, resource_server=api, public=pages)])
    async with lifespan(app) as sent:
        assert (await get(app, "/openapi.json")).status == 200
        assert (await get(app, "/openapi.json/")).status == 401


@pytest.mark.parametrize("prefix", ["", "/v1"])
async def test_included_public_routes_are_open_and_others_are_not(prefix: str, api: ResourceServer, token: list[Header]) -> None:
    app, router = _app(api), APIRouter()

    @router.get("/orders/export")
    @requires(READ)
    async def export(request: Request) -> str:
        return "closed"

    @router.get("/orders/{number}")
    @public
    async def one(number: str) -> str:
        return number

    @router.post("/orders/{number}")
    @requires(READ)
    def change(number: str, request: Request) -> str:
        return "closed"

    app.include_router(router, prefix=prefix)
    async with lifespan(app):
        assert (await get(app, f"{prefix}/orders/7")).body == b'"7"'
        assert (await get(app, f"{prefix}/orders/export")).status == 401
        assert (await call(app, http_scope("POST", f"{prefix}/orders/7"))).status == 401
        assert (await call(app, http_scope("DELETE", f"{prefix}/orders/7"))).status == 401
        assert (await get(app, f"{prefix}/orders/export", token)).body == b'"closed"'
        assert (await call(app, http_scope("POST", f"{prefix}/orders/7", token))).body == b'"closed"'


async def test_a_decorator_refuses_in_a_mounted_fastapi(api: ResourceServer, token: list[Header]) -> None:
    inner, app = _app(), _app(api)

    @inner.get("/a")
    @requires(WRITE)
    async def endpoint(request: Request) -> dict[str, str]:
        raise NotImplementedError

    @inner.websocket("/b")
    @requires(WRITE)
    async def live(websocket: WebSocket) -> None:
        raise NotImplementedError

    app.mount("/inner", inner)

    assert (await get(app, "/inner/a", token)).status == 403
    assert (await get(app, "/inner/a")).status == 401
    assert (await connect(app, "/inner/b", token)).status == 403


async def test_a_guard_stays_on_a_mount_that_a_router_includes(api: ResourceServer, token: list[Header]) -> None:
    app, router = _app(api), APIRouter()
    router.routes.append(requires(WRITE)(Mount("/m", routes=[Route("/a", _plain)])))
    app.include_router(router, prefix="/v1")

    assert (await get(app, "/v1/m/a", token)).status == 403


async def test_a_decorator_above_the_route_is_found_and_told_where_to_go(api: ResourceServer) -> None:
    """The route has the function beneath, which nobody guards."""
    app, router = _app(api), APIRouter()

    @requires(READ)
    @app.get("/a")
    async def endpoint(request: Request) -> None:
        raise NotImplementedError

    @requires(READ)
    @router.post("/b")
    def other(request: Request) -> None:
        raise NotImplementedError

    @app.get("/c")
    async def forgotten(request: Request) -> None:
        raise NotImplementedError

    app.include_router(router)
    with pytest.raises(ExceptionGroup):
        async with lifespan(app) as sent:
            messages = sent
    lines = [line.split() for line in messages[0]["message"].splitlines() if line.startswith("  ")]
    assert {line[1]: "@requires" in line for line in lines} == {"/a": True, "/b": True, "/c": False}
    assert {row.path: bool(row.advice) for row in audit(app)} == {"/a": True, "/b": True, "/c": False}


async def test_a_decorator_at_its_place_is_given_no_advice() -> None:
    app = _app()

    @app.get("/a")
    @requires(READ)
    async def endpoint(request: Request) -> None:
        raise NotImplementedError

    assert [(row.access, row.advice) for row in audit(app)] == [(READ, "")]


async def test_an_order_by_name_may_be_listed_beside_a_number(api: ResourceServer, token: list[Header]) -> None:
    """FastAPI's parameters have no converter: the rows of a policy may treat the paths of one route differently."""
    policy = PathPolicy({"GET /orders/{id:int}": READ, "GET /orders/latest": PathPolicy.PUBLIC})
    app = FastAPI(openapi_url=None, middleware=[Middleware(AccessTokenMiddleware, resource_server=api, policy=policy)])

    @app.get("/orders/{order_id}")
    async def order(order_id: str) -> str:
        return order_id

    assert [(row.access, row.in_part, row.row) for row in audit(app)] == [
        (READ, True, "GET /orders/{id:int}"),
        (None, True, ""),
        (PathPolicy.PUBLIC, True, "GET /orders/latest"),
    ]
    statuses = [[(await get(app, f"/orders/{name}", headers)).status for headers in ([], token)] for name in ("7", "x", "latest")]
    assert statuses == [[401, 200], [401, 403], [200, 200]]


async def closed() -> str:
    return "closed"


@public
async def opened(rest: str) -> str:
    return "opened"


async def test_a_root_path_of_fastapis_own_is_seen_from_outside_as_from_inside(api: ResourceServer) -> None:
    """FastAPI puts its ``root_path`` into the scope behind a middleware around it: ``/api/admin`` is then its ``/admin``."""
    app = _app()
    app.root_path = "/api"
    app.add_api_route("/admin", closed)
    app.add_api_route("/api/{rest}", opened)
    policy = PathPolicy({"/api/{rest}": PathPolicy.PUBLIC, "/admin": WRITE})

    for options in ({"undeclared": "allow"}, {"policy": policy}):
        guarded = AccessTokenMiddleware(app, resource_server=api, **options)
        for target in ("/api/admin", "/admin"):
            assert (await get(guarded, target)).status == 401
        assert (await get(guarded, "/api/api/x")).body == b'"opened"'


async def test_a_mounted_fastapi_with_a_root_path_is_asked_as_it_will_be(api: ResourceServer) -> None:
    inner, app = _app(), _app(api)
    inner.root_path = "/elsewhere"
    inner.add_api_route("/m/a", closed, dependencies=[Depends(needs_read)])
    inner.add_api_route("/a", public(_open))
    app.mount("/m", inner)

    assert (await get(app, "/m/a")).status == 401
    assert (await get(app, "/elsewhere/a")).status == 401


async def _open() -> str:
    return "opened"

"""What nobody has judged is not served, in FastAPI: files of ``app.frontend``, open dependencies, two resource servers, HEAD."""

import json
from pathlib import Path
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Depends, FastAPI, Request
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from bearerguard import (
    AccessTokenMiddleware,
    ConfigurationError,
    Issuer,
    ResourceServer,
    audit,
    optional,
    public,
    requires,
    role,
)
from bearerguard.fastapi import OptionalPrincipal, document_security, optional_principal, require
from bearerguard.testing import LocalIssuer
from bearerguard.web.routes import routes_beneath, serving
from support.asgi import Header, call, get, http_scope

pytestmark = pytest.mark.anyio

READ, ADMIN = role("Read.All"), role("Admin.All")


async def served() -> str:
    return "served"


def guarded(api: ResourceServer, **options: Any) -> FastAPI:
    return FastAPI(openapi_url=None, middleware=[Middleware(AccessTokenMiddleware, resource_server=api)], **options)


@pytest.fixture
def site(tmp_path: Path) -> str:
    (tmp_path / "index.html").write_text("home")
    return str(tmp_path)


@pytest.mark.parametrize("place", ["application", "router", "mount"])
async def test_a_public_route_is_public_as_long_as_it_serves_the_same(place: str, api: ResourceServer) -> None:
    """The router of FastAPI serves an included route by an object of its own."""
    app, router, inner = guarded(api), APIRouter(prefix="/r"), FastAPI(openapi_url=None)

    @public
    async def opened() -> str:
        return "served"

    {"application": app, "router": router, "mount": inner}[place].get("/a")(opened)  # type: ignore[attr-defined]
    app.include_router(router)
    app.mount("/m", inner)
    target = {"application": "/a", "router": "/r/a", "mount": "/m/a"}[place]
    assert (await get(app, target)).status == 200

    (route,) = routes_beneath(app)
    serving(route).app = PlainTextResponse("another")

    assert (await get(app, target)).status == 401


@pytest.fixture
def noroles(issuer: LocalIssuer) -> list[Header]:
    return [(b"authorization", b"Bearer " + issuer.mint("noroles").encode())]


# --- app.frontend


@pytest.mark.parametrize("path", ["/", "/site"])
@pytest.mark.parametrize("place", ["application", "router", "mount"])
async def test_files_of_a_frontend_are_named_at_the_start(path: str, place: str, site: str, api: ResourceServer) -> None:
    app, router, inner = guarded(api), APIRouter(prefix="/r"), FastAPI(openapi_url=None)
    owner: Any = {"application": app, "router": router, "mount": inner}[place]
    owner.frontend(path, directory=site)
    app.include_router(router)
    app.mount("/m", inner)

    with pytest.raises(ConfigurationError, match="frontend"):
        await get(app, "/index.html")


@pytest.mark.parametrize(
    ("path", "rows"),
    [("/", ["/{path:path}"]), ("/site", ["/site", "/site/{path:path}"]), ("/site/", ["/site", "/site/{path:path}"])],
)
def test_the_audit_lists_the_paths_of_a_frontend(path: str, rows: list[str], site: str, api: ResourceServer) -> None:
    app = guarded(api)
    app.frontend(path, directory=site)
    assert [row.path for row in audit(app) if "FrontendStaticFiles" in row.endpoint] == rows


@pytest.mark.parametrize("path", ["/", "/site"])
async def test_a_frontend_with_a_requirement_is_guarded(
    path: str, site: str, api: ResourceServer, reader: list[Header], noroles: list[Header]
) -> None:
    app, prefix = guarded(api, dependencies=[Depends(require(READ))]), path.rstrip("/")
    app.frontend(path, directory=site)

    for target in (f"{prefix}/", f"{prefix}/index.html"):
        assert [(await get(app, target, token)).status for token in (reader, noroles, [])] == [200, 403, 401]
    assert {row.access for row in audit(app) if "FrontendStaticFiles" in row.endpoint} == {READ}


async def test_a_frontend_may_be_listed_as_public(site: str, api: ResourceServer) -> None:
    app = FastAPI(openapi_url=None)
    app.frontend("/site", directory=site)
    app.add_api_route("/a", served, dependencies=[Depends(require(READ))])
    wrapped = AccessTokenMiddleware(app, resource_server=api, public=["/site", "/site/{path:path}"])

    assert (await get(wrapped, "/site/index.html")).body == b"home"
    assert (await get(wrapped, "/a")).status == 401


async def test_a_frontend_that_comes_late_is_judged_first(site: str, api: ResourceServer, noroles: list[Header]) -> None:
    app = guarded(api)
    app.add_api_route("/a", served, dependencies=[Depends(require(READ))])
    assert (await get(app, "/a")).status == 401

    app.frontend("/", directory=site)

    with pytest.raises(ConfigurationError):
        await get(app, "/index.html", noroles)


# --- what comes late, in routers


async def test_a_route_may_not_take_the_place_of_one_that_is_equal_but_for_its_dependencies(
    api: ResourceServer, noroles: list[Header]
) -> None:
    """Routes of FastAPI are equal if path, methods and endpoint are."""
    app, other = guarded(api), APIRouter()
    app.add_api_route("/a", served, dependencies=[Depends(require(READ))])
    other.add_api_route("/a", served)
    assert (await get(app, "/a", noroles)).status == 403

    app.router.routes[0] = other.routes[0]

    with pytest.raises(ConfigurationError):
        await get(app, "/a", noroles)


async def test_a_route_of_an_included_router_may_not_come_late(api: ResourceServer, noroles: list[Header]) -> None:
    app, outer, inner = guarded(api), APIRouter(), APIRouter()
    inner.add_api_route("/a", served, dependencies=[Depends(require(READ))])
    outer.include_router(inner)
    app.include_router(outer)
    assert (await get(app, "/a")).status == 401

    inner.add_api_route("/late", served)

    with pytest.raises(ConfigurationError):
        await get(app, "/late", noroles)


# --- dependencies that are open


@pytest.mark.parametrize("access", [public, optional])
@pytest.mark.parametrize("deep", [False, True])
async def test_an_open_dependency_opens_no_route(access: Any, deep: bool, api: ResourceServer) -> None:
    """It says of itself that it needs no token: nothing of the routes that happen to use it."""

    async def settings() -> None:
        raise NotImplementedError

    access(settings)

    async def outer(_settings: Annotated[None, Depends(settings)]) -> None:
        raise NotImplementedError

    app = guarded(api)
    app.add_api_route("/a", served, dependencies=[Depends(outer if deep else settings)])

    assert [row.decided_by for row in audit(app)] == ["nothing"]
    with pytest.raises(ConfigurationError):
        await get(app, "/a")


async def test_a_dependency_that_asks_for_an_optional_caller_opens_no_route(api: ResourceServer) -> None:
    app = guarded(api)
    app.add_api_route("/a", served, dependencies=[Depends(optional_principal)])

    assert [row.decided_by for row in audit(app)] == ["nothing"]


async def test_an_optional_caller_is_none_or_verified(api: ResourceServer, reader: list[Header]) -> None:
    app = FastAPI(docs_url=None, redoc_url=None)
    app.add_middleware(AccessTokenMiddleware, resource_server=api, public="/openapi.json")

    @app.get("/feed")
    @optional
    async def feed(caller: OptionalPrincipal) -> str:
        return "nobody" if caller is None else caller.display_name

    @app.get("/open")
    @public
    async def opened(caller: OptionalPrincipal) -> str:
        return "nobody" if caller is None else caller.display_name

    document_security(app, api, token_url="https://issuer.example/token")
    for target in ("/feed", "/open"):
        assert (await get(app, target)).body == b'"nobody"'
        assert (await get(app, target, reader)).body == b'"reader"'
        assert (await get(app, target, [(b"authorization", b"Bearer x.y.z")])).status == 401
    assert app.openapi()["paths"]["/feed"]["get"]["security"] == [{"accessToken": []}, {"accessTokenByClientCredentials": []}, {}]


async def test_an_optional_caller_needs_a_middleware() -> None:
    app = FastAPI()
    app.add_api_route("/a", served, dependencies=[Depends(optional_principal)])

    with pytest.raises(ConfigurationError):
        await get(app, "/a")


# --- two resource servers


@pytest.fixture
def elsewhere() -> LocalIssuer:
    return LocalIssuer("https://elsewhere.test")


@pytest.mark.parametrize("order", [1, -1], ids=["middleware first", "other first"])
async def test_a_plain_requirement_is_judged_on_the_principal_of_the_middleware(
    order: int, issuer: LocalIssuer, elsewhere: LocalIssuer, api: ResourceServer
) -> None:
    """Whoever is an administrator for another resource server is none here."""
    trusted = [Issuer(one.issuer, jwks=one.jwks()) for one in (issuer, elsewhere)]
    other = ResourceServer(trusted, "api://orders", implied_roles={"Read.All": ["Admin.All"]})
    guards = [Depends(require(ADMIN)), Depends(require(ADMIN, resource_server=other))]
    app = guarded(api)
    app.add_api_route("/a", served, dependencies=guards[::order])
    app.add_api_route("/b", served, dependencies=[guards[1], Depends(require(READ))])

    async def status(target: str, *roles: str) -> int:
        token = issuer.mint("reader", roles=list(roles)).encode()
        return (await get(app, target, [(b"authorization", b"Bearer " + token)])).status

    assert await status("/a", "Read.All") == 403
    assert await status("/a", "Admin.All") == 200
    assert await status("/b", "Read.All") == 200
    assert await status("/b", "Admin.All") == 403


async def test_the_other_resource_server_refuses_in_its_own_words(
    issuer: LocalIssuer, api: ResourceServer, reader: list[Header]
) -> None:
    other = ResourceServer(Issuer(issuer.issuer, jwks=issuer.jwks()), "api://orders")
    app = guarded(api)
    app.add_api_route("/a", served, dependencies=[Depends(require(ADMIN, resource_server=other, realm="other"))])
    app.add_api_route("/b", served, dependencies=[Depends(require(ADMIN))])

    assert 'realm="other"' in (await get(app, "/a", reader)).headers["www-authenticate"]
    assert 'realm="api"' in (await get(app, "/b", reader)).headers["www-authenticate"]


async def test_the_user_of_the_request_stays_the_middlewares(
    issuer: LocalIssuer, api: ResourceServer, reader: list[Header]
) -> None:
    other = ResourceServer(Issuer(issuer.issuer, jwks=issuer.jwks()), "api://orders", implied_roles={"Read.All": ["Admin.All"]})
    app = guarded(api)

    @app.get("/a", dependencies=[Depends(require(ADMIN, resource_server=other))])
    async def endpoint(request: Request) -> list[str]:
        return sorted(request.user.roles)

    assert json.loads((await get(app, "/a", reader)).body) == ["Read.All"]


# --- HEAD


@pytest.mark.parametrize("place", ["top", "router", "mount"])
async def test_head_of_a_public_get_is_405_as_without_the_guard(place: str, api: ResourceServer) -> None:
    """FastAPI's GET takes no HEAD: whether it does says nothing that GET does not."""
    app, router, inner = guarded(api), APIRouter(), FastAPI(openapi_url=None)
    target: Any = {"top": app, "router": router, "mount": inner}[place]

    async def endpoint() -> str:
        raise NotImplementedError

    target.add_api_route("/a", public(endpoint))
    target.add_api_route("/closed", served, dependencies=[Depends(require(READ))])
    app.include_router(router)
    app.mount("/m", inner)
    prefix = "/m" if place == "mount" else ""

    assert (await call(app, http_scope("HEAD", f"{prefix}/a"))).status == 405
    assert (await call(app, http_scope("HEAD", f"{prefix}/closed"))).status == 401
    assert (await call(app, http_scope("POST", f"{prefix}/a"))).status == 401


async def test_head_that_another_route_takes_is_that_routes(api: ResourceServer, tmp_path: Path) -> None:
    app = guarded(api)

    @app.get("/a")
    @public
    async def endpoint() -> str:
        raise NotImplementedError

    app.router.routes.append(Route("/a", requires(READ)(_starlette), methods=["HEAD"]))
    app.router.routes.append(requires(READ)(Mount("/", app=StaticFiles(directory=tmp_path))))

    assert (await call(app, http_scope("HEAD", "/a"))).status == 401


async def _starlette(request: Request) -> Any:
    raise NotImplementedError

"""Paths that were once judged as one resource and served as another, each as it was found."""

import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from bearerguard import AccessTokenMiddleware, PathPolicy, ResourceServer, authenticated, public, requires, role
from bearerguard.testing import LocalIssuer
from frameworks.connection import exchange
from frameworks.small_apps import APPS, SECRET
from support.asgi import Answer, Header, http_scope, websocket_scope

Needed: TypeAlias = Callable[[str], Any]

pytestmark = [pytest.mark.anyio, pytest.mark.frameworks]

PUBLIC = PathPolicy.PUBLIC
ADMIN = role("Admin")


@pytest.fixture(scope="module")
def noroles(issuer: LocalIssuer) -> list[Header]:
    return [(b"authorization", b"Bearer " + issuer.mint("noroles").encode())]


@pytest.fixture(scope="module")
def admin(issuer: LocalIssuer) -> list[Header]:
    return [(b"authorization", b"Bearer " + issuer.mint("noroles", roles=["Admin"]).encode())]


@pytest.fixture
def payroll(tmp_path: Path) -> Path:
    (tmp_path / "payroll.csv").write_text(SECRET)
    (tmp_path / "secret.txt").write_text(SECRET)
    return tmp_path


def _refused(answer: Answer, *statuses: int) -> None:
    assert SECRET.encode() not in answer.body
    assert answer.status in (statuses or (401, 403))


async def mirror(scope: Scope, receive: Receive, send: Send) -> None:
    """An application of which nothing is known: tells the path that it sees."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.accept"})
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": scope["path"].encode()})


@pytest.mark.parametrize("outer", ["starlette", "fastapi"])
@pytest.mark.parametrize("target", ["payroll.csv/", "payroll.csv//", "/payroll.csv", "payroll.csv%5C", "payroll.csv/%5C"])
async def test_a_file_has_no_second_name(outer: str, target: str, payroll: Path, api: ResourceServer, needed: Needed) -> None:
    app = getattr(needed(f"{outer}.applications"), {"starlette": "Starlette", "fastapi": "FastAPI"}[outer])()
    app.router.routes.append(Mount("/files", StaticFiles(directory=payroll)))
    policy = PathPolicy({"GET /files/{name}": ADMIN, "GET /files/{folder}/{rest:path}": PUBLIC})

    _refused(
        await exchange(AccessTokenMiddleware(app, resource_server=api, policy=policy), http_scope("GET", f"/files/{target}"))
    )


@pytest.mark.parametrize("inner", ["blacksheep", "litestar", "quart", "django"])
async def test_a_mounted_framework_serves_what_was_judged(inner: str, api: ResourceServer, needed: Needed) -> None:
    needed(inner)
    app = Starlette(routes=[Mount("/m", APPS[inner]())])
    policy = PathPolicy({"/m/files/{name}": ADMIN, "/m/files/{name}/public": PUBLIC})
    guarded = AccessTokenMiddleware(app, resource_server=api, policy=policy)

    answer = await exchange(guarded, http_scope("GET", "/m/files/payroll%2Fpublic"))
    assert (answer.status, answer.body.strip(b'"')) == (200, b"open")


@pytest.mark.parametrize("inner", ["blacksheep", "litestar"])
async def test_a_trailing_slash_is_no_second_name_in_a_mount(inner: str, api: ResourceServer, needed: Needed) -> None:
    needed(inner)
    app = needed("fastapi").FastAPI()
    app.mount("/m", APPS[inner]())
    policy = PathPolicy({"/m/files": ADMIN, "/m/files/": PUBLIC})

    _refused(await exchange(AccessTokenMiddleware(app, resource_server=api, policy=policy), http_scope("GET", "/m/files/")))


async def test_a_root_path_is_never_cut_out_of_the_middle(api: ResourceServer, needed: Needed) -> None:
    litestar = needed("litestar")

    @litestar.get("/static/{rest:path}")  # type: ignore[untyped-decorator]  # "needed" gives it without types
    async def static(rest: needed("litestar.params").FromPath[str]) -> str:  # type: ignore[valid-type]
        return "open"

    @litestar.get("/admin/secrets")  # type: ignore[untyped-decorator]
    async def secrets() -> str:
        return SECRET

    app = litestar.Litestar([static, secrets], openapi_config=None)
    policy = PathPolicy({"/static/{rest:path}": PUBLIC, "/admin/{rest:path}": ADMIN})
    guarded = AccessTokenMiddleware(app, resource_server=api, policy=policy)

    _refused(await exchange(guarded, http_scope("GET", "/static/api/admin/secrets", root_path="/api")))


@pytest.mark.parametrize("name", ["litestar", "blacksheep", "quart", "django"])
async def test_what_is_public_beneath_a_path_does_not_open_the_path(name: str, api: ResourceServer, needed: Needed) -> None:
    needed(name)
    app = AccessTokenMiddleware(APPS[name](), resource_server=api, public="/files/{rest:path}")

    _refused(await exchange(app, http_scope("GET", "/files/")), 401)


TENANTS = PathPolicy({"/{tenant}/{a}/{b}": authenticated(), "/admin/{x}": ADMIN})


def _with_root_path(fastapi: Any, root_path: str) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # FastAPI has deprecated the option
        app = fastapi.FastAPI(root_path=root_path)

    @app.get("/admin/users")  # type: ignore[untyped-decorator]
    async def users() -> str:
        return SECRET

    return app


async def test_a_prefix_that_a_mounted_fastapi_takes_off_is_read(
    api: ResourceServer, noroles: list[Header], admin: list[Header], needed: Needed
) -> None:
    app = Starlette(routes=[Mount("/", _with_root_path(needed("fastapi"), "/api"))])
    guarded = AccessTokenMiddleware(app, resource_server=api, policy=TENANTS)

    _refused(await exchange(guarded, http_scope("GET", "/api/admin/users", noroles)), 403)
    assert (await exchange(guarded, http_scope("GET", "/admin/users", admin))).status == 200


async def test_a_prefix_that_a_wrapper_hides_is_given_to_the_middleware(
    api: ResourceServer, noroles: list[Header], admin: list[Header], needed: Needed
) -> None:
    inner = _with_root_path(needed("fastapi"), "/api")

    async def wrapper(scope: Scope, receive: Receive, send: Send) -> None:
        await inner(scope, receive, send)

    guarded = AccessTokenMiddleware(wrapper, resource_server=api, policy=TENANTS, root_path="/api")

    _refused(await exchange(guarded, http_scope("GET", "/api/admin/users", noroles)), 403)
    assert (await exchange(guarded, http_scope("GET", "/api/admin/users", admin))).status == 200
    assert (await exchange(guarded, http_scope("GET", "/admin/users", admin))).status == 200


@pytest.fixture
def django_beneath_api(needed: Needed) -> Iterator[Any]:
    needed("django")
    needed("samples.frameworks.django_app")
    from django.core.asgi import get_asgi_application
    from django.http import HttpResponse
    from django.test.utils import override_settings
    from django.urls import path

    async def secret(request: Any, number: int) -> HttpResponse:
        return HttpResponse(SECRET)

    class Urls:
        urlpatterns = (path("admin/<int:number>", secret),)

    with override_settings(FORCE_SCRIPT_NAME="/api", ROOT_URLCONF=Urls):
        yield get_asgi_application()


async def test_a_prefix_that_django_takes_off_is_read(
    api: ResourceServer, noroles: list[Header], admin: list[Header], django_beneath_api: Any
) -> None:
    async def wrapper(scope: Scope, receive: Receive, send: Send) -> None:
        await django_beneath_api(scope, receive, send)

    for app in (django_beneath_api, wrapper, Starlette(routes=[Mount("/", django_beneath_api)])):
        guarded = AccessTokenMiddleware(app, resource_server=api, policy=TENANTS)
        _refused(await exchange(guarded, http_scope("GET", "/api/admin/1", noroles)), 403)

    guarded = AccessTokenMiddleware(django_beneath_api, resource_server=api, policy=TENANTS)
    assert (await exchange(guarded, http_scope("GET", "/api/admin/1", admin))).status == 200


@pytest.mark.parametrize("target", ["/privatesecret.txt", "/private%5Csecret.txt"])
async def test_a_mount_of_litestar_ends_at_a_slash(target: str, payroll: Path, api: ResourceServer, needed: Needed) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Litestar has deprecated it
        config = needed("litestar.static_files").StaticFilesConfig(path="/private", directories=[payroll])
        app = needed("litestar").Litestar(static_files_config=[config], openapi_config=None)
    policy = PathPolicy({"/{page}": PUBLIC, "/private/{rest:path}": ADMIN})

    _refused(await exchange(AccessTokenMiddleware(app, resource_server=api, policy=policy), http_scope("GET", target)))


async def test_a_catch_all_of_blacksheep_begins_at_a_slash(payroll: Path, api: ResourceServer, needed: Needed) -> None:
    blacksheep = needed("blacksheep")
    app = blacksheep.Application(router=blacksheep.Router())
    app.serve_files(payroll, root_path="private", extensions={".txt"})
    policy = PathPolicy({"/{page}": PUBLIC, "/private/{rest:path}": ADMIN})
    guarded = AccessTokenMiddleware(app, resource_server=api, policy=policy)

    _refused(await exchange(guarded, http_scope("GET", "/privatesecret.txt")))


async def test_files_of_blacksheep_are_not_decoded_twice(payroll: Path, api: ResourceServer, needed: Needed) -> None:
    blacksheep = needed("blacksheep")
    (payroll / "folder").mkdir()
    (payroll / "folder" / "secret.txt").write_text(SECRET)
    app = blacksheep.Application(router=blacksheep.Router())
    app.serve_files(payroll, root_path="static", extensions={".txt"})
    policy = PathPolicy({"/static/{name}": PUBLIC, "/static/{folder}/{rest:path}": ADMIN})
    guarded = AccessTokenMiddleware(app, resource_server=api, policy=policy)

    _refused(await exchange(guarded, http_scope("GET", "/static/folder%252Fsecret.txt")))


@pytest.mark.parametrize(
    "target", ["/open/../admin/x", "/open/./x", "/open/%2e%2E/admin/x", "/open/..", "/open/%252e%252e/x", "/open/..%5Cx"]
)
async def test_a_public_mount_is_not_left_by_dots(target: str, api: ResourceServer) -> None:
    app = Starlette(routes=[public(Mount("/open", mirror))])
    guarded = AccessTokenMiddleware(app, resource_server=api)

    for scope in (http_scope("GET", target), websocket_scope(target)):
        assert (await exchange(guarded, scope)).status == 400


@pytest.mark.parametrize("mounted", [False, True])
async def test_the_caller_does_not_choose_where_the_path_begins(mounted: bool, api: ResourceServer) -> None:
    """The header ``Daphne-Root-Path`` becomes ``root_path`` on daphne, whoever sends it."""
    app: ASGIApp = Starlette(routes=[Mount("/", mirror)]) if mounted else mirror
    policy = PathPolicy({"/public/{rest:path}": PUBLIC, "/files/{rest:path}": ADMIN})
    guarded = AccessTokenMiddleware(app, resource_server=api, policy=policy)

    for make in (websocket_scope, lambda target, **more: http_scope("GET", target, **more)):
        answer = await exchange(guarded, make("/files/public/payroll", root_path="/files"))
        assert answer.status == 401


@pytest.mark.parametrize("target", ["/a/{x:int}", "/a/%7Bx:int%7D", "/a/{x}"])
async def test_a_pattern_is_not_a_path_of_its_own(target: str, api: ResourceServer) -> None:
    async def opened(request: Request) -> PlainTextResponse:
        return PlainTextResponse("open")

    async def route(request: Request) -> PlainTextResponse:
        return PlainTextResponse(SECRET)

    guarded = [
        AccessTokenMiddleware(mirror, resource_server=api, policy=PathPolicy({"/a/{x:int}": PUBLIC})),
        AccessTokenMiddleware(mirror, resource_server=api, public="/a/{x:int}"),
        AccessTokenMiddleware(
            Starlette(routes=[Route("/a/{x:int}", public(opened)), Route("/a/{x}", requires(ADMIN)(route))]), resource_server=api
        ),
    ]

    for app in guarded:
        assert (await exchange(app, http_scope("GET", target))).status == 401
        assert (await exchange(app, http_scope("GET", "/a/7"))).status == 200

"""One rule for a path, in every way in which it may be read: with ``policy``, ``public=``, ``@public`` and ``@requires``."""

from pathlib import Path
from typing import Any, Final

import pytest
from starlette.applications import Starlette
from starlette.endpoints import HTTPEndpoint
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Host, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from bearerguard import AccessTokenMiddleware, PathPolicy, ResourceServer, authenticated, public, requires, role
from bearerguard.testing import LocalIssuer
from support.asgi import Header, get

pytestmark = pytest.mark.anyio

PUBLIC = PathPolicy.PUBLIC
ADMIN = role("Admin")


async def mirror(scope: Scope, receive: Receive, send: Send) -> None:
    """Of unknown kind: tells what it sees."""
    await PlainTextResponse(f"{scope['root_path']} {scope['path']}")(scope, receive, send)


async def endpoint(request: Request) -> Response:
    return PlainTextResponse("route")


@pytest.fixture
def token(issuer: LocalIssuer) -> list[Header]:
    return [(b"authorization", b"Bearer " + issuer.mint("reader").encode())]


class Instance:
    """An ASGI application as endpoint."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await mirror(scope, receive, send)


class ByMethods(HTTPEndpoint):
    async def get(self, request: Request) -> Response:
        return PlainTextResponse("route")


async def status(app: ASGIApp, target: str, headers: list[Header] = [], **more: Any) -> int:  # noqa: B006  never changed
    return (await get(app, target, headers, **more)).status


SLASH: Final[dict[str, Any]] = {"/files/{name}": ADMIN, "/files/{name}/": PUBLIC}


@pytest.mark.parametrize(
    "leaf",
    [
        Mount("/files", StaticFiles(directory=".", check_dir=False)),
        Mount("/files", mirror),
        Mount("", mirror),
        Mount("/{m}", mirror),
        Route("/files/{rest:path}", Instance()),
        Mount("", routes=[Mount("/files", mirror)]),
        Host("{any}.test", mirror),
    ],
    ids=["files", "mount", "mount at the root", "mount with a parameter", "instance", "mount in a mount", "host"],
)
async def test_a_slash_opens_nothing_where_an_application_reads_paths_itself(leaf: Any, api: ResourceServer) -> None:
    app = AccessTokenMiddleware(Starlette(routes=[leaf]), resource_server=api, policy=PathPolicy(SLASH))

    for target in ("/files/a/", "/files/a//", "/files//a/", "/files/a%5C/", "/files/%2Fa/"):
        assert await status(app, target) == 401, target


@pytest.mark.parametrize("app", [endpoint, ByMethods], ids=["function", "class"])
async def test_a_route_of_starlette_is_matched_letter_by_letter(app: Any, api: ResourceServer) -> None:
    routes = [Route("/files/{name}", app), Route("/files/{name}/", app), Mount("/elsewhere", mirror)]
    guarded = AccessTokenMiddleware(Starlette(routes=routes), resource_server=api, policy=PathPolicy(SLASH))

    assert await status(guarded, "/files/a/") == 200
    assert await status(guarded, "/files/a") == 401


async def test_what_no_route_takes_may_go_to_an_application_that_reads_paths_itself(api: ResourceServer) -> None:
    inner = Starlette()
    inner.router.default = mirror
    guarded = AccessTokenMiddleware(inner, resource_server=api, policy=PathPolicy(SLASH))

    assert await status(guarded, "/files/a/") == 401


async def test_a_row_with_a_slash_at_its_end_means_it(api: ResourceServer) -> None:
    """Nothing else is said of the path without: what an application serves there is what the row names."""
    app = AccessTokenMiddleware(mirror, resource_server=api, policy=PathPolicy({"/orders/{id}/": PUBLIC, "/": PUBLIC}))

    assert await status(app, "/orders/7/") == 200
    assert await status(app, "/") == 200
    assert await status(app, "/orders/7%2F/") == 401
    assert await status(app, "/orders/7//") == 401


async def test_listed_paths_are_read_in_every_way_too(api: ResourceServer) -> None:
    app = AccessTokenMiddleware(mirror, resource_server=api, public="/files/{rest:path}")

    assert await status(app, "/files/a/") == 200
    assert await status(app, "/files/") == 401
    assert await status(app, "/files/..%5Cx") == 400


UNCLEAR = PathPolicy({"/public/{rest:path}": PUBLIC, "/files/{rest:path}": ADMIN})


@pytest.mark.parametrize("root_path", ["/files", "/files/", "/nowhere", "/public"])
async def test_an_application_of_unknown_kind_may_see_the_root_path(root_path: str, api: ResourceServer) -> None:
    """On daphne a caller sets it: ``Daphne-Root-Path``."""
    for app in (mirror, Starlette(routes=[Mount("/", mirror)]), Starlette(routes=[Mount("/public", mirror)])):
        guarded = AccessTokenMiddleware(app, resource_server=api, policy=UNCLEAR)

        assert await status(guarded, "/public/payroll", root_path=root_path) == 401
        assert await status(guarded, "/public/payroll") == 200


@pytest.mark.parametrize("root_path", ["", "/files", "/api"])
async def test_told_where_paths_begin_the_middleware_asks_no_server(root_path: str, api: ResourceServer) -> None:
    guarded = AccessTokenMiddleware(mirror, resource_server=api, policy=UNCLEAR, root_path="/api")

    answer = await get(guarded, "/api/public/payroll", root_path=root_path)
    assert (answer.status, answer.body) == (200, b"/api /api/public/payroll")
    assert await status(guarded, "/api/files/payroll", root_path=root_path) == 401


async def test_what_starlette_mounts_is_certain_of_its_root_path(api: ResourceServer) -> None:
    inner = AccessTokenMiddleware(mirror, resource_server=api, policy=UNCLEAR)
    outer = Starlette(routes=[Mount("/m", inner)])

    assert await status(outer, "/m/public/x") == 200
    assert await status(outer, "/api/m/public/x", root_path="/api") == 401


async def test_a_guarded_mount_is_not_left_by_a_root_path(api: ResourceServer, token: list[Header]) -> None:
    """What is mounted may hand the whole path on: its guard has judged the mount alone."""
    routes = [
        requires(authenticated())(Mount("/open", mirror)),
        Mount("/admin", requires(ADMIN)(mirror)),
        public(Mount("/p", mirror)),
    ]
    app = AccessTokenMiddleware(Starlette(routes=routes), resource_server=api)

    assert (await get(app, "/open/x", token)).body == b"/open /open/x"
    assert await status(app, "/open/x", token, root_path="/admin") == 403
    assert await status(app, "/admin/open/x", token, root_path="/admin") == 403
    assert await status(app, "/p/x", root_path="/admin") == 401
    assert await status(app, "/p/x", token, root_path="/admin") == 403


async def test_a_refused_reading_is_told_to_the_operator(
    api: ResourceServer, token: list[Header], caplog: pytest.LogCaptureFixture
) -> None:
    app = AccessTokenMiddleware(mirror, resource_server=api, policy=PathPolicy({"/a": authenticated(), "/api/{x}": PUBLIC}))

    with caplog.at_level("INFO", "bearerguard"):
        assert await status(app, "/a", token, root_path="/api") == 403
    assert "which it may be read as" in caplog.text
    assert "root_path=" in caplog.text


async def test_files_are_served_under_their_own_names(api: ResourceServer, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a")
    (tmp_path / "index.html").write_text("index")
    app = Starlette(routes=[Mount("/docs", StaticFiles(directory=tmp_path, html=True))])
    guarded = AccessTokenMiddleware(app, resource_server=api, public="/docs/{rest:path}", undeclared="allow")

    for target in ("/docs/", "/docs/a.txt", "/docs/index.html"):
        assert await status(guarded, target) == 200
        assert await status(guarded, f"/v1{target}", root_path="/v1") == 200

"""What is served where paths have several readings that agree, and what is refused where they differ, by kind of application."""

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Match, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from bearerguard import AccessTokenMiddleware, PathPolicy, ResourceServer, authenticated, public, requires, role
from bearerguard.testing import LocalIssuer
from bearerguard.web.path_reader import PathReader, path_reader
from support.asgi import Header, call, get, http_scope

pytestmark = pytest.mark.anyio

PUBLIC = PathPolicy.PUBLIC
ADMIN = role("Admin")


async def mirror(scope: Scope, receive: Receive, send: Send) -> None:
    """Of unknown kind."""
    await PlainTextResponse("served")(scope, receive, send)


async def endpoint(request: Request) -> Response:
    return PlainTextResponse("served")


@public
async def opened(request: Request) -> Response:
    return PlainTextResponse("served")


class LikeBlackSheep:
    """As far as its paths are read: letters in any case, and no mounts."""

    __module__ = "blacksheep.server.application"
    router = SimpleNamespace(routes={})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await mirror(scope, receive, send)


class LikeLitestar:
    """As far as its paths are read: one mount, which needs no slash behind it."""

    __module__ = "litestar.app"
    mount = SimpleNamespace(is_mount=True, is_static=True)
    routes = (SimpleNamespace(path="/private", route_handler=mount, path_parameters=()),)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await mirror(scope, receive, send)


class LikeDjango:
    """As far as its paths are read: a prefix of its settings is taken off."""

    __module__ = "django.core.handlers.asgi"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await mirror(scope, receive, send)


@pytest.fixture
def token(issuer: LocalIssuer) -> list[Header]:
    return [(b"authorization", b"Bearer " + issuer.mint("reader").encode())]


def files(directory: Path) -> Mount:
    return Mount("/files", StaticFiles(directory=directory))


async def status(app: ASGIApp, target: str, headers: list[Header] = [], **more: Any) -> int:  # noqa: B006  never changed
    return (await get(app, target, headers, **more)).status


def guarded(app: Any, api: ResourceServer, rows: dict[str, Any] | None = None, **more: Any) -> AccessTokenMiddleware:
    return AccessTokenMiddleware(app, resource_server=api, policy=None if rows is None else PathPolicy(rows), **more)


# --- agreeing readings are served


async def test_listed_paths_and_public_routes_open_side_by_side(api: ResourceServer) -> None:
    routes = [Route("/listed", endpoint), Route("/opened", opened), Route("/closed", requires(ADMIN)(endpoint))]
    app = guarded(Starlette(routes=routes), api, public="/listed")

    assert [await status(app, path) for path in ("/listed", "/opened", "/closed")] == [200, 200, 401]


async def test_what_no_route_takes_keeps_the_rule_of_its_path(api: ResourceServer) -> None:
    app = guarded(Starlette(routes=[Route("/a", endpoint), Mount("/m", mirror)]), api, {"/x/{rest:path}": PUBLIC, "/a": ADMIN})

    assert await status(app, "/x/y/") == 404
    assert await status(app, "/a/") == 401


async def test_a_mount_is_served_by_the_whole_path_if_that_leads_to_it_too(api: ResourceServer, token: list[Header]) -> None:
    app = guarded(Starlette(routes=[requires(authenticated())(Mount("/", mirror))]), api)

    assert await status(app, "/x", token, root_path="/api") == 200


async def test_a_policy_that_says_the_same_of_all_readings_is_no_obstacle(api: ResourceServer) -> None:
    app = guarded(Starlette(routes=[Mount("/files", mirror)]), api, {"/{rest:path}": PUBLIC})

    assert await status(app, "/files/a", root_path="/other") == 200


async def test_a_root_path_that_was_in_front_is_looked_for_nowhere_else(api: ResourceServer, tmp_path: Path) -> None:
    app = guarded(Starlette(routes=[files(tmp_path)]), api, {"/files/{rest:path}": PUBLIC, "/x": ADMIN})

    assert await status(app, "/api/files/api/x", root_path="/api") == 404


async def test_a_route_of_starlette_never_sees_the_root_path(api: ResourceServer) -> None:
    rows = {"/public/{rest:path}": PUBLIC, "/files/{rest:path}": ADMIN}
    app = guarded(Starlette(routes=[Route("/public/x", endpoint), Mount("/elsewhere", mirror)]), api, rows)

    assert await status(app, "/public/x", root_path="/files") == 200


async def test_a_token_is_enough_for_a_path_that_is_public_in_one_reading(api: ResourceServer, token: list[Header]) -> None:
    app = guarded(mirror, api, public="/files/{rest:path}")

    assert [await status(app, "/files/"), await status(app, "/files/", token)] == [401, 200]


async def test_a_mount_and_its_slash_are_one_path(api: ResourceServer) -> None:
    app = guarded(LikeLitestar(), api, {"/private": PUBLIC, "/other": PUBLIC})

    assert [await status(app, path) for path in ("/private", "/other")] == [200, 200]


async def test_servers_need_not_tell_a_root_path(api: ResourceServer) -> None:
    scope = http_scope("GET", "/files/a/")
    del scope["root_path"]

    assert (await call(guarded(mirror, api, {"/files/{rest:path}": PUBLIC}), scope)).status == 200


# --- readings that differ are refused


async def test_a_mount_without_a_boundary_serves_nothing_under_another_rule(api: ResourceServer) -> None:
    app = guarded(LikeLitestar(), api, {"/private/{rest:path}": ADMIN, "/privatesecret": PUBLIC})

    assert await status(app, "/privatesecret") == 401


async def test_a_root_path_may_be_looked_for_anywhere(api: ResourceServer) -> None:
    rows = {"/static/{rest:path}": PUBLIC, "/api/static/{rest:path}": PUBLIC, "/admin": ADMIN, "/b": PUBLIC}
    app = guarded(mirror, api, rows)

    assert [await status(app, path, root_path="/api") for path in ("/static/api/admin", "/static/api/b")] == [401, 200]


async def test_a_mount_that_the_whole_path_does_not_lead_to_is_not_served(api: ResourceServer, token: list[Header]) -> None:
    app = guarded(Starlette(routes=[requires(authenticated())(Mount("/open", mirror))]), api)

    assert await status(app, "/open/x", token, root_path="/api") == 403


async def test_case_counts_where_the_application_heeds_it(api: ResourceServer, tmp_path: Path, token: list[Header]) -> None:
    rows = {"/A": PUBLIC, "/a": ADMIN}
    assert await status(guarded(LikeBlackSheep(), api, rows), "/A") == 401
    assert await status(guarded(mirror, api, rows), "/A") == 200
    assert await status(guarded(LikeBlackSheep(), api), "/A/", token) == 200  # no table at all

    in_files = guarded(Starlette(routes=[files(tmp_path)]), api, {"/files/A": PUBLIC, "/files/a": ADMIN})
    assert await status(in_files, "/files/A", root_path="/api") == 404


@pytest.mark.parametrize("routes", [[], [requires(authenticated())(Mount("/m", mirror))]], ids=["no mount", "a mount"])
async def test_where_no_rule_names_paths_a_mount_gets_no_dot_segments(
    routes: list[Any], api: ResourceServer, token: list[Header]
) -> None:
    """Encoded twice: what is mounted may decode once more."""
    app = guarded(Starlette(routes=[Route("/a", requires(authenticated())(endpoint)), *routes]), api)

    assert await status(app, "/m/%252e%252e/a", token) == (400 if routes else 404)


async def test_a_slash_that_is_encoded_twice_leads_out_of_no_row(api: ResourceServer) -> None:
    app = guarded(mirror, api, {"/orders/{id}/": PUBLIC})

    assert [await status(app, path) for path in ("/orders/7/", "/orders/7%252Fx/")] == [200, 401]


async def test_a_path_whose_routes_cannot_be_asked_is_judged_as_it_is_written(
    api: ResourceServer, caplog: pytest.LogCaptureFixture
) -> None:
    class Failing(Route):
        def matches(self, scope: Scope) -> tuple[Match, Scope]:
            raise ValueError("a converter that cannot convert")

    app = guarded(Starlette(routes=[Failing("/a", endpoint), Mount("/m", mirror)]), api, {"/b": ADMIN, "/x/{rest:path}": PUBLIC})
    with caplog.at_level("DEBUG", "bearerguard"), pytest.raises(ValueError, match="convert"):
        await status(app, "/x/y/")
    assert "could not be asked where a path leads" in caplog.text


# --- what is known of an application


def settings(monkeypatch: pytest.MonkeyPatch, **values: Any) -> None:
    monkeypatch.setitem(sys.modules, "django.conf", SimpleNamespace(settings=SimpleNamespace(**values)))


def test_settings_of_django_that_nobody_has_loaded_say_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    settings(monkeypatch, configured=False)
    assert path_reader(mirror) == PathReader(is_known=False)

    settings(monkeypatch, configured=True, FORCE_SCRIPT_NAME=None)
    assert path_reader(mirror).prefix == ""
    settings(monkeypatch, configured=True, FORCE_SCRIPT_NAME="/api")
    assert path_reader(mirror).prefix == "/api"


async def test_a_prefix_is_certain_only_where_the_application_is_known(
    api: ResourceServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A function may call Django, which takes the prefix off, or something that does not."""
    settings(monkeypatch, configured=True, FORCE_SCRIPT_NAME="/api")
    rows = {"/admin": PUBLIC, "/api/{rest:path}": ADMIN, "/other": PUBLIC}

    assert [await status(guarded(mirror, api, rows), path) for path in ("/api/admin", "/other")] == [401, 200]
    assert await status(guarded(LikeDjango(), api, {"/admin": PUBLIC}), "/api/admin") == 200


@pytest.mark.parametrize(
    ("reader", "hides"),
    [
        (PathReader(), False),
        (PathReader(takes_off_root_path=True, is_known=False), False),
        (PathReader(prefix="/api"), True),
        (PathReader(routes_by_raw_path=True), True),
        (PathReader(ignores_case=True), True),
        (path_reader(LikeLitestar()), True),
        (path_reader(LikeBlackSheep()), True),
    ],
)
def test_only_some_applications_read_plain_paths_in_several_ways(reader: PathReader, hides: bool) -> None:
    assert reader.can_hide_anything is hides

"""Where the application's own routers hand a request over."""

from typing import Any

import pytest
from fastapi import APIRouter, FastAPI
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Host, Mount, Route, Router
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from bearerguard import PathPolicy, authenticated, public, requires
from bearerguard.web.destination import answers_405, destination_of, readers_beneath
from support.asgi import http_scope, websocket_scope


async def endpoint(request: Request) -> Response:
    return PlainTextResponse("served")


async def foreign(scope: Scope, receive: Receive, send: Send) -> None:
    """None of Starlette's applications."""


class Instance:
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """An endpoint that is given the path."""


INSTANCE = Instance()
FILES = StaticFiles(directory=".", check_dir=False)


def routes() -> list[Any]:
    return [
        Route("/a", endpoint),
        Route("/instance/{rest:path}", INSTANCE),
        Mount("/m", routes=[Route("/a", endpoint, methods=["POST"]), Mount("/files", FILES)]),
        Mount("/foreign", foreign),
        Host("open.test", Router([Route("/host", endpoint)])),
    ]


@pytest.mark.parametrize("make", [lambda: Starlette(routes=routes()), lambda: FastAPI(routes=routes()), lambda: Router(routes())])
@pytest.mark.parametrize(
    ("path", "app", "root_path", "reads"),
    [
        ("/a", endpoint, "", False),
        ("/instance/x", INSTANCE, "", True),
        ("/m/files/x", FILES, "/m/files", True),
        ("/foreign/", foreign, "/foreign", True),
    ],
)
def test_the_first_route_that_matches_in_full_has_it(make: Any, path: str, app: object, root_path: str, reads: bool) -> None:
    found = destination_of(make(), http_scope("GET", path))

    assert found is not None
    assert found.app is app
    assert found.scope["root_path"] == root_path
    assert found.reads_paths_itself is reads


@pytest.mark.parametrize("scope", [http_scope("GET", "/m/a"), http_scope("GET", "/nowhere"), websocket_scope("/a")])
def test_a_method_too_many_or_a_path_of_no_route_leads_nowhere(scope: Scope) -> None:
    assert destination_of(Starlette(routes=routes()), scope) is None


def test_a_host_decides_by_the_header() -> None:
    app = Starlette(routes=routes())

    assert destination_of(app, http_scope("GET", "/host")) is None
    assert destination_of(app, http_scope("GET", "/host", [(b"host", b"open.test")])) is not None


def test_the_outermost_mount_that_declares_something_speaks_for_all_beneath() -> None:
    inner = requires(authenticated())(Mount("/inner", foreign))
    app = Starlette(routes=[public(Mount("/open", routes=[inner])), Mount("/other", routes=[inner])])
    opened, other = (destination_of(app, http_scope("GET", f"{path}/inner/x")) for path in ("/open", "/other"))

    assert opened is not None
    assert opened.whole is PathPolicy.PUBLIC
    assert other is not None
    assert other.whole == authenticated()


@pytest.mark.filterwarnings("ignore:The `root_path` parameter")
def test_a_fastapi_with_a_root_path_puts_it_in_the_place_of_the_mounts() -> None:
    inner = FastAPI(root_path="/api", routes=[Route("/x", endpoint), Mount("/files", FILES)])
    app = Starlette(routes=[Mount("/", inner)])

    for path in ("/x", "/api/x"):
        found = destination_of(app, http_scope("GET", path))
        assert found is not None
        assert found.prefixes == ("/api",)
    assert {*readers_beneath(app)} == {inner, FILES}


def test_what_no_route_takes_goes_to_the_default_of_its_router() -> None:
    inner = Router([], default=foreign)
    app = Starlette(routes=[Mount("/m", inner)])

    found = destination_of(app, http_scope("GET", "/m/x"))
    assert found is not None
    assert (found.app, found.reads_paths_itself) == (foreign, True)
    assert [*readers_beneath(app)] == [foreign]


@pytest.mark.skipif(not hasattr(FastAPI, "frontend"), reason="this FastAPI serves no frontends")
def test_files_of_a_frontend_are_read_like_any_files(tmp_path: Any) -> None:
    included = APIRouter()
    included.frontend("/b", directory=tmp_path)
    app = FastAPI(openapi_url=None)
    app.include_router(included, prefix="/included")
    other = FastAPI(openapi_url=None)
    other.frontend("/a", directory=tmp_path)

    for one in (app, other):
        assert len([*readers_beneath(one)]) == 1
        found = destination_of(one, http_scope("GET", "/a/x/"))
        assert found is not None
        assert found.reads_paths_itself


def test_every_application_that_reads_paths_itself_is_found() -> None:
    assert {*readers_beneath(Starlette(routes=routes()))} == {INSTANCE, FILES, foreign}
    assert not [*readers_beneath(Starlette(routes=[Route("/a", endpoint), Mount("/m", routes=[Route("/b", endpoint)])]))]


def test_applications_behind_the_first_one_are_found() -> None:
    app = Starlette(routes=[Mount("/foreign", foreign), Mount("/files", FILES), Route("/a", endpoint), Route("/i", INSTANCE)])

    assert [*readers_beneath(app)] == [foreign, FILES, INSTANCE]


@pytest.mark.filterwarnings("ignore:The `root_path` parameter")
def test_the_root_path_of_the_outermost_application_is_that_of_its_routes() -> None:
    found = destination_of(FastAPI(root_path="/api", routes=[Route("/x", endpoint)]), http_scope("GET", "/api/x"))

    assert found is not None
    assert found.scope["root_path"] == "/api"


class OwnRoute(Route):
    """Of which nobody knows what it does with a request."""

    def matches(self, scope: Scope) -> Any:
        return super().matches(scope)


GET_ONLY = Route("/a", endpoint, methods=["GET"])
GET_ONLY.methods = {"GET"}  # as FastAPI writes it, without HEAD
OWN = OwnRoute("/a", endpoint, methods=["POST"])


@pytest.mark.parametrize(
    ("routes", "answers"),
    [
        ([GET_ONLY], True),
        ([], False),
        ([Route("/b", endpoint)], False),
        ([OWN], False),
        ([OwnRoute("/b", endpoint), GET_ONLY], True),
        ([GET_ONLY, OWN], True),
        ([GET_ONLY, Route("/a", endpoint)], False),
        ([Mount("/", routes=[GET_ONLY])], True),
        ([Mount("/", routes=[Route("/a", endpoint)])], False),
        ([Mount("/", foreign)], False),
    ],
    ids=[
        "another method",
        "no route",
        "another path",
        "a route of one's own",
        "a route of one's own has another path",
        "the first of two decides",
        "a later route takes it",
        "in a mount",
        "a route of a mount takes it",
        "a mount that cannot be read",
    ],
)
def test_405_is_foretold_only_where_no_application_may_serve_the_request(routes: list[Any], answers: bool) -> None:
    assert answers_405(Starlette(routes=routes), http_scope("HEAD", "/a")) is answers


def test_405_is_not_foretold_where_what_is_left_goes_to_an_application() -> None:
    assert not answers_405(Router([GET_ONLY], default=foreign), http_scope("HEAD", "/a"))

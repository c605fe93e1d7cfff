import functools
import sys
import types
from typing import Any

import fastapi.routing
import pytest
from fastapi import APIRouter, FastAPI
from starlette.applications import Starlette
from starlette.endpoints import HTTPEndpoint
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.routing import Route, Router
from starlette.types import Receive, Scope, Send

from bearerguard.web.routes import fallback_of, is_dispatcher, layers, reads_paths_itself, router_behind, router_of, routes_of


async def foreign(scope: Scope, receive: Receive, send: Send) -> None:
    raise NotImplementedError


class Circular:
    """A wrapper whose ``app`` leads back to it."""

    @property
    def app(self) -> "Circular":
        return self


@pytest.mark.parametrize("wrap", [lambda app: app, GZipMiddleware, lambda app: GZipMiddleware(GZipMiddleware(app))])
@pytest.mark.parametrize("router", [Router(), Starlette(), FastAPI()])
def test_the_router_is_found_beneath_all_layers(wrap: Any, router: Any) -> None:
    assert router_of(wrap(router)) is router


@pytest.mark.parametrize("app", [foreign, None, Circular(), GZipMiddleware(foreign), "app"])
def test_other_applications_are_closed_books(app: Any) -> None:
    assert router_of(app) is None


def test_layers_end_somewhere() -> None:
    assert len(list(layers(Circular()))) == 100


def test_the_applications_name_counts_only_before_a_router_was_asked() -> None:
    """Beneath a mount its routes are not those that will be asked."""
    app = Starlette()

    assert router_behind(foreign, {"app": app}) is app
    assert router_behind(foreign, {"app": app, "router": app.router}) is None
    assert router_behind(app, {"app": Starlette(), "router": Router()}) is app
    assert router_behind(foreign, {}) is None


def test_an_older_fastapi_that_copies_included_routes_is_read_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(fastapi.routing, "iter_route_contexts")
    router = APIRouter(routes=[Route("/a", foreign)])

    assert routes_of(router) is router.routes


class Layer:
    """A middleware."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self.request_class = Request  # is made of scope, receive and send, and serves nothing
        self.first = min  # a built-in function without a signature
        self.name = "layer"
        self.serve = self.__call__
        self.loop: list[Any] = [self.name]
        self.loop.append(self.loop)

    @property
    def current(self) -> Any:
        """As frameworks have them: only while a request is served."""
        raise RuntimeError

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        raise NotImplementedError


def test_what_a_middleware_has_besides_its_application_makes_no_dispatcher_of_it() -> None:
    assert not is_dispatcher(Layer(Router()))


def test_a_middleware_that_holds_its_application_twice_is_no_dispatcher() -> None:
    layer = Layer(foreign)
    layer.inner = [layer.app]  # type: ignore[attr-defined]
    assert not is_dispatcher(layer)


class Own(Starlette):
    """Takes what a server hands it under a name of its own."""

    async def __call__(self, *connection: Any) -> None:
        raise NotImplementedError


@pytest.mark.parametrize(
    "other",
    [
        foreign,
        Own(),
        Router(),
        Starlette(),
        Route("/a", foreign),
        [foreign],
        (foreign,),
        {"/a": foreign},
        {"a": [("b", foreign)]},
    ],
)
def test_a_second_application_makes_a_dispatcher(other: Any) -> None:
    layer = Layer(Router())
    layer.other = other  # type: ignore[attr-defined]
    assert is_dispatcher(layer)


def test_a_function_with_an_application_may_serve_anything() -> None:
    def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        raise NotImplementedError

    alone: Any = types.FunctionType(wrapped.__code__, {})  # no application is among its globals
    functions: tuple[Any, ...] = (wrapped, alone)
    for function in functions:
        function.app = Router()
        assert is_dispatcher(function)
        assert router_of(function) is None


def test_what_serves_the_rest_is_found() -> None:
    plain, with_default = Starlette(), Starlette()
    with_default.router.default = foreign
    assert (fallback_of(plain), fallback_of(with_default)) == (None, foreign)


class Orders(HTTPEndpoint):
    """Starlette calls its methods."""


class Application:
    """Is made for each request, and reads the path itself."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        raise NotImplementedError


async def endpoint(request: Request) -> None:
    raise NotImplementedError


def test_only_an_application_reads_the_path_itself() -> None:
    endpoints: list[Any] = [endpoint, functools.partial(endpoint), Orders, Application, Router()]
    assert [reads_paths_itself(Route("/a", one)) for one in endpoints] == [False, False, False, True, True]


def test_an_object_that_fastapi_calls_reads_no_path() -> None:
    class Called:
        def __call__(self) -> None:
            raise NotImplementedError

    assert not reads_paths_itself(fastapi.routing.APIRoute("/a", Called()))


def test_routes_of_starlette_are_its_own_objects(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where nobody has imported FastAPI."""
    router = Router([Route("/a", endpoint)])
    assert routes_of(router) is router.routes

    monkeypatch.delitem(sys.modules, "fastapi.routing")
    assert routes_of(router) is router.routes

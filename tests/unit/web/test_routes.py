from typing import Any

import fastapi.routing
import pytest
from fastapi import APIRouter, FastAPI
from starlette.applications import Starlette
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import Route, Router
from starlette.types import Receive, Scope, Send

from bearerguard.web.routes import layers, router_behind, router_of, routes_of


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

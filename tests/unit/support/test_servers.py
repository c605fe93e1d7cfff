"""The servers that other tests stand on leave nothing behind."""

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from support.servers import SERVERS, Server, StartFailedError, serve

pytestmark = [pytest.mark.socket, pytest.mark.parametrize("server", SERVERS)]


async def hello(request: Request) -> PlainTextResponse:
    return PlainTextResponse(f"hello {request.url.path}")


async def without_lifespan(scope: Scope, receive: Receive, send: Send) -> None:
    assert scope["type"] == "http"
    await PlainTextResponse("bare")(scope, receive, send)


def test_an_application_answers_from_the_first_request_on(server: Server) -> None:
    with serve(Starlette(routes=[Route("/a", hello)]), server=server) as base_url:
        assert httpx.get(f"{base_url}/a").text == "hello /a"


def test_the_lifespan_runs_around_the_requests(server: Server) -> None:
    seen = []

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        seen.append("started")
        yield
        seen.append("stopped")

    with serve(Starlette(routes=[Route("/", hello)], lifespan=lifespan), server=server):
        assert seen == ["started"]
    assert seen == ["started", "stopped"]


def test_an_application_without_a_lifespan_is_served(server: Server) -> None:
    with serve(without_lifespan, server=server) as base_url:
        assert httpx.get(base_url).text == "bare"


def test_a_refused_start_raises(server: Server) -> None:
    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        raise LookupError
        yield

    with pytest.raises(StartFailedError), serve(Starlette(lifespan=lifespan), server=server):
        pytest.fail("the block was entered")


def test_an_open_connection_does_not_keep_the_server_or_its_thread(server: Server) -> None:
    before = set(threading.enumerate())
    with httpx.Client() as client:
        with serve(Starlette(routes=[Route("/", hello)]), server=server) as base_url:
            client.get(base_url)
        with pytest.raises(httpx.ConnectError):
            client.get(base_url)
    assert set(threading.enumerate()) <= before

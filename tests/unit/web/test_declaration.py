"""What an endpoint declares, and what only looks as if it did."""

import functools
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.endpoints import HTTPEndpoint
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.types import Receive, Scope, Send

from bearerguard import audit, public, requires, role
from bearerguard.web.declaration import all_declared, combined, declared, declared_for, handler_of, is_hidden, method_of

READ, ADMIN = role("Read.All"), role("Admin.All")


async def read(request: Request) -> Response:
    return PlainTextResponse("ok")


def wrapped(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    async def wrapper(request: Request) -> Any:
        return await function(request)

    return wrapper


def test_a_guard_around_a_guard_hides_nothing() -> None:
    assert not is_hidden(requires(READ)(requires(ADMIN)(read)))


def test_a_wrapper_around_a_guard_hides_it_however_deep() -> None:
    assert is_hidden(wrapped(requires(READ)(read)))
    assert is_hidden(wrapped(wrapped(requires(READ)(read))))


def test_a_wrapper_around_what_declares_nothing_hides_nothing() -> None:
    assert not is_hidden(wrapped(read))


@dataclass
class Site:
    """An application that is compared by its values, and so has no hash."""

    name: str

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        raise NotImplementedError


def test_an_application_needs_no_hash() -> None:
    app = Starlette(routes=[Mount("/open", app=public(Site("a"))), Mount("/forgotten", app=Site("b"))])
    assert [(row.path, row.decided_by, row.advice) for row in audit(app)] == [
        ("/open/{path:path}", "mount", ""),
        ("/forgotten/{path:path}", "nothing", ""),
    ]


@pytest.mark.parametrize(("method", "named"), [("GET", "GET"), ("WEBSOCKET", "")])
def test_an_http_method_that_calls_itself_websocket_has_no_name(method: str, named: str) -> None:
    """Rows and guards for websockets are not for it."""
    assert method_of({"type": "http", "method": method}) == named


class Orders(HTTPEndpoint):
    @requires(READ)
    async def get(self, request: Request) -> Response:
        return PlainTextResponse("ok")


class WithHead(Orders):
    @requires(ADMIN)
    async def head(self, request: Request) -> Response:
        return PlainTextResponse("ok")


def test_head_is_answered_by_get_unless_the_class_has_its_own() -> None:
    assert declared_for(Orders, "HEAD") == READ
    assert declared_for(WithHead, "HEAD") == ADMIN


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "QUERY"])
def test_each_method_of_a_class_declares_for_itself(method: str) -> None:
    kind = type("Endpoint", (HTTPEndpoint,), {method.lower(): requires(READ)(read)})
    assert all_declared(kind) == {READ, None}  # of the class as a whole, and of the method
    assert declared_for(kind, method) == READ


@pytest.mark.parametrize("method", ["dispatch", "DISPATCH", "method_not_allowed", "TRACE", ""])
def test_no_method_of_a_request_names_another_function_of_the_class(method: str) -> None:
    assert handler_of(Orders, method) is None


def test_a_bound_method_declares_what_its_function_does() -> None:
    class Service:
        @requires(READ)
        async def read(self, request: Request) -> Response:
            raise NotImplementedError

    assert declared(Service().read) == READ


class Swapped(Orders):
    """Answers whatever its methods declare."""

    def __await__(self) -> Generator[Any, None, None]:
        yield from PlainTextResponse("open")(self.scope, self.receive, self.send).__await__()


class Dispatching(Orders):
    """The same."""

    async def dispatch(self) -> None:
        await PlainTextResponse("open")(self.scope, self.receive, self.send)


@pytest.mark.parametrize("kind", [Swapped, Dispatching])
def test_a_class_that_calls_its_methods_in_a_way_of_its_own_declares_nothing_by_them(kind: type[HTTPEndpoint]) -> None:
    """They may not be asked at all, so that the start is refused."""
    assert [row.decided_by for row in audit(Starlette(routes=[Route("/", kind)]))] == ["nothing"]


class Application:
    """An ASGI application that is made for each request."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        raise NotImplementedError


def test_a_class_of_another_kind_declares_nothing() -> None:
    assert all_declared(Application) == {None}
    assert declared_for(Application, "GET") is None


def test_of_several_declarations_the_strictest_holds() -> None:
    opened, asked = public(wrapped(read)), None
    assert combined(declared_for(opened, "GET"), READ, asked) == READ
    assert combined(READ, ADMIN) == READ & ADMIN
    assert combined() is None

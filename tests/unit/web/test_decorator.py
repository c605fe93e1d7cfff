"""``@requires`` and ``@public``: on what they can stand, what they enforce, what they refuse to decorate."""

import functools
import inspect
import json
import threading
from collections.abc import AsyncIterator, Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Any, assert_type

import anyio
import pytest
from starlette.applications import Starlette
from starlette.endpoints import HTTPEndpoint, WebSocketEndpoint
from starlette.middleware import Middleware
from starlette.requests import HTTPConnection, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Host, Mount, Route, Router, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket

from bearerguard import (
    AccessTokenMiddleware,
    ConfigurationError,
    InsufficientScope,
    ResourceServer,
    authenticated,
    client,
    public,
    requires,
    role,
)
from bearerguard import error_codes as codes
from bearerguard.errors import AccessTokenError
from bearerguard.testing import LocalIssuer
from bearerguard.web.declaration import declared
from support.asgi import Answer, Header, call, connect, get, http_scope

if TYPE_CHECKING:
    from collections.abc import Mapping as OnlyForTypeCheckers

pytestmark = pytest.mark.anyio

READ = role("Read.All")
ADMIN = role("Admin.All")


@pytest.fixture
def token(issuer: LocalIssuer) -> list[Header]:
    return [(b"authorization", b"Bearer " + issuer.mint("reader").encode())]


def serving(api: ResourceServer, *routes: BaseRoute, **options: Any) -> ASGIApp:
    """The middleware lets every request through: what is refused here, the decorator refuses on its own."""
    guard = Middleware(AccessTokenMiddleware, resource_server=api, public="/{path:path}")
    return Starlette(routes=routes, middleware=[guard], **options)


def code_of(answer: Answer) -> str:
    return str(json.loads(answer.body)["code"])


async def check(app: ASGIApp, target: str, allowed: list[Header], *, method: str = "GET") -> None:
    """Nobody is refused with 401, a caller without the role with 403, and the one with it is served."""
    answer = await call(app, http_scope(method, target))
    assert (answer.status, code_of(answer)) == (401, "missing_token")
    assert answer.headers["www-authenticate"] == 'Bearer realm="api"'
    answer = await call(app, http_scope(method, target, allowed))
    assert (answer.status, answer.body) == (200, b"served")


async def check_socket(app: ASGIApp, target: str, allowed: list[Header]) -> None:
    assert code_of(await connect(app, target)) == "missing_token"
    assert (await connect(app, target, denial=False)).close_code == 1008
    assert (await connect(app, target, allowed)).status == 101


# --- on what it stands


async def test_on_a_coroutine_function(api: ResourceServer, token: list[Header]) -> None:
    @requires(READ)
    async def endpoint(request: Request) -> Response:
        return PlainTextResponse("served")

    await check(serving(api, Route("/", endpoint)), "/", token)


async def test_on_a_plain_function_which_stays_in_the_thread_pool(api: ResourceServer, token: list[Header]) -> None:
    threads = []

    @requires(READ)
    def endpoint(request: Request) -> Response:
        threads.append(threading.current_thread())
        return PlainTextResponse("served")

    await check(serving(api, Route("/", endpoint)), "/", token)
    assert threads
    assert threading.main_thread() not in threads


async def test_on_a_partial_and_a_bound_method(api: ResourceServer, token: list[Header]) -> None:
    class Orders:
        async def read(self, request: Request) -> Response:
            return PlainTextResponse("served")

        @requires(READ)
        async def decorated(self, request: Request) -> Response:
            return PlainTextResponse("served")

    async def endpoint(text: str, request: Request) -> Response:
        return PlainTextResponse(text)

    app = serving(
        api,
        Route("/partial", requires(READ)(functools.partial(endpoint, "served"))),
        Route("/bound", requires(READ)(Orders().read)),
        Route("/decorated", Orders().decorated),
    )
    for target in ("/partial", "/bound", "/decorated"):
        await check(app, target, token)


async def test_on_methods_of_a_class(api: ResourceServer, token: list[Header]) -> None:
    class Orders(HTTPEndpoint):
        @requires(READ)
        async def get(self, request: Request) -> Response:
            return PlainTextResponse("served")

        @requires(ADMIN)
        def post(self, request: Request) -> Response:
            return PlainTextResponse("served")

    app = serving(api, Route("/", Orders))

    await check(app, "/", token)
    assert code_of(await call(app, http_scope("POST", "/", token))) == "missing_role"
    assert (await call(app, http_scope("HEAD", "/"))).status == 401


async def test_on_a_class(api: ResourceServer, token: list[Header]) -> None:
    @requires(READ)
    class Orders(HTTPEndpoint):
        async def get(self, request: Request) -> Response:
            return PlainTextResponse("served")

    app = serving(api, Route("/", Orders))

    await check(app, "/", token)
    assert code_of(await call(app, http_scope("DELETE", "/"))) == "missing_token", "405 is for those who may be here"
    assert Orders.__name__ == "Orders"


async def test_on_a_class_and_its_methods_both_are_enforced(api: ResourceServer, token: list[Header]) -> None:
    @requires(READ)
    class Orders(HTTPEndpoint):
        async def get(self, request: Request) -> Response:
            return PlainTextResponse("served")

        @requires(ADMIN)
        async def post(self, request: Request) -> Response:
            return PlainTextResponse("served")

    app = serving(api, Route("/", Orders))

    await check(app, "/", token)
    assert code_of(await call(app, http_scope("POST", "/", token))) == "missing_role"


async def test_a_subclass_stays_guarded_whatever_it_overrides(api: ResourceServer, token: list[Header]) -> None:
    @requires(READ)
    class Orders(HTTPEndpoint):
        pass

    class WithDispatch(Orders):
        async def dispatch(self) -> None:
            await PlainTextResponse("served")(self.scope, self.receive, self.send)

    class WithMethod(Orders):
        async def get(self, request: Request) -> Response:
            return PlainTextResponse("served")

    app = serving(api, Route("/dispatch", WithDispatch), Route("/method", WithMethod))

    await check(app, "/dispatch", token)
    await check(app, "/method", token)


def test_a_subclass_that_replaces_the_guard_loses_the_declaration() -> None:
    """So that the audit names it."""

    @requires(READ)
    class Orders(HTTPEndpoint):
        pass

    class Unguarded(Orders):
        __await__ = HTTPEndpoint.__await__

    assert declared(Orders.__await__) == READ
    assert declared(Unguarded.__await__) is None


async def test_on_a_websocket_function(api: ResourceServer, token: list[Header]) -> None:
    @requires(READ)
    async def live(websocket: WebSocket) -> None:
        await websocket.accept()

    await check_socket(serving(api, WebSocketRoute("/", live)), "/", token)


async def test_on_websocket_classes_and_their_methods(api: ResourceServer, token: list[Header]) -> None:
    @requires(READ)
    class Whole(WebSocketEndpoint):
        pass

    class ByMethod(WebSocketEndpoint):
        @requires(READ)
        async def on_connect(self, websocket: WebSocket) -> None:
            await websocket.accept()

    app = serving(api, WebSocketRoute("/whole", Whole), WebSocketRoute("/method", ByMethod))

    await check_socket(app, "/whole", token)
    assert code_of(await connect(app, "/whole", denial=True)) == "missing_token"
    assert (await connect(app, "/method", token)).status == 101


async def test_on_a_mount_a_host_and_applications(api: ResourceServer, token: list[Header]) -> None:
    async def endpoint(request: Request) -> Response:
        return PlainTextResponse("served")

    async def asgi(scope: Scope, receive: Receive, send: Send) -> None:
        await PlainTextResponse("served")(scope, receive, send)

    router = Router([Route("/a", endpoint)])
    app = serving(
        api,
        requires(READ)(Mount("/mount", routes=[Route("/a", endpoint)])),
        Mount("/router", app=requires(READ)(router)),
        Mount("/starlette", app=requires(READ)(Starlette(routes=[Route("/a", endpoint)]))),
        Mount("/asgi", app=requires(READ)(asgi)),
        Route("/route", requires(READ)(router.__class__([Route("/route", endpoint)]))),
        requires(READ)(Host("api.test", app=router)),
    )
    for target in ("/mount/a", "/router/a", "/starlette/a", "/asgi/a", "/route", "/a"):
        await check(app, target, token)


async def test_a_guarded_mount_guards_websockets_too(api: ResourceServer, token: list[Header]) -> None:
    async def live(websocket: WebSocket) -> None:
        await websocket.accept()

    await check_socket(serving(api, requires(READ)(Mount("/m", routes=[WebSocketRoute("/a", live)]))), "/m/a", token)


async def test_an_applications_lifespan_is_not_guarded(api: ResourceServer) -> None:
    seen = []

    async def asgi(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope["type"])

    await call(requires(READ)(asgi), {"type": "lifespan"})
    assert seen == ["lifespan"]


async def test_several_decorators_are_all_enforced_the_outermost_first(api: ResourceServer, issuer: LocalIssuer) -> None:
    @requires(client("writer"))
    @requires(READ)
    async def endpoint(request: Request) -> Response:
        return PlainTextResponse("served")

    app = serving(api, Route("/", endpoint))

    async def code(client_id: str, roles: list[str]) -> str:
        token = issuer.mint(client_id, roles=roles).encode()
        answer = await get(app, "/", [(b"authorization", b"Bearer " + token)])
        return code_of(answer) if answer.status >= 400 else answer.body.decode()

    assert await code("reader", []) == "client_not_allowed"
    assert await code("reader", ["Read.All"]) == "client_not_allowed"
    assert await code("writer", []) == "missing_role"
    assert await code("writer", ["Read.All"]) == "served"
    assert declared(endpoint) == client("writer") & READ


async def test_other_decorators_around_and_beneath_leave_it_in_force(api: ResourceServer, token: list[Header]) -> None:
    """What is around it declares nothing: it may answer without calling what is guarded."""

    def other(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        async def wrapper(*args: Any, **kwargs: Any) -> Any:
            return await function(*args, **kwargs)

        return wrapper

    async def endpoint(request: Request) -> Response:
        return PlainTextResponse("served")

    around, beneath = other(requires(READ)(endpoint)), requires(READ)(other(endpoint))

    assert (declared(around), declared(beneath)) == (None, READ)
    app = serving(api, Route("/around", around), Route("/beneath", beneath))
    await check(app, "/around", token)
    await check(app, "/beneath", token)


def test_names_and_signatures_stay() -> None:
    @requires(READ)
    def endpoint(request: Request) -> Response:
        """Says what it does."""
        raise NotImplementedError

    assert endpoint.__name__ == "endpoint"
    assert endpoint.__doc__ == "Says what it does."
    assert list(inspect.signature(endpoint).parameters) == ["request"]
    assert not inspect.iscoroutinefunction(endpoint)


def test_a_type_checker_knows_what_is_left() -> None:
    """Held by mypy --strict: arguments and results stay, classes and mounts stay what they are."""

    async def coroutine(request: Request) -> PlainTextResponse:
        raise NotImplementedError

    def plain(request: Request, number: int) -> PlainTextResponse:
        raise NotImplementedError

    class Orders(HTTPEndpoint):
        pass

    mount = Mount("/m", routes=[])

    async def use(request: Request) -> None:
        assert_type(await requires(READ)(coroutine)(request=request), PlainTextResponse)
        assert_type(requires(READ)(plain)(request, number=7), PlainTextResponse)
        assert_type(public(plain)(request, number=7), PlainTextResponse)

    assert_type(requires(READ)(Orders), type[Orders])
    assert_type(requires(READ)(mount), Mount)
    asgi: ASGIApp = requires(READ)(Router([]))
    assert callable(asgi)
    assert inspect.iscoroutinefunction(use)


async def test_the_connection_is_found_among_other_arguments(api: ResourceServer, token: list[Header]) -> None:
    """As FastAPI calls endpoints: by keyword, under any name."""

    @requires(READ)
    async def endpoint(number: int, *, conn: Request) -> Response:
        return PlainTextResponse("served")

    async def calling(request: Request) -> Response:
        return await endpoint(7, conn=request)

    await check(serving(api, Route("/", calling)), "/", token)


# --- on its own


async def test_a_late_principal_is_noted_for_the_rest_of_the_request(api: ResourceServer, token: list[Header]) -> None:
    @requires(READ)
    async def endpoint(request: Request) -> Response:
        assert request.user.client_id == "reader"
        assert request.auth is request.user
        return PlainTextResponse("served")

    await check(serving(api, Route("/", endpoint)), "/", token)


@pytest.mark.parametrize("path", ["/", "/socket"])
async def test_without_a_middleware_the_message_says_to_add_it(path: str) -> None:
    @requires(READ)
    async def endpoint(request: Request) -> Response:
        raise NotImplementedError

    @requires(READ)
    async def live(websocket: WebSocket) -> None:
        raise NotImplementedError

    app = Starlette(routes=[Route("/", endpoint), WebSocketRoute("/socket", live)])

    with pytest.raises(ConfigurationError) as caught:
        await (get(app, path) if path == "/" else connect(app, path))
    assert "AccessTokenMiddleware" in str(caught.value)


async def test_called_without_a_connection_it_refuses(api: ResourceServer) -> None:
    @requires(READ)
    async def endpoint(request: Request) -> str:
        return "served"

    with pytest.raises(ConfigurationError):
        await endpoint("no request")  # type: ignore[arg-type]


async def test_a_defect_while_judging_refuses(api: ResourceServer, token: list[Header], caplog: pytest.LogCaptureFixture) -> None:
    """CWE-636: the endpoint is not called."""

    class Broken(type(READ)):  # type: ignore[misc]
        def permits(self, principal: object) -> bool:
            raise RuntimeError("defect")

    calls = []

    @requires(Broken("Read.All"))
    async def endpoint(request: Request) -> Response:
        calls.append(request)
        return PlainTextResponse("served")

    for options in ({}, {"exception_handlers": {RuntimeError: answered_by_the_app}}):
        answer = await get(serving(api, Route("/", endpoint), **options), "/", token)
        assert (answer.status, code_of(answer)) == (500, "internal_error")
    assert calls == []
    assert "RuntimeError: defect" in caplog.text


# --- how it refuses


async def answered_by_the_app(request: Request, error: Exception) -> Response:
    return PlainTextResponse(f"house style: {getattr(error, 'code', '')}", 418)


@pytest.mark.parametrize("kind", [AccessTokenError, InsufficientScope])
async def test_an_application_may_answer_refusals_itself(kind: type[Exception], api: ResourceServer, token: list[Header]) -> None:
    @requires(ADMIN)
    async def endpoint(request: Request) -> Response:
        raise NotImplementedError

    guarded = requires(ADMIN)(Mount("/mount", routes=[Route("/", endpoint)]))
    app = serving(api, Route("/", endpoint), guarded, exception_handlers={kind: answered_by_the_app})

    for target in ("/", "/mount/"):
        answer = await get(app, target, token)
        assert (answer.status, answer.body) == (418, b"house style: missing_role")


async def test_a_guarded_helper_stops_who_calls_it(api: ResourceServer, token: list[Header]) -> None:
    """A refusal is raised: code that calls a guarded function, or depends on it, does not go on with a result."""
    reached = []

    @requires(ADMIN)
    def ensure_admin(request: Request) -> None:
        raise NotImplementedError

    @requires(ADMIN)
    async def load(request: Request) -> str:
        raise NotImplementedError

    @requires(READ)
    async def awaits(request: Request) -> Response:
        await load(request)
        reached.append(request)
        return PlainTextResponse("served")

    @requires(READ)
    async def calls(request: Request) -> Response:
        ensure_admin(request)
        reached.append(request)
        return PlainTextResponse("served")

    @requires(READ)
    def calls_in_a_thread(request: Request) -> Response:
        ensure_admin(request)
        reached.append(request)
        return PlainTextResponse("served")

    app = serving(api, *(Route(f"/{endpoint.__name__}", endpoint) for endpoint in (awaits, calls, calls_in_a_thread)))
    for target in ("/awaits", "/calls", "/calls_in_a_thread"):
        assert code_of(await get(app, target, token)) == "missing_role"
    assert reached == []


async def test_a_guarded_helper_that_is_not_async_refuses_where_no_token_was_looked_at(
    api: ResourceServer, token: list[Header]
) -> None:
    """It waits for nothing, and so verifies nothing."""

    @requires(READ)
    def ensure_reader(request: Request) -> None:
        raise NotImplementedError

    async def endpoint(request: Request) -> Response:
        ensure_reader(request)
        raise NotImplementedError

    assert code_of(await get(serving(api, Route("/", endpoint)), "/", token)) == "missing_token"


async def _no_thread(*_given: Any, **_options: Any) -> Any:
    raise AssertionError("a thread was taken")


@pytest.mark.parametrize("place", ["function", "method", "partial"])
async def test_an_endpoint_is_judged_before_a_thread_is_taken(
    place: str, api: ResourceServer, token: list[Header], monkeypatch: pytest.MonkeyPatch
) -> None:
    """CWE-770: whoever may not use it cannot fill the thread pool."""

    @requires(ADMIN)
    def endpoint(request: Request, number: int = 7) -> Response:
        raise NotImplementedError

    class Orders(HTTPEndpoint):
        @requires(ADMIN)
        def get(self, request: Request) -> Response:
            raise NotImplementedError

    endpoints: Mapping[str, Any] = {"function": endpoint, "method": Orders, "partial": functools.partial(endpoint, number=8)}
    app = serving(api, Mount("/inner", routes=[Route("/", endpoints[place])]))
    monkeypatch.setattr(anyio.to_thread, "run_sync", _no_thread)

    assert code_of(await get(app, "/inner/")) == "missing_token"
    assert code_of(await get(app, "/inner/", token)) == "missing_role"


CALLS: Any = {
    "by place": lambda helper, request: helper(request),
    "by name": lambda helper, request: helper(request=request),
    "behind another": lambda helper, request: helper(7, request),
    "before another": lambda helper, request: helper(request, 7),
    "beside a name": lambda helper, request: helper(request, number=7),
    "behind nothing": lambda helper, request: helper(None, request),
}


@pytest.mark.parametrize("how", CALLS)
@pytest.mark.parametrize("is_async", [True, False])
async def test_a_guarded_helper_is_given_what_it_is_called_with(
    how: str, is_async: bool, api: ResourceServer, token: list[Header]
) -> None:
    given: list[Any] = []

    def helper(*args: Any, **kwargs: Any) -> Response:
        given.extend((args, kwargs))
        return PlainTextResponse("served")

    async def asynchronous(*args: Any, **kwargs: Any) -> Response:
        return helper(*args, **kwargs)

    guarded: Any = requires(READ)(asynchronous if is_async else helper)

    async def endpoint(request: Request) -> Response:
        CALLS[how](lambda *args, **kwargs: expected.extend((args, kwargs)), request)
        result = CALLS[how](guarded, request)
        return await result if is_async else result  # type: ignore[no-any-return]

    expected: list[Any] = []
    app = Starlette(
        routes=[Route("/", requires(READ)(endpoint))], middleware=[Middleware(AccessTokenMiddleware, resource_server=api)]
    )
    await check(app, "/", token)

    assert given == expected


async def test_any_other_error_of_the_endpoint_passes(api: ResourceServer, token: list[Header]) -> None:
    @requires(READ)
    async def endpoint(request: Request) -> Response:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await get(serving(api, Route("/", endpoint)), "/", token)


@pytest.mark.parametrize(
    ("before", "ended_by"),
    [("nothing", "websocket.http.response.body"), ("accept", "websocket.close"), ("close", "websocket.close")],
)
async def test_a_websocket_that_refuses_later_is_ended_as_it_still_can_be(
    before: str, ended_by: str, api: ResourceServer, token: list[Header]
) -> None:
    @requires(READ)
    async def live(websocket: WebSocket) -> None:
        if before != "nothing":
            await websocket.accept()
        if before == "close":
            await websocket.close(1000)
        raise InsufficientScope(codes.MISSING_ROLE)

    app = serving(api, WebSocketRoute("/", live))
    if before == "close":
        with pytest.raises(InsufficientScope):
            await connect(app, "/", token)
        return
    answer = await connect(app, "/", token)
    assert answer.messages[-1]["type"] == ended_by
    assert answer.close_code in (None, 1008)


async def test_a_bare_connection_leaves_the_answer_to_the_middleware(api: ResourceServer, token: list[Header]) -> None:
    """An ``HTTPConnection`` cannot send."""

    @requires(ADMIN)
    async def endpoint(connection: HTTPConnection) -> Response:
        raise NotImplementedError

    async def asgi(scope: Scope, receive: Receive, send: Send) -> None:
        response = await endpoint(HTTPConnection(scope))
        await response(scope, receive, send)

    app = AccessTokenMiddleware(asgi, resource_server=api)

    assert (await get(app, "/", token)).status == 403
    assert (await connect(app, "/", token)).status == 403


# --- public


async def test_public_leaves_a_function_as_it_is() -> None:
    def endpoint(request: Request) -> Response:
        raise NotImplementedError

    assert public(endpoint) is endpoint


async def test_a_bound_method_can_be_public_and_that_of_another_object_is_not(api: ResourceServer) -> None:
    class Orders:
        async def read(self, request: Request) -> Response:
            return PlainTextResponse("read")

    shown, hidden = Orders(), Orders()
    routes = [Route("/shown", public(shown.read)), Route("/hidden", hidden.read)]
    app = Starlette(routes=routes, middleware=[Middleware(AccessTokenMiddleware, resource_server=api, undeclared="allow")])
    assert declared(hidden.read) is None
    assert (await get(app, "/shown")).status == 200
    assert (await get(app, "/hidden")).status == 401


def _requires_read(target: Any) -> Any:
    return requires(READ)(target)


def _mount() -> Mount:
    return Mount("/m", routes=[])


def _function() -> Any:
    async def endpoint(request: Request) -> Response:
        raise NotImplementedError

    return endpoint


def _class() -> Any:
    class Orders(HTTPEndpoint):
        async def get(self, request: Request) -> Response:
            raise NotImplementedError

    return Orders


def _class_with(decorator: Callable[[Any], Any]) -> Any:
    class Orders(HTTPEndpoint):
        @decorator
        async def get(self, request: Request) -> Response:
            raise NotImplementedError

    return Orders


@pytest.mark.parametrize("make", [_mount, _function, _class, lambda: Router([])])
@pytest.mark.parametrize("order", [(public, _requires_read), (_requires_read, public)])
def test_public_and_requires_contradict_one_another(
    make: Callable[[], Any], order: tuple[Callable[[Any], Any], Callable[[Any], Any]]
) -> None:
    with pytest.raises(ConfigurationError):
        order[1](order[0](make()))


@pytest.mark.parametrize("order", [(public, _requires_read), (_requires_read, public)])
def test_a_class_contradicts_its_methods(order: tuple[Callable[[Any], Any], Callable[[Any], Any]]) -> None:
    with pytest.raises(ConfigurationError):
        order[1](_class_with(order[0]))


# --- what cannot be decorated


class NotAnEndpoint:
    pass


class Slotted:
    __slots__ = ()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        raise NotImplementedError


async def no_parameters() -> Response:
    raise NotImplementedError


async def no_request(number: int, **others: object) -> Response:
    raise NotImplementedError


async def only_self(self) -> Response:  # type: ignore[no-untyped-def]
    raise NotImplementedError


async def streaming(request: Request) -> AsyncIterator[bytes]:
    yield b""


def generating(request: Request):  # type: ignore[no-untyped-def]
    yield b""


@pytest.mark.parametrize(
    "target",
    [
        NotAnEndpoint,
        no_parameters,
        no_request,
        only_self,
        streaming,
        generating,
        functools.partial(generating),
        Route("/", no_request),
        WebSocketRoute("/", no_request),
        staticmethod(streaming),
        classmethod(only_self),
        "list_orders",
        None,
    ],
)
def test_what_cannot_be_guarded_is_named_when_it_is_decorated(target: Any) -> None:
    with pytest.raises(ConfigurationError) as caught:
        requires(READ)(target)
    assert caught.value.parameter == "@requires"


@pytest.mark.parametrize("target", [NotAnEndpoint, NotAnEndpoint(), Slotted(), Route("/", no_request), "list_orders", None, 7])
def test_what_cannot_be_public_is_named(target: Any) -> None:
    with pytest.raises(ConfigurationError) as caught:
        public(target)
    assert caught.value.parameter == "@public"


@pytest.mark.parametrize("requirement", [None, "Read.All", ["Read.All"], no_parameters, requires, True])
def test_a_requirement_is_needed(requirement: Any) -> None:
    """Also for ``@requires`` without parentheses: the function is no requirement."""
    with pytest.raises(ConfigurationError) as caught:
        requires(requirement)
    assert caught.value.parameter == "@requires"


async def unannotated(request):  # type: ignore[no-untyped-def]
    raise NotImplementedError


async def anything(request: Any) -> Response:
    raise NotImplementedError


async def subscripted(request: Request[Any]) -> Response:
    raise NotImplementedError


async def annotated(request: Annotated[Request, "from FastAPI"]) -> Response:
    raise NotImplementedError


async def connection(connection: HTTPConnection) -> Response:
    raise NotImplementedError


async def either(connection: "Request | WebSocket") -> Response:
    raise NotImplementedError


async def mapping(connection: object) -> Response:
    raise NotImplementedError


async def unresolvable(request: "Request", more: "OnlyForTypeCheckers[str, str]") -> Response:
    raise NotImplementedError


async def unresolvable_websocket(socket: "WebSocket", more: "OnlyForTypeCheckers[str, str]") -> None:
    raise NotImplementedError


async def unresolvable_connection(any_of: "HTTPConnection", more: "OnlyForTypeCheckers[str, str]") -> None:
    raise NotImplementedError


async def unresolvable_number(number: "int", more: "OnlyForTypeCheckers[str, str]") -> None:
    raise NotImplementedError


async def all_positional(*args: Any) -> Response:
    raise NotImplementedError


class MyRequest(Request):
    pass


async def subclass(request: MyRequest) -> Response:
    raise NotImplementedError


@pytest.mark.parametrize(
    "function",
    [
        *(unannotated, anything, subscripted, annotated, connection, either, mapping, all_positional, subclass),
        *(unresolvable, unresolvable_websocket, unresolvable_connection),
    ],
    ids=lambda function: function.__name__,
)
def test_a_function_that_may_be_given_the_connection_is_accepted(function: Any) -> None:
    assert declared(requires(READ)(function)) == READ


def test_annotations_that_cannot_be_read_must_name_a_connection() -> None:
    with pytest.raises(ConfigurationError):
        requires(READ)(unresolvable_number)


class Foreign:
    """An ASGI application that has names of its own for what it is given."""

    async def __call__(self, one: Scope, two: Receive, three: Send) -> None:
        await PlainTextResponse("served")(one, two, three)


async def test_any_object_is_guarded_as_an_application(api: ResourceServer, token: list[Header]) -> None:
    await check(serving(api, Mount("/m", app=requires(READ)(Foreign()))), "/m/a", token)


async def test_authenticated_asks_for_any_good_token(api: ResourceServer, issuer: LocalIssuer) -> None:
    @requires(authenticated())
    async def endpoint(request: Request) -> Response:
        return PlainTextResponse("served")

    token = [(b"authorization", b"Bearer " + issuer.mint("noroles").encode())]
    await check(serving(api, Route("/", endpoint)), "/", token)

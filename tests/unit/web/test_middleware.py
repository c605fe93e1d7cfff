import contextlib
import json
import logging
from collections.abc import Callable
from typing import Any

import anyio
import httpx
import pytest
from starlette.applications import Starlette
from starlette.authentication import AuthCredentials, UnauthenticatedUser, has_required_scope
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bearerguard import (
    AccessTokenMiddleware,
    BearerguardError,
    ConfigurationError,
    InsufficientScope,
    Issuer,
    IssuerUnavailable,
    PathPolicy,
    Principal,
    ResourceServer,
    authenticated,
    public,
    requires,
    role,
)
from bearerguard import error_codes as codes
from bearerguard.authorization.combination import Requirement
from bearerguard.errors import InvalidToken
from bearerguard.testing import LocalIssuer
from bearerguard.web.passage import PASSAGE
from support.asgi import Answer, Header, call, connect, get, http_scope

pytestmark = pytest.mark.anyio

READ = role("Read.All")


@pytest.fixture
def token(issuer: LocalIssuer) -> list[Header]:
    return [(b"authorization", b"Bearer " + issuer.mint("reader").encode())]


class Seen:
    """An application that notes the scopes it is given."""

    def __init__(self) -> None:
        self.scopes: list[Scope] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scopes.append(scope)
        if scope["type"] == "websocket":
            await send({"type": "websocket.accept"})
        else:
            await PlainTextResponse("served")(scope, receive, send)


async def served(request: Request) -> Response:
    return PlainTextResponse("served")


def code_of(answer: Answer) -> str:
    return str(json.loads(answer.body)["code"])


def raising(error: Exception, *, after: tuple[Message, ...] = ()) -> ASGIApp:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        for message in after:
            await send(message)
        raise error

    return app


# --- what it lets in, and as whom


async def test_the_principal_is_the_user_and_its_scopes_the_credentials(api: ResourceServer, issuer: LocalIssuer) -> None:
    """request.user is the Principal; request.auth.scopes holds the scopes."""

    @requires(authenticated())
    async def endpoint(request: Request) -> Response:
        user, auth = request.user, request.auth
        assert isinstance(user, Principal)
        assert has_required_scope(request, ["orders.read"])
        assert not has_required_scope(request, ["orders.write"])
        return JSONResponse([user.client_id, user.display_name, user.is_authenticated, sorted(auth.scopes)])

    app = Starlette(routes=[Route("/", endpoint)], middleware=[Middleware(AccessTokenMiddleware, resource_server=api)])
    minted = issuer.mint("reader", scopes=["orders.read"])
    for _ in range(2):  # verified, then remembered
        answer = await get(app, "/", [(b"authorization", b"Bearer " + minted.encode())])
        assert json.loads(answer.body) == ["reader", "reader", True, ["orders.read"]]


async def test_nobody_is_the_user_where_no_token_is_needed(api: ResourceServer, token: list[Header]) -> None:
    """The token is not looked at there, good or bad."""
    seen = Seen()
    app = AccessTokenMiddleware(seen, resource_server=api, public="/open")

    for headers in ([], token, [(b"authorization", b"Bearer x.y.z")]):
        assert (await get(app, "/open", headers)).status == 200
    for scope in seen.scopes:
        assert isinstance(scope["user"], UnauthenticatedUser)
        assert isinstance(scope["auth"], AuthCredentials)
        assert scope["auth"].scopes == []
        assert scope[PASSAGE].principal is None
    assert len({id(scope["auth"]) for scope in seen.scopes}) == len(seen.scopes), "a list that one request may change"


@pytest.mark.parametrize("target", ["/open", "/closed"])
async def test_what_others_put_into_the_scope_is_overwritten(target: str, api: ResourceServer, token: list[Header]) -> None:
    """Another middleware may have set them, and must not vouch for a caller."""
    forged = Principal("https://evil.test", "root", roles=frozenset({"Read.All"}))
    seen = Seen()
    app = AccessTokenMiddleware(seen, resource_server=api, public="/open")

    scope = http_scope("GET", target, token, user=forged, auth=forged)
    scope[PASSAGE] = forged
    await call(app, scope)

    (given,) = seen.scopes
    assert forged not in (given["user"], given["auth"], given[PASSAGE], given[PASSAGE].principal)


async def test_a_forged_principal_opens_nothing(api: ResourceServer) -> None:
    app = Starlette(
        routes=[Route("/", requires(READ)(served))],
        middleware=[Middleware(AccessTokenMiddleware, resource_server=api)],
    )
    forged = Principal("https://evil.test", "root", roles=frozenset({"Read.All"}))

    assert (await get(app, "/", user=forged, auth=forged)).status == 401


async def test_two_gates_are_two_principals(issuer: LocalIssuer, api: ResourceServer) -> None:
    """A mounted application with a middleware of its own trusts its own issuers alone, also where it is public."""
    other = LocalIssuer("https://other.test")
    others = ResourceServer(Issuer(other.issuer, jwks=other.jwks()), "api://orders")
    late = requires(authenticated())(served)
    inner = AccessTokenMiddleware(Starlette(routes=[Route("/a", late)]), resource_server=others, public="/a")
    app = AccessTokenMiddleware(Mount("/in", app=inner), resource_server=api)
    ours = [(b"authorization", b"Bearer " + issuer.mint("reader").encode())]

    assert code_of(await get(app, "/in/a", ours)) == "unknown_issuer"


# --- scope types


async def test_other_scope_types_are_refused(api: ResourceServer) -> None:
    """The ``Principal`` is Starlette's user: https://www.starlette.io/authentication/."""
    seen = Seen()
    with pytest.raises(BearerguardError):
        await call(AccessTokenMiddleware(seen, resource_server=api), {"type": "ftp"})
    assert seen.scopes == []


@pytest.mark.parametrize("path", [None, 7, b"/orders"])
async def test_a_scope_that_cannot_be_judged_is_refused(path: object, api: ResourceServer, token: list[Header]) -> None:
    """Any exception while deciding refuses; the application is not called."""
    seen = Seen()
    answer = await call(AccessTokenMiddleware(seen, resource_server=api), http_scope("GET", "/", token, path=path))

    assert (answer.status, code_of(answer)) == (500, "internal_error")
    assert seen.scopes == []


# --- deciding fails


class Broken(ResourceServer):
    """A resource server with a defect."""

    def recall(self, token: bytes) -> Principal | None:
        raise RuntimeError("defect")


class BrokenRule(Requirement):
    def permits(self, principal: Principal) -> bool:
        raise RuntimeError("defect")

    def refusal(self, principal: Principal) -> InsufficientScope:
        raise RuntimeError("defect")


class CoroutineRule(BrokenRule):
    """An ``async def permits`` returns something truthy, whatever it means to say."""

    async def permits(self, principal: Principal) -> bool:  # type: ignore[override]
        return False

    def refusal(self, principal: Principal) -> InsufficientScope:
        return InsufficientScope(codes.REQUIREMENT_NOT_MET)


async def test_a_defect_while_verifying_refuses_and_is_logged(
    issuer: LocalIssuer, token: list[Header], caplog: pytest.LogCaptureFixture
) -> None:
    """CWE-636: an error while judging must not open the door."""
    seen = Seen()
    server = Broken(Issuer(issuer.issuer, jwks=issuer.jwks()), "api://orders")
    answer = await get(AccessTokenMiddleware(seen, resource_server=server), "/", token)

    assert (answer.status, code_of(answer)) == (500, "internal_error")
    assert seen.scopes == []
    assert "RuntimeError: defect" in caplog.text


async def test_a_defect_in_a_rule_of_the_policy_refuses(api: ResourceServer, token: list[Header]) -> None:
    seen = Seen()
    policy = PathPolicy({"/": BrokenRule()})
    answer = await get(AccessTokenMiddleware(seen, resource_server=api, policy=policy), "/", token)

    assert (answer.status, code_of(answer)) == (500, "internal_error")
    assert seen.scopes == []


@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning")
async def test_a_rule_that_answers_with_a_coroutine_permits_nothing(api: ResourceServer, token: list[Header]) -> None:
    policy = PathPolicy({"/": CoroutineRule()})
    answer = await get(AccessTokenMiddleware(Seen(), resource_server=api, policy=policy), "/", token)

    assert code_of(answer) == "requirement_not_met"


# --- refusals raised inside


async def test_an_issuer_that_is_down_is_503(issuer: LocalIssuer, token: list[Header]) -> None:
    """Never 401 for what is not the caller's fault."""

    def unreachable(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    server = ResourceServer(Issuer(issuer.issuer), "api://orders", transport=httpx.MockTransport(unreachable))
    answer = await get(AccessTokenMiddleware(Seen(), resource_server=server), "/", token)

    assert (answer.status, code_of(answer)) == (503, "issuer_unavailable")
    assert int(answer.headers["retry-after"]) >= 1
    assert "www-authenticate" not in answer.headers


REFUSED_INSIDE = [
    (InsufficientScope(codes.MISSING_SCOPE, scopes=("orders.delete",)), 403),
    (InvalidToken(codes.WRONG_TENANT), 401),
    (IssuerUnavailable("https://issuer.test", retry_after=3, last_error="down"), 503),
]


def _starlette(app: ASGIApp) -> ASGIApp:
    return Starlette(routes=[Mount("/", app=app)])


def _mounted(app: ASGIApp) -> ASGIApp:
    return Starlette(routes=[Mount("/", app=_starlette(app))])


def _swallowing(app: ASGIApp) -> ASGIApp:
    """A framework that answers every exception itself and raises nothing."""

    async def framework(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await app(scope, receive, send)
        except Exception:  # noqa: BLE001  as such frameworks do
            await PlainTextResponse("our own page", 500)(scope, receive, send)

    return framework


def _catching_all(app: ASGIApp) -> ASGIApp:
    """As people write it: a response of their own, made after the exception was handled."""

    async def catch(request: Request, call_next: RequestResponseEndpoint) -> Response:
        with contextlib.suppress(Exception):
            return await call_next(request)
        return JSONResponse({"detail": "our own page"}, 500)

    return BaseHTTPMiddleware(app, dispatch=catch)


def _in_a_task_group(app: ASGIApp) -> ASGIApp:
    async def framework(scope: Scope, receive: Receive, send: Send) -> None:
        async with anyio.create_task_group() as outer, anyio.create_task_group():
            outer.start_soon(anyio.sleep, 0)
            await app(scope, receive, send)

    return framework


def _debugging(app: ASGIApp) -> ASGIApp:
    return Starlette(debug=True, routes=[Mount("/", app=app)])


FRAMEWORKS = [lambda app: app, _starlette, _mounted, _swallowing, _debugging, _in_a_task_group]


@pytest.mark.parametrize("framework", FRAMEWORKS)
@pytest.mark.parametrize(("error", "status"), REFUSED_INSIDE)
async def test_a_refusal_raised_in_an_application_becomes_the_challenge(
    framework: Callable[[ASGIApp], ASGIApp], error: Exception, status: int, api: ResourceServer, token: list[Header]
) -> None:
    """Also raised in an endpoint, decorator or dependency; no layer in between makes a 500 of it."""
    app = AccessTokenMiddleware(framework(raising(error)), resource_server=api, undeclared="allow")
    answer = await get(app, "/", token)

    assert answer.status == status
    assert [message["type"] for message in answer.messages] == ["http.response.start", "http.response.body"]
    assert b"our own page" not in answer.body


@pytest.mark.parametrize("framework", [*FRAMEWORKS, _catching_all])
async def test_a_refusal_of_a_guard_becomes_the_challenge_whatever_is_between(
    framework: Callable[[ASGIApp], ASGIApp], api: ResourceServer, token: list[Header]
) -> None:
    routes = [Route("/", requires(role("Admin.All"))(served))]
    app = AccessTokenMiddleware(framework(Starlette(routes=routes)), resource_server=api, undeclared="allow")
    answer = await get(app, "/", token)

    assert (answer.status, code_of(answer)) == (403, "missing_role")


async def test_a_group_with_another_error_is_that_error(api: ResourceServer, token: list[Header]) -> None:
    group = ExceptionGroup("several", [InsufficientScope(codes.MISSING_ROLE), RuntimeError("a defect")])
    with pytest.raises(ExceptionGroup):
        await get(AccessTokenMiddleware(raising(group), resource_server=api), "/", token)


async def test_an_error_page_for_something_else_is_not_touched(api: ResourceServer, token: list[Header]) -> None:
    app = AccessTokenMiddleware(_swallowing(raising(RuntimeError("a defect"))), resource_server=api)
    answer = await get(app, "/", token)

    assert (answer.status, answer.body) == (500, b"our own page")


async def test_an_error_of_the_application_passes_untouched(api: ResourceServer, token: list[Header]) -> None:
    error = RuntimeError("a defect")
    with pytest.raises(RuntimeError) as caught:
        await get(AccessTokenMiddleware(raising(error), resource_server=api), "/", token)
    assert caught.value is error


async def test_what_was_begun_cannot_be_refused(api: ResourceServer, token: list[Header]) -> None:
    async def chunks() -> Any:
        yield b"one"
        raise InsufficientScope(codes.NOT_PERMITTED)

    @requires(authenticated())
    async def stream(request: Request) -> Response:
        return StreamingResponse(chunks())

    app = Starlette(routes=[Route("/", stream)], middleware=[Middleware(AccessTokenMiddleware, resource_server=api)])
    answer = Answer()
    with pytest.raises(BaseException) as caught:  # noqa: PT011  Starlette may wrap it in a group
        await call_into(answer, app, http_scope("GET", "/", token))
    assert InsufficientScope.__name__ in repr(caught.value)
    assert answer.status == 200
    assert answer.body == b"one"


async def call_into(answer: Answer, app: ASGIApp, scope: Scope) -> None:
    async def receive() -> Message:
        return {"type": "http.request", "body": b""}

    async def send(message: Message) -> None:
        answer.messages.append(message)

    await app(scope, receive, send)


# --- websockets


@pytest.mark.parametrize(("denial", "kinds"), [(True, ["start", "body"]), (False, ["close"])])
async def test_a_websocket_is_refused_before_it_is_accepted(denial: bool, kinds: list[str], api: ResourceServer) -> None:
    """The same status through websocket.http.response where the server offers it, else close code 1008."""
    seen = Seen()
    answer = await connect(AccessTokenMiddleware(seen, resource_server=api), "/", denial=denial)

    assert [message["type"].rpartition(".")[2] for message in answer.messages] == kinds
    if denial:
        assert answer.status == 401
        assert code_of(answer) == "missing_token"
        assert answer.headers["www-authenticate"] == 'Bearer realm="api"'
    else:
        assert answer.close_code == 1008
    assert seen.scopes == []
    assert answer.received == 0


ACCEPT: Message = {"type": "websocket.accept"}
TEXT: Message = {"type": "websocket.send", "text": "served"}
CLOSE: Message = {"type": "websocket.close", "code": 1000}


async def test_a_refusal_raised_before_the_websocket_is_accepted_denies_it(api: ResourceServer, token: list[Header]) -> None:
    app = AccessTokenMiddleware(raising(InsufficientScope(codes.MISSING_ROLE)), resource_server=api)

    assert (await connect(app, "/", token)).status == 403
    assert (await connect(app, "/", token, denial=False)).close_code == 1008


async def test_a_refusal_raised_afterwards_closes_it(api: ResourceServer, token: list[Header]) -> None:
    app = AccessTokenMiddleware(raising(InsufficientScope(codes.MISSING_ROLE), after=(ACCEPT, TEXT)), resource_server=api)
    answer = await connect(app, "/", token)

    assert [message["type"] for message in answer.messages] == ["websocket.accept", "websocket.send", "websocket.close"]
    assert answer.close_code == 1008
    assert answer.messages[-1]["reason"] == codes.MISSING_ROLE.description


async def test_a_websocket_that_is_closed_cannot_be_refused(api: ResourceServer, token: list[Header]) -> None:
    app = AccessTokenMiddleware(raising(InsufficientScope(codes.MISSING_ROLE), after=(ACCEPT, CLOSE)), resource_server=api)
    with pytest.raises(InsufficientScope):
        await connect(app, "/", token)


async def test_a_websocket_is_not_passed_through_unseen(api: ResourceServer, token: list[Header]) -> None:
    """Elsewhere a WebSocket scope passed through: `BaseHTTPMiddleware` does not see it."""
    app = AccessTokenMiddleware(Seen(), resource_server=api)

    assert (await connect(app, "/", [(b"authorization", b"Bearer a.b.c")])).status == 401
    assert (await connect(app, "/", token)).status == 101


# --- the table


async def test_what_no_row_names_is_refused_after_the_token_was_judged(api: ResourceServer, token: list[Header]) -> None:
    """RFC 9110 §15.5.2, §15.5.4: authentication failure outranks authorization failure."""
    seen = Seen()
    app = AccessTokenMiddleware(seen, resource_server=api, policy=PathPolicy({"GET /orders": READ}))

    for method, target in (("GET", "/nowhere"), ("POST", "/orders"), ("OPTIONS", "/orders"), ("GET", "/orders/")):
        assert code_of(await call(app, http_scope(method, target))) == "missing_token"
        answer = await call(app, http_scope(method, target, token))
        assert (answer.status, code_of(answer)) == (403, "not_permitted")
    assert code_of(await connect(app, "/orders", token)) == "not_permitted"
    assert seen.scopes == []


@pytest.mark.parametrize("target", ["/api/orders", "/orders"])
async def test_the_table_sees_the_path_that_the_router_sees(target: str, api: ResourceServer, token: list[Header]) -> None:
    """Routers strip ``root_path`` from a path that begins with it."""
    policy = PathPolicy({"/orders": role("Admin.All"), "/api/{rest:path}": PathPolicy.PUBLIC})
    app = AccessTokenMiddleware(Seen(), resource_server=api, policy=policy)

    assert code_of(await get(app, target, token, root_path="/api")) == "missing_role"


async def test_an_http_method_called_websocket_is_no_websocket(api: ResourceServer, token: list[Header]) -> None:
    app = AccessTokenMiddleware(Seen(), resource_server=api, policy=PathPolicy({"WEBSOCKET /live": PathPolicy.PUBLIC}))

    assert code_of(await call(app, http_scope("WEBSOCKET", "/live", token))) == "not_permitted"
    assert (await connect(app, "/live")).status == 101


async def test_public_is_not_asked_of_decorators_where_a_table_decides(api: ResourceServer, token: list[Header]) -> None:
    @public
    async def opened(request: Request) -> Response:
        return PlainTextResponse("opened")

    routes = [Route("/open", opened)]
    policy = PathPolicy({"/orders": READ})
    app = AccessTokenMiddleware(Starlette(routes=routes), resource_server=api, policy=policy)

    assert code_of(await get(app, "/open")) == "missing_token"
    assert code_of(await get(app, "/open", token)) == "not_permitted"


async def test_a_decorator_counts_beside_the_table(api: ResourceServer, token: list[Header]) -> None:
    routes = [Route("/a", requires(role("Admin.All"))(served))]
    app = AccessTokenMiddleware(Starlette(routes=routes), resource_server=api, policy=PathPolicy({"/a": PathPolicy.PUBLIC}))

    assert code_of(await get(app, "/a")) == "missing_token"
    assert code_of(await get(app, "/a", token)) == "missing_role"


# --- public=


@pytest.mark.parametrize("open_paths", ["/open", ["/open"], ("GET /open",), {"/open"}, iter(["/open"])])
async def test_listed_paths_need_no_token(open_paths: Any, api: ResourceServer) -> None:
    app = AccessTokenMiddleware(Seen(), resource_server=api, public=open_paths)

    assert (await get(app, "/open")).status == 200
    for target in ("/open/", "/opened", "/OPEN", "/open/x", "/x/open", "/open%0A", "/open%2F"):
        assert (await get(app, target)).status in (400, 401), target


async def test_listed_patterns_match_whole_segments(api: ResourceServer) -> None:
    app = AccessTokenMiddleware(Seen(), resource_server=api, public=["/docs/{page}", "GET /static/{path:path}"])

    for target in ("/docs/a", "/static/a/b"):
        assert (await get(app, target)).status == 200
    for target in ("/docs", "/docs/", "/docs/a/b", "/static", "/statica"):
        assert (await get(app, target)).status == 401
    assert (await call(app, http_scope("POST", "/static/a"))).status == 401


# --- options


def _app(**options: Any) -> AccessTokenMiddleware:
    server = ResourceServer(Issuer("https://issuer.test"), "api://orders")
    return AccessTokenMiddleware(**{"app": Seen(), "resource_server": server, **options})


@pytest.mark.parametrize(
    ("parameter", "options"),
    [
        ("app", {"app": None}),
        ("resource_server", {"resource_server": None}),
        ("resource_server", {"resource_server": "https://issuer.test"}),
        ("policy", {"policy": {"/orders": READ}}),
        ("public", {"public": 7}),
        ("public", {"public": ["health"]}),
        ("public", {"public": [""]}),
        ("public", {"public": [None]}),
        ("public", {"public": ["/health?x=1"]}),
        ("public", {"public": ["/{x}", "/health"]}),
        ("public", {"public": [["/health"]]}),
        ("public", {"public": "/health", "policy": PathPolicy({"/orders": READ})}),
        ("realm", {"realm": 'or"ders'}),
        ("undeclared", {"undeclared": "ignore"}),
        ("undeclared", {"undeclared": False}),
        ("disclose", {"disclose": "everything"}),
        ("resource_metadata", {"resource_metadata": "orders"}),
    ],
)
def test_a_wrong_option_is_named_when_the_middleware_is_built(parameter: str, options: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        _app(**options)
    assert caught.value.parameter == parameter


def test_options_are_keywords_and_a_misspelled_one_is_an_error() -> None:
    with pytest.raises(TypeError):
        _app(publik="/health")


# --- what is told, and to whom


async def test_the_operator_reads_why_and_the_caller_a_constant(
    api: ResourceServer, issuer: LocalIssuer, caplog: pytest.LogCaptureFixture
) -> None:
    """Errors have two texts; neither shows the token or the query (CWE-532)."""
    caplog.set_level(logging.DEBUG, "bearerguard")
    token = issuer.mint("reader", audience="api://secret-project")
    answer = await get(AccessTokenMiddleware(Seen(), resource_server=api), "/a?q=hidden", _bearer(token))

    assert "api://secret-project" in caplog.text
    assert b"secret-project" not in answer.body + str(answer.headers).encode()
    assert token not in caplog.text
    assert token.rpartition(".")[2] not in caplog.text
    assert "hidden" not in caplog.text


async def test_paths_and_methods_are_logged_escaped_and_cut(api: ResourceServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "bearerguard")
    await call(
        AccessTokenMiddleware(Seen(), resource_server=api), http_scope("M" * 500 + "\n", "/" + "p" * 500 + "%0Aforged: line")
    )

    assert "forged" not in caplog.text
    assert all(len(record.getMessage()) < 400 for record in caplog.records)
    assert all("\n" not in record.getMessage() for record in caplog.records)


async def test_paths_are_not_logged_above_debug(api: ResourceServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "bearerguard")
    await get(AccessTokenMiddleware(Seen(), resource_server=api), "/customers/4711")

    assert "4711" not in caplog.text
    assert "missing_token" in caplog.text


@pytest.mark.parametrize("target", ["/", "/endpoint"])
async def test_each_refusal_is_reported_once(target: str, issuer: LocalIssuer, token: list[Header]) -> None:
    events: list[str] = []
    server = ResourceServer(
        Issuer(issuer.issuer, jwks=issuer.jwks()), "api://orders", on_event=lambda event: events.append(event.code)
    )
    routes = [Route("/endpoint", requires(role("Admin.All"))(served))]
    app = AccessTokenMiddleware(Starlette(routes=routes), resource_server=server)

    await get(app, target, token if target == "/endpoint" else [])

    assert [code for code in events if code] == ["missing_role" if target == "/endpoint" else "missing_token"]


async def test_disclosing_nothing_is_quiet_for_every_refusal(api: ResourceServer, token: list[Header]) -> None:
    routes = [Route("/", requires(role("Admin.All"))(served))]
    app = AccessTokenMiddleware(Starlette(routes=routes), resource_server=api, disclose="none", realm="orders")
    answer = await get(app, "/", token)

    assert answer.status == 403
    assert set(json.loads(answer.body)) == {"error", "error_description"}
    assert "role" not in answer.headers["www-authenticate"]
    assert answer.headers["www-authenticate"].startswith('Bearer realm="orders"')


async def test_headers_of_a_refusal_are_its_own(api: ResourceServer) -> None:
    """A middleware further out adds headers to the list it is given; the next refusal must not have them."""

    def adding(app: ASGIApp) -> ASGIApp:
        async def added(scope: Scope, receive: Receive, send: Send) -> None:
            async def send_more(message: Message) -> None:
                if message["type"] == "http.response.start":
                    message["headers"].append((b"x-added", b"1"))
                await send(message)

            await app(scope, receive, send_more)

        return added

    app = adding(AccessTokenMiddleware(Seen(), resource_server=api))
    for _ in range(3):
        assert (await get(app, "/")).headers["x-added"] == "1"


async def test_a_401_names_the_scopes_that_the_middleware_was_given(api: ResourceServer, issuer: LocalIssuer) -> None:
    """MCP 2026-07-28, Scope Selection Strategy: a client asks for the scopes of the challenge before any others."""
    app = AccessTokenMiddleware(Seen(), resource_server=api, challenge_scopes=["orders.read"])

    for headers in ([], _bearer("no.token.atall"), _bearer(issuer.mint("reader", audience="api://bills"))):
        assert (await get(app, "/", headers)).headers["www-authenticate"].endswith(', scope="orders.read"')


async def test_cancelling_is_not_refusing(api: ResourceServer, token: list[Header]) -> None:
    """Only exceptions are judged: a cancelled request ends."""

    async def cancelled(scope: Scope, receive: Receive, send: Send) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await get(AccessTokenMiddleware(cancelled, resource_server=api), "/", token)


def _bearer(token: str) -> list[Header]:
    return [(b"authorization", b"Bearer " + token.encode())]

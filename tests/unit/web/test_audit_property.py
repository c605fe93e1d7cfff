"""Whatever the routes and the rows: what the audit says of a route is what happens to each of its requests."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import anyio
from fastapi import APIRouter, FastAPI
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.convertors import Convertor, register_url_convertor
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import PARAM_REGEX, Host, Mount, Route, Router, WebSocketRoute
from starlette.types import ASGIApp
from starlette.websockets import WebSocket

from bearerguard import (
    AccessTokenMiddleware,
    ConfigurationError,
    PathPolicy,
    Principal,
    ResourceServer,
    audit,
    authenticated,
    public,
    requires,
    role,
)
from bearerguard.authorization.policy_row import Public
from bearerguard.events import Listeners
from bearerguard.web.route_table import AuditedRoute
from support.asgi import Answer, call, http_scope, websocket_scope

READ, WRITE = role("Read.All"), role("Write.All")
ACCESSES: dict[str, Any] = {
    "open": PathPolicy.PUBLIC,
    "optional": PathPolicy.OPTIONAL,
    "any": authenticated(),
    "read": READ,
    "write": WRITE,
}
CALLERS = {
    b"none": Principal("https://issuer.test", "1", None, None, frozenset(), frozenset()),
    b"read": Principal("https://issuer.test", "2", None, None, frozenset({"Read.All"}), frozenset()),
    b"both": Principal("https://issuer.test", "3", None, None, frozenset({"Read.All", "Write.All"}), frozenset()),
}
ANYBODY = [None, *CALLERS]
UUID, DIGITS = "8f3c1d52-0b6e-4c49-9d55-2f1f6a0f3b11", "1" * 32


class _Known(ResourceServer):
    """Knows the callers by name."""

    def __init__(self) -> None:
        """Trusts no issuer."""
        self._listeners = Listeners()

    def recall(self, token: bytes) -> Principal | None:
        return CALLERS[token]


KNOWN = _Known()


def converter(regex: str) -> Convertor[str]:
    class Custom(Convertor[str]):
        def convert(self, value: str) -> str:
            return value

        def to_string(self, value: str) -> str:
            raise NotImplementedError

    Custom.regex = regex
    return Custom()


register_url_convertor("auditslug", converter("[a-z0-9]+(?:-[a-z0-9]+)*"))
register_url_convertor("auditstamp", converter("[0-9]+(.[0-9]+)?"))  # as in Starlette's documentation: the dot takes a slash
register_url_convertor("auditmaybe", converter("[a-z]*"))

TEXTS = {
    "str": ["a", "b", "latest", "7", "7.5", UUID, DIGITS, "v7", "v", "..", "{x}", "é"],
    "int": ["7", "8", DIGITS],
    "float": ["7", "7.5", "8.5", DIGITS],
    "uuid": [UUID, DIGITS],
    "path": ["", "a", "a/b", "7", "7/", "/", "a/7/b", "latest", "../a", "m/a"],
    "auditslug": ["a", "a-b", "7", DIGITS, "latest"],
    "auditstamp": ["7", "7.5", "7/5", "8"],
    "auditmaybe": ["", "a", "latest"],
}
PARAMETER = st.sampled_from([f"{{x:{name}}}" for name in TEXTS] + ["{x}"])
MIXED = st.sampled_from(["v{x}", "v{x:int}", "{x:int}.5", "{x:int}{y:int}", "{x}-{y}", "a{x:path}", "{x:auditmaybe}7"])
LITERAL = st.sampled_from(["a", "b", "m", "7", "latest", "", "v7"])
ROW_SEGMENT = LITERAL | st.sampled_from(["{x}", "{x:int}", "{x:float}", "{x:uuid}", UUID, DIGITS, "7.5", "a-b", "87"])


def numbered(segments: list[str]) -> str:
    """A template in which no two parameters have one name."""
    return "".join("/" + text.replace("{x", f"{{x{at}").replace("{y", f"{{y{at}") for at, text in enumerate(segments))


TEMPLATES = st.lists(LITERAL | PARAMETER | MIXED, min_size=1, max_size=3).map(numbered)
PREFIXES = st.lists(st.sampled_from(["a", "m", "{x}", "{x:int}", "{x:path}", "{x:auditstamp}"]), max_size=2).map(
    lambda segments: numbered(segments).replace("{x", "{m")
)
METHODS = ["GET", "POST", "WEBSOCKET", "BREW"]
ROWS = st.builds(
    lambda methods, segments, rest: f"{methods} {numbered([*segments, *rest])}".strip(),
    st.sampled_from(["", "", "GET", "POST", "GET,POST", "WEBSOCKET"]),
    st.lists(ROW_SEGMENT, min_size=1, max_size=3),
    st.sampled_from([[], [], [], ["{rest:path}"]]),
)


@dataclass(frozen=True)
class Served:
    """A route: its path, how it is reached, what its endpoint declares."""

    template: str
    method: str
    declares: str | None
    prefix: str | None = None
    wrap: str = "mount"
    outer: str | None = None


SERVED = st.builds(
    Served,
    TEMPLATES,
    st.sampled_from(METHODS),
    st.sampled_from([None, None, "open", "read"]),
    st.none() | PREFIXES,
    st.sampled_from(["mount", "app", "fastapi", "host"]),
    st.sampled_from([None, None, None, "open", "write"]),
)


def declared(target: Any, access: str | None) -> Any:
    if access is None:
        return target
    return public(target) if access == "open" else requires(ACCESSES[access])(target)


def route_of(served: Served, name: str, *, guarded: bool) -> Any:
    async def answer(request: Request) -> Response:
        return PlainTextResponse(name)

    async def speak(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.send_text(name)
        await websocket.close()

    endpoint: Any = speak if served.method == "WEBSOCKET" else answer
    endpoint.__qualname__ = name
    endpoint = declared(endpoint, served.declares if guarded else None)
    made: Any
    if served.method == "WEBSOCKET":
        made = WebSocketRoute(served.template, endpoint)
    else:
        made = Route(served.template, endpoint, methods=[served.method])
    if served.prefix is None:
        return made
    around: Any
    if served.wrap == "host":
        around = Host("{name}.test", Router([made]))
    elif served.wrap == "mount":
        around = Mount(served.prefix, routes=[made])
    else:
        around = Mount(served.prefix, app=(Starlette if served.wrap == "app" else FastAPI)(routes=[made]))
    return declared(around, served.outer if guarded else None)


def starlette(routes: list[Any], middleware: list[Middleware]) -> ASGIApp:
    return Starlette(routes=routes, middleware=middleware)


def fastapi(routes: list[Any], middleware: list[Middleware]) -> ASGIApp:
    app = FastAPI(openapi_url=None, middleware=middleware)
    if all(getattr(route, "path", "/") for route in routes):
        app.include_router(APIRouter(routes=routes))
    else:  # no router with a Mount("") can be included
        app.router.routes.extend(routes)
    return app


def rules(texts: list[tuple[str, str]], kind: str) -> dict[str, Any]:
    """Options of a middleware, of those rows that do not overlap."""
    rows: dict[str, Any] = {}
    for text, access in texts:
        more = {**rows, text: ACCESSES[access if kind == "policy" else "open"]}
        try:
            PathPolicy(more)
        except ConfigurationError:
            continue
        rows = more
    if kind == "policy":
        return {"policy": PathPolicy(rows or {"/nothing": READ})}
    return {"public": list(rows), "undeclared": "allow"}


def filled(template: str, draw: Callable[[st.SearchStrategy[str]], str]) -> str:
    return PARAM_REGEX.sub(lambda found: draw(st.sampled_from(TEXTS[(found.group(2) or ":str")[1:]])), template)


async def answered(app: ASGIApp, method: str, path: str, token: bytes | None) -> str:
    """The name of the route that served the request; empty where none did."""
    headers = [(b"host", b"a.test")] + ([] if token is None else [(b"authorization", b"Bearer " + token)])
    scope = websocket_scope("/", headers) if method == "WEBSOCKET" else http_scope(method, "/", headers)
    answer: Answer = await call(app, {**scope, "path": path})
    texts = [message.get("text", "") for message in answer.messages if message["type"] == "websocket.send"]
    return "".join(texts) if method == "WEBSOCKET" else answer.body.decode() if answer.status == 200 else ""


def lets_through(row: AuditedRoute, token: bytes | None) -> bool:
    if isinstance(row.access, Public):
        return row.access is Public.PUBLIC or token is None or token in CALLERS
    if row.decided_by == "no row" or token is None:
        return False
    return row.access is None or row.access.permits(CALLERS[token])


def rows_for(rows: tuple[AuditedRoute, ...], name: str, method: str) -> Iterator[AuditedRoute]:
    for row in rows:
        if row.endpoint.endswith(f".{name}") and method in row.methods:
            yield row


@given(
    st.lists(SERVED, min_size=1, max_size=3),
    st.lists(st.tuples(ROWS, st.sampled_from(sorted(ACCESSES))), max_size=6),
    st.sampled_from([["policy"], ["policy"], ["public"], ["public"], ["policy", "public"], ["public", "policy"], ["policy"] * 2]),
    st.sampled_from([starlette, fastapi]),
    st.data(),
)
def test_what_the_audit_says_is_what_happens(
    routes: list[Served], texts: list[tuple[str, str]], kinds: list[str], application: Any, data: st.DataObject
) -> None:
    # of two middlewares, each has all rows that do not overlap an earlier one, from its end of the list
    options = [rules(found, kind) for found, kind in zip([texts, texts[::-1]], kinds, strict=False)]
    guards = [Middleware(AccessTokenMiddleware, resource_server=KNOWN, **one) for one in options]
    bare = application([route_of(one, f"endpoint{at}", guarded=False) for at, one in enumerate(routes)], [])
    app = application([route_of(one, f"endpoint{at}", guarded=True) for at, one in enumerate(routes)], guards)
    said = audit(app)

    async def check(method: str, path: str) -> None:
        name = await answered(bare, method, path, None)
        if not name:
            return
        rows = list(rows_for(said, name, method))
        assert rows
        assert [row.in_part for row in rows] == [len(rows) > 1] * len(rows)
        happens = [await answered(app, method, path, caller) == name for caller in ANYBODY]
        if {".", ".."}.isdisjoint(path.split("/")):
            assert happens in [[lets_through(row, caller) for caller in ANYBODY] for row in rows], (method, path, rows)
        elif "policy" in kinds:  # no row names such a path
            assert not any(happens)

    for one in routes:
        for template in (one.template, (one.prefix or "") + one.template):
            for _ in range(4):
                anyio.run(check, one.method, filled(template, data.draw))
        for text, _ in texts:
            anyio.run(check, one.method, filled(text.rpartition(" ")[2], data.draw))

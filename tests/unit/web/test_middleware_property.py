"""Any request at all: a documented refusal, never an error, and the application never sees it."""

import json

import anyio
from hypothesis import example, given
from hypothesis import strategies as st
from starlette.types import Receive, Scope, Send

from bearerguard import AccessTokenMiddleware, Issuer, PathPolicy, ResourceServer, role
from bearerguard.error_codes import ALL_CODES
from support.asgi import call, http_scope, websocket_scope

SERVER = ResourceServer(Issuer("https://issuer.test", jwks_uri="https://issuer.test/jwks"), "api://orders")
DOCUMENTED = {code.code: code for code in ALL_CODES if code.status in (400, 401)}

schemes = st.sampled_from([b"Bearer ", b"bearer\t", b"Bearer", b"Basic ", b"", b"Bearer  ", b"DPoP "])
values = st.one_of(st.binary(max_size=60), st.builds(bytes.__add__, schemes, st.binary(max_size=60)))
names = st.sampled_from([b"authorization", b"authorization", b"x-authorization", b"cookie", b"host"])
paths = st.one_of(
    st.text(max_size=20), st.text(max_size=20).map("/".__add__), st.sampled_from(["/health\n", "/health/", "//health"])
)


async def unreachable(scope: Scope, receive: Receive, send: Send) -> None:
    raise NotImplementedError(scope["path"])


def connection(kind: str, headers: list[tuple[bytes, bytes]], method: str, path: str) -> Scope:
    made = websocket_scope("/", headers) if kind == "websocket" else http_scope(method, "/", headers)
    return {**made, "path": path, "root_path": "/api" if path.startswith("/a") else ""}


HEADERS = st.lists(st.tuples(names, values), max_size=4)
CONNECTIONS = st.builds(connection, st.sampled_from(["http", "websocket"]), HEADERS, st.text(max_size=8), paths)
FORMS = [
    AccessTokenMiddleware(unreachable, resource_server=SERVER),
    AccessTokenMiddleware(unreachable, resource_server=SERVER, public="/a-path-that-is-longer-than-those-made"),
    AccessTokenMiddleware(unreachable, resource_server=SERVER, policy=PathPolicy({"/{x:path}": role("Read.All")})),
]


@given(st.sampled_from(FORMS), CONNECTIONS)
@example(FORMS[0], connection("http", [(b"authorization", b"Bearer a.b.c")], "GET", "/\ud800"))
def test_any_request_without_a_good_token_is_refused_with_a_documented_code(app: AccessTokenMiddleware, scope: Scope) -> None:
    answer = anyio.run(call, app, scope)

    assert answer.received == 0
    assert answer.headers["www-authenticate"].startswith("Bearer ")
    if scope.get("method") == "HEAD":
        assert answer.body == b""
    else:
        assert answer.status == DOCUMENTED[json.loads(answer.body)["code"]].status

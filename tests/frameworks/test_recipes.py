"""Recipes of samples/ that need packages of their own, unmodified and on real sockets: what is judged is what is served."""

import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect

from bearerguard.testing import AccessTokens, stand_in
from support.sample_files import sample
from support.servers import serve

pytestmark = [pytest.mark.frameworks, pytest.mark.socket]

PATIENCE = 20


class Served:
    """A recipe on a socket, and who gives its tokens."""

    def __init__(self, http: httpx.Client, tokens: AccessTokens) -> None:
        self.http, self.tokens = http, tokens

    def bearer(self, **token: Any) -> dict[str, str]:
        return {"authorization": f"Bearer {self.tokens(**token)}"}

    @contextmanager
    def websocket(self, target: str, headers: dict[str, str], *protocols: str) -> Iterator[ClientConnection]:
        url = f"{self.http.base_url}{target}".replace("http://", "ws://", 1)
        chosen: Any = protocols or None
        with connect(url, additional_headers=headers, subprotocols=chosen, proxy=None, open_timeout=PATIENCE) as websocket:
            yield websocket


@contextmanager
def served(name: str) -> Iterator[Served]:
    module = sample(f"recipes.{name}")
    with (
        stand_in(module.api) as issuers,
        serve(module.app) as url,
        httpx.Client(base_url=url, trust_env=False, timeout=90) as http,
    ):
        yield Served(http, AccessTokens(issuers))


# --- GraphQL


@pytest.fixture(scope="module")
def graphql(needed: Callable[[str], Any]) -> Iterator[Served]:
    needed("strawberry")
    with served("graphql_api") as recipe:
        yield recipe


def ask(recipe: Served, query: str, **token: Any) -> httpx.Response:
    return recipe.http.post("/graphql", json={"query": query}, headers=recipe.bearer(**token) if token else {})


def test_an_operation_needs_a_token(graphql: Served) -> None:
    assert ask(graphql, "{ orders { item } }").status_code == 401
    assert ask(graphql, "{ orders { item } }", client_id="shop").json() == {"data": {"orders": [{"item": "tea"}]}}


def test_a_field_needs_its_role_under_any_alias(graphql: Served) -> None:
    query = "{ orders { item, cheap: margin, dear: margin } again: orders { ...f } } fragment f on Order { margin }"

    clerk = ask(graphql, query, roles=["Clerk"]).json()
    assert clerk["data"] == {"orders": [{"item": "tea", "cheap": None, "dear": None}], "again": [{"margin": None}]}
    assert {error["message"] for error in clerk["errors"]} == {"Only accountants see this field"}
    assert ask(graphql, query, roles=["Accountant"]).json()["data"]["again"] == [{"margin": 0.4}]


@pytest.mark.parametrize(
    ("method", "target"), [("GET", "/graphql?query={orders{item}}"), ("POST", "/graphql/"), ("POST", "//graphql"), ("POST", "/x")]
)
def test_the_same_schema_is_served_at_no_other_place(graphql: Served, method: str, target: str) -> None:
    """Strawberry's application answers at any path; the table has one."""
    url = f"{graphql.http.base_url}{target}"
    body = {"query": "{ orders { item } }"} if method == "POST" else None

    assert graphql.http.request(method, url, json=body, headers=graphql.bearer(client_id="shop")).status_code in {400, 403}


def subscribed(websocket: ClientConnection, payload: dict[str, Any] | None = None) -> dict[str, Any]:
    """The first message about a subscription."""
    websocket.send(json.dumps({"type": "connection_init", "payload": payload or {}}))
    assert json.loads(websocket.recv(PATIENCE))["type"] == "connection_ack"
    query = {"query": "subscription { takings }"}
    websocket.send(json.dumps({"type": "subscribe", "id": "1", "payload": query}))
    message: dict[str, Any] = json.loads(websocket.recv(PATIENCE))
    return message


def test_a_subscription_is_the_callers_of_the_handshake(graphql: Served) -> None:
    """A token in `connection_init` says nothing: whoever passes one on has not been judged by it."""
    accountant = graphql.bearer(roles=["Accountant"], client_id="books")
    with graphql.websocket("/graphql", accountant, "graphql-transport-ws") as websocket:
        assert subscribed(websocket)["payload"]["data"] == {"takings": "books: 12.50"}
    with graphql.websocket("/graphql", graphql.bearer(roles=["Clerk"]), "graphql-transport-ws") as websocket:
        refused = subscribed(websocket, accountant)
    assert "12.50" not in json.dumps(refused)
    assert "The access token does not permit this request" in json.dumps(refused)


def test_a_subscription_without_a_token_is_refused_at_the_handshake(graphql: Served) -> None:
    with pytest.raises(InvalidStatus) as refused, graphql.websocket("/graphql", {}, "graphql-transport-ws"):
        pass
    assert refused.value.response.status_code == 401


# --- Socket.IO


@pytest.fixture(scope="module")
def socket_io(needed: Callable[[str], Any]) -> Iterator[Served]:
    needed("socketio")
    with served("socketio_server") as recipe:
        yield recipe


def opened(websocket: ClientConnection) -> str:
    """The id of Engine.IO's connection, which its handshake ends with."""
    return str(json.loads(str(websocket.recv(PATIENCE)).removeprefix("0"))["sid"])


@contextmanager
def socket_io_connection(recipe: Served, headers: dict[str, str], target: str = "/socket.io/", auth: str = "") -> Iterator[Any]:
    """A connection as Socket.IO's own clients open it: Engine.IO's handshake, then that of the namespace."""
    with recipe.websocket(f"{target}?EIO=4&transport=websocket", headers) as websocket:
        assert opened(websocket)
        websocket.send(f"40{auth}")
        assert str(websocket.recv(PATIENCE)).startswith("40{")
        yield websocket


def acknowledged(websocket: Any, order: int) -> Any:
    websocket.send(f'421["cancel_order",{order}]')
    return json.loads(str(websocket.recv(PATIENCE)).removeprefix("431"))


@pytest.mark.parametrize("target", ["/socket.io/", "/socket.io"])
def test_an_event_needs_the_role_of_the_handshakes_caller(socket_io: Served, target: str) -> None:
    writer, reader = socket_io.bearer(roles=["Write.All"], client_id="shop"), socket_io.bearer(roles=["Read.All"])
    claimed = json.dumps({"token": writer["authorization"].removeprefix("Bearer ")})

    with socket_io_connection(socket_io, writer, target) as websocket:
        assert acknowledged(websocket, 3) == [{"cancelled": 3, "by": "shop"}]
    with socket_io_connection(socket_io, reader, target, auth=claimed) as websocket:  # `auth` of the client decides nothing
        assert acknowledged(websocket, 3) == [{"error": "not permitted"}]


def test_nobody_joins_the_connection_of_another_caller(socket_io: Served) -> None:
    """An upgrade that names a connection which is a websocket already."""
    owner, other = socket_io.bearer(roles=["Write.All"]), socket_io.bearer(client_id="mallory")
    with socket_io.websocket("/socket.io/?EIO=4&transport=websocket", owner) as websocket:
        target = f"/socket.io/?EIO=4&transport=websocket&sid={opened(websocket)}"
        with pytest.raises(InvalidStatus), socket_io.websocket(target, other):
            pass
        websocket.send("40")
        assert str(websocket.recv(PATIENCE)).startswith("40{")


def test_a_handshake_without_a_token_is_refused(socket_io: Served) -> None:
    with pytest.raises(InvalidStatus) as refused, socket_io.websocket("/socket.io/?EIO=4&transport=websocket", {}):
        pass
    assert refused.value.response.status_code == 401


@pytest.mark.parametrize("target", ["/socket.io", "/socket.io/", "/socket.io/x", "//socket.io/", "/SOCKET.IO/", "/"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_there_is_no_polling_at_any_path(socket_io: Served, method: str, target: str) -> None:
    """Engine.IO serves all that begins with its path; each reading of it is refused, or has no polling."""
    url = f"{socket_io.http.base_url}{target}?EIO=4&transport=polling"

    assert socket_io.http.request(method, url, headers=socket_io.bearer(roles=["Write.All"])).status_code in {400, 403}
    assert socket_io.http.request(method, url).status_code in {400, 401, 403}


def test_with_polling_the_engine_would_serve_a_callers_connection_to_another(needed: Callable[[str], Any]) -> None:
    """Why the recipe has websockets only. If this fails, Engine.IO has begun to check, and the recipe may be simpler."""
    socketio, module = needed("socketio"), sample("recipes.socketio_server")
    from bearerguard import AccessTokenMiddleware, PathPolicy, authenticated

    server = socketio.AsyncServer(async_mode="asgi")
    table = PathPolicy({"/socket.io": authenticated(), "/socket.io/": authenticated()})
    app = AccessTokenMiddleware(socketio.ASGIApp(server), resource_server=module.api, policy=table)
    with stand_in(module.api) as issuers, serve(app) as url, httpx.Client(base_url=url, trust_env=False) as http:
        tokens = AccessTokens(issuers)
        owner, other = ({"authorization": f"Bearer {tokens(client_id=one)}"} for one in ("shop", "mallory"))
        opened = http.get("/socket.io/?EIO=4&transport=polling", headers=owner)
        sid = json.loads(opened.text[1:])["sid"]
        posted = http.post(f"/socket.io/?EIO=4&transport=polling&sid={sid}", headers=other, content="40")

    assert posted.status_code == 200


# --- server-sent events


def test_events_are_the_callers_and_end_with_the_token(needed: Callable[[str], Any]) -> None:
    needed("sse_starlette")
    with served("server_sent_events") as recipe:
        assert recipe.http.get("/news").status_code == 401
        assert recipe.http.get("/news", headers=recipe.bearer()).status_code == 403
        lines: list[str] = []
        for seconds in (2, 5, 15, 60):  # on a busy machine the first ones may be over before the request is judged
            ends = int(time.time()) + seconds - sample("recipes.server_sent_events").LEEWAY
            ending = recipe.bearer(scopes=["orders.read"], client_id="shop", claims={"exp": int(ends)})
            with recipe.http.stream("GET", "/news", headers=ending) as stream:
                lines = list(stream.iter_lines())  # the server ends the stream: its source of events never would
            if "data: an order of shop" in lines:
                break

    assert "data: an order of shop" in lines
    assert len([line for line in lines if line.startswith("data: ")]) == 1


# --- rate limits


def test_each_caller_has_a_limit_of_its_own(needed: Callable[[str], Any]) -> None:
    needed("slowapi")
    with served("rate_limits") as recipe:

        def status(forwarded: str = "", **token: Any) -> int:
            headers = recipe.bearer(roles=["Read.All"], **token) | ({"x-forwarded-for": forwarded} if forwarded else {})
            return recipe.http.get("/orders", headers=headers).status_code

        assert [status(client_id="shop") for _ in range(3)] == [200, 200, 429]
        assert status("192.0.2.7", client_id="shop") == 429  # an address that the caller made up
        assert status(client_id="books") == 200
        assert [status(client_id="shop", user=user) for user in ("alice", "bob", "alice")] == [200, 200, 200]


def test_who_is_refused_uses_up_nobodys_limit(needed: Callable[[str], Any]) -> None:
    needed("slowapi")
    with served("rate_limits") as recipe:
        refused = [recipe.http.get("/orders", headers=recipe.bearer(client_id="guest")).status_code for _ in range(4)]
        assert refused == [403] * 4
        assert recipe.http.get("/orders", headers=recipe.bearer(client_id="guest", roles=["Read.All"])).status_code == 200


# --- an admin panel


@pytest.fixture(scope="module")
def admin(needed: Callable[[str], Any]) -> Iterator[Served]:
    needed("sqladmin")
    with served("admin_panel") as recipe:
        yield recipe


def gateway(recipe: Served, **token: Any) -> dict[str, str]:
    """What the gateway adds to the requests of a person who has signed in."""
    return {"Cf-Access-Jwt-Assertion": recipe.tokens(**token)}


PANEL = (
    "/admin",
    "/admin/",
    "/admin/order/list",
    "/admin/order/create",
    "/admin/statics/css/main.css",
    "/admin/order/export/csv",
)


@pytest.mark.parametrize("target", PANEL)
def test_the_panel_is_for_administrators(admin: Served, target: str) -> None:
    assert admin.http.get(target).status_code == 401
    assert admin.http.get(target, headers=gateway(admin, roles=["Orders.Reader"])).status_code == 403
    answer = admin.http.get(target, headers=gateway(admin, roles=["Orders.Admin"]), follow_redirects=True)
    assert answer.status_code == 200


def test_an_administrator_works_in_it(admin: Served) -> None:
    headers = gateway(admin, roles=["Orders.Admin"])

    assert admin.http.post("/admin/order/create", data={"item": "tea"}, headers=headers).status_code == 302
    listed = admin.http.get("/admin/order/list", headers=headers).text
    assert re.search(r">\s*tea\s*<", listed)
    assert admin.http.delete("/admin/order/delete?pks=1", headers=gateway(admin)).status_code == 403
    assert admin.http.delete("/admin/order/delete?pks=1", headers=headers).status_code == 200


@pytest.mark.parametrize(
    "target",
    ["//admin/", "/admin//order/list", "/./admin/", "/x/../admin/", "/admin%2Forder/list", "/%61dmin/", "/ADMIN/", "/admin;x/"],
)
def test_no_spelling_of_the_path_gets_past(admin: Served, target: str) -> None:
    """Neither without a token nor with that of somebody else."""
    import socket
    from urllib.parse import urlsplit

    host, _, port = urlsplit(str(admin.http.base_url)).netloc.partition(":")
    for header in ("x: y", f"Cf-Access-Jwt-Assertion: {admin.tokens(roles=['Orders.Reader'])}"):
        with socket.create_connection((host, int(port)), timeout=PATIENCE) as plain:
            plain.sendall(f"GET {target} HTTP/1.1\r\nHost: admin.test\r\n{header}\r\nConnection: close\r\n\r\n".encode())
            status = int(plain.makefile("rb").readline().split()[1])
        assert status in {400, 401, 403}, (target, header)


def test_a_bearer_token_is_not_what_the_gateway_adds(admin: Served) -> None:
    assert admin.http.get("/admin/", headers=admin.bearer(roles=["Orders.Admin"])).status_code == 401

"""Whatever a client sends, nothing is served that the policy refuses for what is served."""

from collections.abc import Callable
from typing import Final

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from frameworks.hostile_paths import HOSTILE
from gateways.conftest import Gateway
from gateways.proxies import SECRET
from gateways.served import CALLERS, check
from gateways.wire import HANDSHAKE, Reply, ask, conversation, open_over_http2

pytestmark = [pytest.mark.gateways, pytest.mark.socket]

Bearer = Callable[[str], dict[str, str]]

FORMS: Final = (
    *("http://orders.test/open/x", "http://evil.test/files/x", "http://orders.test//files/x", "https:/files/x", "http:files/x"),
    *("*", "orders.test:80", "files/x", "", "?/open/x", "\\files\\x", "//evil.test/open/x"),
    *("/_judge", "/judge", "/judge/open/x", "/judge/../open/x", "/ready", "/keys"),
    *(
        "/open/x#/../../files/x",
        "/files/x#/public",
        "/open#/files/x",
        "/files/x?/public",
        "/files/x%3F/public",
        "/open?/../files/x",
    ),
    *(
        "/open/%2e%2e;/files/x",
        "/open/.%2e/files/x",
        "/open/..%00/files/x",
        "/open/..%0d%0a/files/x",
        "/open/%c0%ae%c0%ae/files/x",
    ),
    *(
        "/open/x/..\\..\\files\\x",
        "/open/%u002e%u002e/files/x",
        "/open/..%c0%af../files/x",
        "/files/x/..;/x/public",
        "/;/files/x",
    ),
    *("/open/./../files/x", "/open/...//files/x", "/files/x/public/..", "/files/x/public/../", "/files/x/public/%2e%2e/"),
)
PATHS: Final = (*HOSTILE, *FORMS)
HTTP2: Final = frozenset({"caddy", "traefik", "envoy"})  # without TLS, to clients that begin with it
METHODS: Final = ("GET", "HEAD", "POST", "OPTIONS", "PUT", "TRACE", "CONNECT", "WEBSOCKET", "get", "PROPFIND", "DEBUG")
H2C: Final = {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c", "HTTP2-Settings": "AAMAAABkAARAAAAAAAIAAAAA"}
ODD_NAMES: Final = ("Bearerguard-Principal ", " Bearerguard-Principal", "Bearerguard-Principal\t", "Bearerguard\x00-Principal")
NAMES: Final = ("Bearerguard-Principal", "Bearerguard_Principal", "bearerguard-principal", "BEARERGUARD_PRINCIPAL")
TOLD: Final = ("X-Original-URI", "X-Original-Method", "X-Forwarded-Uri", "X-Forwarded-Method", "X-Envoy-Original-Path")
OVERRIDING: Final = (
    *("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "X-Original-URL", "X-Rewrite-URL"),
    *("Script-Name", "Path-Info", "X-Script-Name", "X-Forwarded-Script-Name", "X-Vhm-Root"),
)
HEADERS: Final[tuple[dict[str, str], ...]] = (
    *({name: '{"client_id":"writer","roles":["Write.All"]}'} for name in (*NAMES, *ODD_NAMES)),
    *({name: value} for name in TOLD for value in ("/open/x", "GET", "HEAD")),
    dict.fromkeys(TOLD, "/open/x") | {"Bearerguard-Secret": SECRET},
    dict.fromkeys(TOLD, "/open/x")
    | {"Bearerguard-Secret": "guessed", "X-Forwarded-Host": "open.test", "X-Forwarded-Prefix": "/open"},
    *({name: value} for name in OVERRIDING for value in ("DELETE", "/files/x")),
    *({name.replace("-", "_"): "POST"} for name in OVERRIDING),
    *({name: "/open"} for name in ("X-Forwarded-Prefix", "X_Forwarded_Prefix", "X-Forwarded_Prefix")),
    *({"Connection": f"close, {name}"} for name in (*NAMES[:1], *TOLD, "Bearerguard-Secret", "Authorization", "Host", "Cookie")),
    H2C,
    H2C | {"Upgrade": "websocket, h2c"},
    H2C | {"Upgrade": "h2c, websocket"},
    {"Connection": "Upgrade", "Upgrade": "websocket"},
    {"Upgrade": "websocket", **dict(HANDSHAKE[2:])},
    {"Connection": "keep-alive", **dict(HANDSHAKE[1:])},
    dict(HANDSHAKE[2:]),
    dict(HANDSHAKE) | {"Upgrade": "WebSocket"},
    dict(HANDSHAKE) | {"Connection": "Upgrade, Sec-WebSocket-Key"},
    {"X-Any": "{env.GATEWAY_SECRET} {http.request.header.Bearerguard-Secret} $http_bearerguard_secret %REQ(bearerguard-secret)%"},
    {"X-Forwarded-For": "127.0.0.1", "X-Real-IP": "127.0.0.1", "Forwarded": "for=127.0.0.1;host=open.test"},
)


@pytest.mark.parametrize("caller", CALLERS)
def test_a_hostile_path_gets_at_nothing(gateway: Gateway, bearer: Bearer, caller: str) -> None:
    """The table of the framework tests, and what proxies read in ways of their own."""
    headers = {} if caller == "nobody" else bearer(caller)
    for target in PATHS:
        check(gateway, ask(gateway.port, target, headers), caller, target)


def test_honest_requests_are_served_all_the_same(gateway: Gateway, bearer: Bearer) -> None:
    """Else the tests above would pass behind a proxy that refuses everything."""
    for target in (
        "/files",
        "/open/x",
        "/open/a%20b/c%C3%A9",
        "/files/x/public",
        "/open/a.b/..c",
        "/%66iles",
        "/open/x?y=/../files;z",
    ):
        reply = ask(gateway.port, target, bearer("reader"))
        assert (reply.status, len(check(gateway, reply, "reader", target))) == (200, 1), target


@pytest.mark.parametrize("caller", CALLERS)
def test_a_hostile_header_gets_at_nothing(gateway: Gateway, bearer: Bearer, caller: str) -> None:
    headers = {} if caller == "nobody" else bearer(caller)
    for more in HEADERS:
        for target in ("/open/x", "/files/x", "/files", "/live", "/feed"):
            check(gateway, ask(gateway.port, target, headers | more), caller, (target, more))


@pytest.mark.parametrize(
    "upgrades", [("websocket", "h2c"), ("h2c", "websocket"), ("websocket", "websocket"), ("websocket, h2c", "websocket")]
)
def test_no_second_upgrade_is_handed_on(gateway: Gateway, bearer: Bearer, upgrades: tuple[str, str]) -> None:
    """A caller that may open a websocket must not open a tunnel in its place."""
    usual = [(name, value) for name, value in HANDSHAKE if name != "Upgrade"]
    reply = ask(gateway.port, "/live", [*usual, *(("Upgrade", value) for value in upgrades), *bearer("reader").items()])
    check(gateway, reply, "reader", upgrades)


def test_a_caller_named_from_outside_is_unknown_to_the_service(gateway: Gateway) -> None:
    for name in NAMES:
        reply = ask(gateway.port, "/open/x", {name: '{"client_id":"writer"}'})
        got = check(gateway, reply, "nobody", name)
        assert got or (gateway.name == "envoy" and "_" in name and reply.status == 400), name  # Envoy serves no such header


def test_doubled_headers_get_at_nothing(gateway: Gateway, bearer: Bearer) -> None:
    """Which of two counts would be a guess."""
    reader, writer = bearer("reader")["Authorization"], bearer("writer")["Authorization"]
    for first, second in ((reader, writer), (writer, reader), ("Bearer x", writer)):
        reply = ask(gateway.port, "/files/x", [("Authorization", first), ("Authorization", second)])
        assert (reply.status in {400, 401}, gateway.echo.taken()) == (True, []), (first, second)
    for name in (*TOLD, "Bearerguard-Secret", "Bearerguard-Principal"):
        reply = ask(gateway.port, "/files/x", [(name, "/open/x"), (name, "/files/x"), ("Authorization", reader)])
        check(gateway, reply, "reader", name)


def test_each_request_of_a_connection_is_judged(gateway: Gateway) -> None:
    """Sent at once, and one in the body of another."""
    first, second = (f"GET {target} HTTP/1.1\r\nHost: orders.test\r\n" for target in ("/open/x", "/files/x"))
    within = f"{first}Content-Length: {len(second) + 2}\r\n\r\n{second}\r\n"
    for sent in (f"{first}\r\n{second}\r\n", f"{second}\r\n{first}\r\n", within, f"{within}{second}\r\n"):
        answers = conversation(gateway.port, f"{sent}{second}Connection: close\r\n\r\n".encode())
        taken = gateway.echo.taken()
        assert {got.target for got in taken} == {"/open/x"}, (sent, taken)
        assert answers.count(b"HTTP/1.1 401 ") >= 1, (sent, answers)


def test_a_trailer_names_no_caller(gateway: Gateway, bearer: Bearer) -> None:
    """RFC 9110 §6.5.1: some servers take what follows the body for headers."""
    for name in NAMES[:2]:
        headers = bearer("writer") | {"Transfer-Encoding": "chunked", "Trailer": name}
        body = f"2\r\n{{}}\r\n0\r\n{name}: spoofed\r\n\r\n".encode()
        reply = ask(gateway.port, "/files", headers, method="POST", body=body)
        for got in gateway.echo.taken():
            assert b"spoofed" not in got.body, (reply, got)


@pytest.mark.parametrize("caller", CALLERS)
def test_a_method_gets_at_nothing_that_has_no_row_for_it(gateway: Gateway, bearer: Bearer, caller: str) -> None:
    headers = {} if caller == "nobody" else bearer(caller)
    for method in METHODS:
        for target in ("/open/x", "/files", "/live", "orders.test:80", "*"):
            check(gateway, ask(gateway.port, target, headers, method=method), caller, (method, target))


@pytest.mark.parametrize("caller", CALLERS)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    target=st.lists(
        st.sampled_from(
            [
                *(
                    "/",
                    "//",
                    "/files",
                    "/open",
                    "/x",
                    "/public",
                    "x",
                    ".",
                    "..",
                    "/..",
                    "/.",
                    "%2e",
                    "%2E%2e",
                    "%2F",
                    "%2f",
                    "%5c",
                ),
                *(
                    "\\",
                    ";",
                    ";a=b",
                    "?",
                    "#",
                    "%23",
                    "%3f",
                    "%3B",
                    "%25",
                    "%252f",
                    "%00",
                    "%0a",
                    "é",
                    "%C3%A9",
                    "*",
                    ":",
                    "@",
                    "+",
                ),
            ]
        ),
        min_size=1,
        max_size=8,
    ).map("".join)
)
def test_no_path_gets_at_anything(gateway: Gateway, bearer: Bearer, caller: str, target: str) -> None:
    headers = {} if caller == "nobody" else bearer(caller)
    check(gateway, ask(gateway.port, "/" + target, headers), caller, target)


def test_no_path_gets_at_anything_over_http2(gateway: Gateway, bearer: Bearer) -> None:
    """A ``:path`` is not a request line. nginx speaks it over TLS alone, which the sample leaves out."""
    with httpx.Client(http1=False, http2=True, base_url=f"http://127.0.0.1:{gateway.port}") as client:
        for target in (*(path for path in PATHS if path.startswith("/")), "*", "files/x", "http://orders.test/open/x"):
            request = client.build_request("GET", "/", headers=bearer("reader"), extensions={"target": target.encode()})
            reply = _sent(client, request)
            check(gateway, reply, "reader", target)
        honest = _sent(client, client.build_request("GET", "/files", headers=bearer("reader")))
    assert honest.status == (200 if gateway.name in HTTP2 else 0)
    gateway.echo.taken()


@pytest.mark.parametrize("caller", CALLERS)
def test_no_websocket_is_opened_over_http2(gateway: Gateway, bearer: Bearer, caller: str) -> None:
    """RFC 8441: the method is CONNECT there, and what a proxy makes of it is not what was judged."""
    headers = {} if caller == "nobody" else bearer(caller)
    for path in ("/open/x", "/live"):
        reply = open_over_http2(gateway.port, path, headers)
        assert (reply.status != 200, gateway.echo.taken()) == (True, []), path


def _sent(client: httpx.Client, request: httpx.Request) -> Reply:
    """What came back; status 0 where the proxy ended the stream or the connection."""
    try:
        answer = client.send(request)
    except httpx.HTTPError:
        return Reply(0, (), b"")
    return Reply(answer.status_code, tuple(answer.headers.items()), answer.content)

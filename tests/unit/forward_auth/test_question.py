"""Each proxy's way of asking, and what must not be in a question."""

import pytest

from bearerguard import InvalidRequest, Refusal
from bearerguard.errors import GatewayMisconfigured
from bearerguard.forward_auth.question import PROXIES, Proxy, Question, is_asked, question_in
from support.asgi import Header, http_scope

NAMES = {
    "nginx": (b"x-original-method", b"x-original-uri"),
    "caddy": (b"x-forwarded-method", b"x-forwarded-uri"),
    "traefik": (b"x-forwarded-method", b"x-forwarded-uri"),
}


def asked(proxy: Proxy, method: str, target: str, *headers: Header) -> Question:
    if proxy == "envoy":
        return question_in(http_scope(method, "/judge" + target, headers), proxy)
    told = zip(NAMES[proxy], (method.encode(), target.encode("latin-1")), strict=True)
    return question_in(http_scope("GET", "/judge", [*told, *headers]), proxy)


@pytest.mark.parametrize("proxy", PROXIES)
def test_method_and_path_are_those_of_the_request(proxy: Proxy) -> None:
    assert asked(proxy, "POST", "/orders/a%20b?x=1") == Question("POST", "/orders/a b", is_handshake=False)


@pytest.mark.parametrize("proxy", PROXIES)
@pytest.mark.parametrize("target", ["/a/../b", "/a%2fb", "//a", "/a;b", "/a\\b", "http://x/a", "*", "/a%00"])
def test_a_path_that_is_read_in_several_ways_is_refused(proxy: Proxy, target: str) -> None:
    with pytest.raises(Refusal) as caught:
        asked(proxy, "GET", target)

    outside = proxy == "envoy" and not target.startswith("/")  # not behind the prefix
    assert caught.value.code == ("gateway_misconfigured" if outside else "malformed_path")


@pytest.mark.parametrize("proxy", NAMES)
def test_what_is_missing_or_told_twice_is_not_guessed(proxy: Proxy) -> None:
    method, uri = NAMES[proxy]
    for headers in ([(method, b"GET")], [(uri, b"/a")], [(method, b"GET"), (uri, b"/a"), (uri, b"/b")], [(method, b"GET")] * 2):
        with pytest.raises(GatewayMisconfigured):
            question_in(http_scope("GET", "/judge", headers), proxy)


@pytest.mark.parametrize("proxy", NAMES)
def test_the_headers_of_another_proxy_say_nothing(proxy: Proxy) -> None:
    other = NAMES["caddy" if proxy == "nginx" else "nginx"]

    assert asked(proxy, "GET", "/a", (other[0], b"DELETE"), (other[1], b"/b")) == Question("GET", "/a", is_handshake=False)
    with pytest.raises(GatewayMisconfigured):
        question_in(http_scope("GET", "/judge", [(other[0], b"GET"), (other[1], b"/a")]), proxy)


@pytest.mark.parametrize("raw_path", [None, b"", b"/%6Audge/a", b"/judge", b"/a"])
def test_a_path_that_was_decoded_before_is_not_enough(raw_path: bytes | None) -> None:
    """``/judge/a%2Fb`` and ``/judge/a/b`` have one decoded path."""
    with pytest.raises(GatewayMisconfigured):
        question_in(http_scope("GET", "/judge/a", raw_path=raw_path), "envoy")


@pytest.mark.parametrize("method", ["", "GET /", "G" * 33, "GE\tT"])
def test_a_method_is_a_token(method: str) -> None:
    """RFC 9110 §9.1."""
    with pytest.raises(GatewayMisconfigured):
        asked("nginx", method, "/a")


def test_a_tunnel_has_no_path_to_judge() -> None:
    """RFC 9110 §9.3.6: the target of CONNECT is a host; Go makes "/" of it."""
    with pytest.raises(InvalidRequest):
        asked("caddy", "CONNECT", "/")


@pytest.mark.parametrize("proxy", PROXIES)
@pytest.mark.parametrize(
    "header",
    [
        (b"x-http-method-override", b"DELETE"),
        (b"x_http_method_override", b"DELETE"),
        (b"x-http-method", b"DELETE"),
        (b"x-method-override", b"DELETE"),
        (b"x-original-url", b"/b"),
        (b"x_rewrite-url", b"/b"),
        (b"script_name", b"/a"),
        (b"x-script-name", b"/a"),
        (b"path_info", b"/b"),
        (b"x-forwarded-script-name", b"/a"),
        (b"x-vhm-root", b"/b"),
        (b"x_forwarded_prefix", b"/a"),
        (b"x-forwarded_prefix", b"/a"),
        (b"bearerguard-principal", b"{}"),
        (b"bearerguard_principal", b"{}"),
        (b"bearerguard.principal", b"{}"),
        (b"bearerguard\xaaprincipal", b"{}"),
        (b"upgrade", b"h2c"),
        (b"upgrade", b"websocket, h2c"),
    ],
)
def test_a_header_that_makes_another_request_of_it_is_refused(proxy: Proxy, header: Header) -> None:
    """CVE-2018-14773 (X-Original-URL); RFC 3875 §4.1.18 (a hyphen and an underscore are one).

    gunicorn takes the value of ``SCRIPT_NAME`` off the front of the path, when a proxy on its host
    hands it on: ``/a/b`` is served as ``/b``. Pyramid puts the value of ``X-Vhm-Root`` in front of
    the path that it traverses.
    """
    with pytest.raises(InvalidRequest) as caught:
        asked(proxy, "POST", "/a", header)

    assert caught.value.code == "forbidden_header"


def test_a_prefix_may_be_told_by_proxies() -> None:
    """Traefik sets it and removes a client's; the samples for the others remove it."""
    assert asked("traefik", "GET", "/a", (b"x-forwarded-prefix", b"/orders")).path == "/a"


@pytest.mark.parametrize("proxy", PROXIES)
@pytest.mark.parametrize(
    "query",
    [
        *("_method=DELETE", "x=1&%5Fmethod=DELETE", "_method"),
        *(".method=DELETE", "%2Emethod=DELETE", "+_method=DELETE", "%20.method=DELETE", "_method%00x=DELETE"),
        *("[_method]=DELETE", "x=1;_method=DELETE", "_method[]=DELETE", "_METHOD=DELETE"),
        *("X-HTTP-Method-Override=DELETE", "x%2dhttp%2dmethod%2doverride=DELETE", "X_HTTP_Method=DELETE", "x-method-override"),
    ],
)
def test_a_method_in_the_query_is_refused(proxy: Proxy, query: str) -> None:
    """However services spell it.

    PHP makes ``_`` of a dot, drops blanks in front, and ends a name at NUL. Node's ``qs`` drops the
    brackets. Rack 2 splits at a semicolon. ASP.NET MVC reads the name of the header in the query.
    """
    with pytest.raises(InvalidRequest) as caught:
        asked(proxy, "POST", f"/a?{query}")

    assert caught.value.code == "forbidden_header"


@pytest.mark.parametrize("query", ["method=card", "payment_method=card", "method[]=a&method[]=b", "x=_method", "_methods=1", ""])
def test_another_parameter_of_the_query_is_none_of_a_method(query: str) -> None:
    assert asked("nginx", "POST", f"/a?{query}").path == "/a"


@pytest.mark.parametrize("name", [b"sec-websocket-key", b"sec-websocket-version", b"upgrade"])
def test_what_may_open_a_websocket_is_a_handshake(name: bytes) -> None:
    """Traefik does not tell of ``Upgrade``."""
    assert asked("traefik", "GET", "/a", (name, b"WebSocket")).is_handshake


def test_questions_have_a_path_of_their_own() -> None:
    assert is_asked(http_scope("GET", "/judge"), "nginx")
    assert is_asked(http_scope("GET", "/judge/ready"), "envoy")
    for proxy, path in (("nginx", "/judge/"), ("nginx", "/"), ("envoy", "/judge"), ("envoy", "/ready"), ("envoy", "/judges/a")):
        assert not is_asked(http_scope("GET", path), proxy)  # type: ignore[arg-type]

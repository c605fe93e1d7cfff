"""``path``, ``root_path`` and ``raw_path`` agree before any rule sees them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bearerguard import AccessTokenMiddleware, ConfigurationError, ResourceServer
from bearerguard.errors import InvalidRequest
from bearerguard.web.request_path import check, check_root_path, route_path
from support.asgi import http_scope


@pytest.mark.parametrize(
    ("root_path", "path", "beneath", "handed_on"),
    [
        ("", "/orders", "/orders", "/orders"),
        ("/api", "/api/orders", "/orders", "/api/orders"),  # ASGI HTTP 2.5, uvicorn
        ("/api", "/orders", "/orders", "/api/orders"),  # hypercorn, granian, daphne, proxies that strip
        ("/api", "/api", "", "/api"),
        ("/api", "/api/", "/", "/api/"),
        ("/api", "/apiary/orders", "/apiary/orders", "/api/apiary/orders"),  # a prefix, but of no whole segment
        ("/api", "/static/api/orders", "/static/api/orders", "/api/static/api/orders"),  # in the middle
        ("/api", "/api/api/orders", "/api/orders", "/api/api/orders"),  # once
        ("/api/", "/api//orders", "/orders", "/api/orders"),  # uvicorn --root-path /api/
        ("/api/", "/orders", "/orders", "/api/orders"),
        ("/", "/orders", "/orders", "/orders"),
        ("api", "api/orders", "/orders", "/api/orders"),  # uvicorn --root-path api
        ("api", "/orders", "/orders", "/api/orders"),
    ],
)
def test_a_root_path_is_in_front_of_the_path_and_is_taken_off_the_front(
    root_path: str, path: str, beneath: str, handed_on: str
) -> None:
    scope = http_scope("GET", path, root_path=root_path)

    assert route_path(scope) == beneath
    assert scope["path"] == handed_on
    assert scope["raw_path"] == handed_on.encode()
    assert handed_on.startswith(scope["root_path"])


@pytest.mark.parametrize("root_path", ["", "/files", "/v1/api"])
@pytest.mark.parametrize(("path", "beneath"), [("/api/orders", "/orders"), ("/orders", "/orders"), ("/files/x", "/files/x")])
def test_what_the_middleware_was_told_takes_the_place_of_the_servers(root_path: str, path: str, beneath: str) -> None:
    scope = http_scope("GET", path, root_path=root_path)

    assert route_path(scope, "/api") == beneath
    assert (scope["root_path"], scope["path"]) == ("/api", f"/api{beneath}")


def test_told_that_there_is_none_the_path_is_left_whole() -> None:
    scope = http_scope("GET", "/files/public", root_path="/files")

    assert route_path(scope, "") == "/files/public"
    assert (scope["root_path"], scope["path"]) == ("", "/files/public")


def test_a_raw_path_that_had_to_be_made_is_encoded() -> None:
    scope = http_scope("GET", "/a%20b%2Fc%3Fd", root_path="/api")
    route_path(scope)

    assert scope["raw_path"] == b"/api/a%20b/c%3Fd"


def test_what_agrees_is_left_as_the_server_wrote_it() -> None:
    """``raw_path`` may be encoded in more than one way, and a root path may be absent."""
    scope = http_scope("GET", "/a-b")
    scope["raw_path"] = b"/a%2Db"
    del scope["root_path"]
    before = dict(scope)

    assert route_path(scope) == "/a-b"
    assert scope == before


SEGMENTS = st.lists(st.sampled_from(["a", "ab", "api", "v1", ""]), max_size=4).map(lambda texts: "/" + "/".join(texts))


@given(SEGMENTS, SEGMENTS)
def test_made_twice_it_is_the_same(root_path: str, path: str) -> None:
    """A middleware may stand behind another one."""
    scope = http_scope("GET", path, root_path=root_path)
    beneath = route_path(scope)
    once = dict(scope)

    assert route_path(scope) == beneath
    assert scope == once


@pytest.mark.parametrize(
    "path",
    [
        "/..",
        "/.",
        "/a/../b",
        "/a/./b",
        "/a/..",
        "/a\\..\\b",
        "/a/..\\b",
        "..",
        "/a\\.",
        "/\x00",
        "/a\n",
        "/a\x7f",
        "/\x85",
        "/\ufffd",
    ],
)
def test_a_path_that_is_read_in_two_ways_is_malformed(path: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        check(path)

    assert caught.value.code == "malformed_path"


@pytest.mark.parametrize(
    "path", ["/", "", "*", "/a.b", "/.well-known/x", "/...", "/a..", "/..a", "/a/.b", "/a b", "/ä", "/a;..;b"]
)
def test_dots_in_a_name_are_no_segment(path: str) -> None:
    check(path)


@pytest.mark.parametrize("root_path", [None, "", "/api", "/v1/api", "/ä"])
def test_a_root_path_of_whole_segments_is_an_option(root_path: Any) -> None:
    check_root_path(root_path)


@pytest.mark.parametrize("root_path", ["api", "/", "/api/", "//api", "/a/../b", "/a\n", b"/api", 7, ["/api"]])
def test_anything_else_is_a_mistake(root_path: Any, api: ResourceServer) -> None:
    with pytest.raises(ConfigurationError, match="root_path"):
        AccessTokenMiddleware(lambda *_: None, resource_server=api, root_path=root_path)  # type: ignore[arg-type]

"""Every way in which an application may read a path."""

import re
from typing import Any

import pytest
from starlette.types import Scope

from bearerguard.web.destination import Destination
from bearerguard.web.path_reader import PathReader
from bearerguard.web.readings import NO_PATH, Request, is_plain, spellings
from support.asgi import http_scope

KNOWN = PathReader(takes_off_root_path=True)
UNKNOWN = PathReader(is_known=False)


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/a", {"/a"}),
        ("/", {"/"}),
        ("//", {"//", "/"}),
        ("/a/", {"/a/", "/a"}),
        ("//a", {"//a", "/a"}),
        ("/a//b", {"/a//b", "/a/b"}),
        ("/a\\b", {"/a\\b", "/a/b"}),
        ("/a%2Fb", {"/a%2Fb", "/a/b"}),
        ("/a%5Cb", {"/a%5Cb", "/a\\b", "/a/b"}),
        ("/a%", {"/a%"}),
        ("/a//b/", {"/a//b/", "/a/b/", "/a//b", "/a/b"}),
    ],
)
def test_what_means_nothing_to_some_may_be_left_out(path: str, found: set[str]) -> None:
    assert spellings(path) == found
    assert is_plain(path) == (len(found) == 1 and path not in ("/", "/a%"))


def request_for(path: str, reader: PathReader = KNOWN, *, mount: str = "", **more: Any) -> Request:
    """A request for an application that lies beneath ``mount``."""
    scope = http_scope("GET", more.get("root_path", "") + path, **more)
    inner: Scope = {**scope, "root_path": scope["root_path"] + mount}
    destination = Destination(object(), inner, None, more.get("prefixes", ()), reads_paths_itself=True)
    return Request(scope, path, destination, reader, lambda _: destination)


def test_a_mount_is_no_part_of_what_an_application_reads() -> None:
    """``/files/`` is the directory itself, beneath ``/files``: nothing is served as ``/files``."""
    assert {*request_for("/files/", mount="/files").readings()} == {"/files/"}
    assert {*request_for("/files/a/", mount="/files").readings()} == {"/files/a/", "/files/a"}
    assert {*request_for("/files/a/", mount="/files", root_path="/api").readings()} == {"/files/a/", "/files/a"}


def test_a_mount_without_a_boundary_takes_more() -> None:
    reader = PathReader(takes_off_root_path=True, boundless=(re.compile("/private/?(?P<tail>.*)"),))

    assert {*request_for("/privatesecret", reader).readings()} == {"/privatesecret", "/private/secret"}
    assert {*request_for("/private/secret", reader).readings()} == {"/private/secret"}
    assert {*request_for("/m/privatesecret", reader, mount="/m").readings()} == {"/m/privatesecret", "/m/private/secret"}


def test_what_is_served_apart_goes_to_no_mount() -> None:
    reader = PathReader(boundless=(re.compile("/private/?(?P<tail>.*)"),), served_apart=frozenset({"/privacy", "/privates"}))

    assert {*request_for("/privates", reader).readings()} == {"/privates"}


def test_a_root_path_may_be_taken_off_twice_by_what_has_mounts_of_its_own() -> None:
    assert "/m/inner/admin" in {*request_for("/m/inner/m/admin", UNKNOWN, mount="/m").readings()}
    assert {*request_for("/m/inner/m/admin", KNOWN, mount="/m").readings()} == {"/m/inner/m/admin"}


def test_a_root_path_that_is_encoded_in_raw_path_is_not_found_there() -> None:
    reader = PathReader(takes_off_root_path=True, routes_by_raw_path=True)

    assert {*request_for("/a b/x", reader, mount="/a b").readings()} == {"/a b/x", "/a b/a b/x"}
    assert {*request_for("/ab/x", reader, mount="/ab").readings()} == {"/ab/x"}


def test_a_prefix_of_its_own_may_be_taken_off() -> None:
    reader = PathReader(prefix="/api")

    assert {*request_for("/api/admin", reader).readings()} == {"/api/admin", "/admin"}
    assert {*request_for("/apiary", reader).readings()} == {"/apiary"}


def test_only_what_takes_the_servers_root_path_off_is_certain_not_to_see_it() -> None:
    assert request_for("/public/x", UNKNOWN, root_path="/files").ignores_root_path()
    assert not request_for("/public/x", UNKNOWN).ignores_root_path()
    assert not request_for("/public/x", KNOWN, root_path="/files").ignores_root_path()
    assert request_for("/public/x", UNKNOWN, root_path="/files").without_root_path() == "/files/public/x"


def test_what_mounts_have_added_to_the_root_path_is_certain() -> None:
    """The middleware lies beneath a mount of Starlette, which notes the server's root path."""
    mounted = request_for("/x", UNKNOWN, root_path="/m", app_root_path="")
    behind = request_for("/x", UNKNOWN, root_path="/api/m", app_root_path="/api")

    assert not mounted.ignores_root_path()
    assert behind.ignores_root_path()
    assert behind.without_root_path() == NO_PATH
    assert request_for("/x", UNKNOWN, root_path="/m/m", app_root_path="/m").without_root_path() == "/m/x"


def test_a_root_path_may_be_looked_for_anywhere() -> None:
    found = request_for("/static/api/admin", UNKNOWN, root_path="/api").cut_in_the_middle()

    assert {*found} == {"/static/admin", "/admin"}
    assert {*request_for("/static/admin", UNKNOWN, root_path="/api").cut_in_the_middle()} == set()


def test_only_the_first_of_several_root_paths_is_taken_off() -> None:
    assert "/m/inner/x/m/admin" in {*request_for("/m/inner/m/x/m/admin", UNKNOWN, mount="/m").readings()}
    found = request_for("/s/api/t/api/u", UNKNOWN, root_path="/api").cut_in_the_middle()
    assert {*found} == {"/s/t/api/u", "/t/api/u"}


def test_a_root_path_with_a_blank_is_found_in_the_path_itself() -> None:
    assert {*request_for("/a b/x", KNOWN, mount="/a b").readings()} == {"/a b/x"}


def test_a_prefix_counts_only_where_the_rest_leads_to_the_same_application() -> None:
    """A router would not have taken the prefix off to reach another one, or nothing."""
    scope = http_scope("GET", "/api/admin")
    found = Destination(object(), scope, None, ("/api",), reads_paths_itself=False)
    elsewhere = Destination(object(), scope, None, (), reads_paths_itself=False)

    def readings(there: Destination | None) -> list[str]:
        return [*Request(scope, "/api/admin", found, PathReader(), lambda _: there).readings()]

    assert readings(found) == ["/admin"]
    assert readings(elsewhere) == readings(None) == []


def test_what_an_application_sees_need_not_end_the_path_that_rules_name() -> None:
    """A ``FastAPI(root_path=…)`` above it has put another root path in place of the server's."""
    scope = http_scope("GET", "/api/x", root_path="/api")
    found = Destination(object(), {**scope, "root_path": "/other"}, None, (), reads_paths_itself=True)

    assert {*Request(scope, "/x", found, KNOWN, lambda _: found).readings()} == {"/api/x"}


def test_servers_need_not_tell_a_root_path() -> None:
    """It is optional (ASGI HTTP and WebSocket connection scope)."""
    request = request_for("/x", PathReader(routes_by_raw_path=True))
    for scope in (request.scope, request.found.scope):
        scope.pop("root_path")

    assert {*request.readings()} == {"/x"}
    assert request.root_path == ""
    assert not request.ignores_root_path()

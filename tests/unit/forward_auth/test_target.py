"""A target is judged only where everybody who reads it finds the same path."""

from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bearerguard import InvalidRequest
from bearerguard.forward_auth.target import MAX_TARGET, path_of
from frameworks.hostile_paths import DOTS, ENCODED, SLASHES
from gateways.readings import readings

PLAIN = {
    "/": "/",
    "/orders": "/orders",
    "/orders/17?x=/../y;z": "/orders/17",
    "/%6Frders": "/orders",
    "/caf%C3%A9": "/café",
    "/a%20b": "/a b",
    "/orders/": "/orders/",
    "/a.b/..c/d..": "/a.b/..c/d..",
    "/@:!$&'()*+,=~-_": "/@:!$&'()*+,=~-_",
    "/f(x)/(a)/((b))": "/f(x)/(a)/((b))",
}
REFUSED = (
    *("", "*", "orders", "orders.test:443", "http://orders.test/orders", "//orders.test/orders", "?x", "#x"),
    *("/orders;v=1", "/orders%3Bv=1", "/a\\b", "/a%5cb", "/a%2Fb", "/a%2fb", "/a//b", "//", "/a%252Fb", "/50%25"),
    *("/.", "/..", "/a/./b", "/a/../b", "/a/%2e%2E/b", "/a/.%2e", "/a/..?b"),
    *("/a#b", "/a%23b", "/a%3Fb", "/a%00", "/a%0a", "/a%7f", "/a%C2%85", "/a%EF%BF%BD", "/a%FF", "/a%C0%AFb"),
    *("/(S(x))/a", "/a/(A(x)S(y))/b", "/%28F(x)%29", "/(s(%78))"),
    *("/a b", "/a\tb", '/a"b', "/a<b", "/a|b", "/a^b", "/a`b", "/a{b}", "/a[b]", "/é", "/a%", "/a%2", "/a%zz", "/a%u002f"),
)


@pytest.mark.parametrize(("target", "path"), PLAIN.items(), ids=PLAIN)
def test_a_plain_target_is_decoded_once(target: str, path: str) -> None:
    assert path_of(target) == path


@pytest.mark.parametrize("target", REFUSED)
def test_a_target_that_is_read_in_several_ways_is_refused(target: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        path_of(target)

    assert caught.value.code == "malformed_path"


@pytest.mark.parametrize("target", [*DOTS, *(one for one in SLASHES if "//" in one), *(one for one in ENCODED if "%2" in one)])
def test_a_hostile_target_of_the_frameworks_is_refused(target: str) -> None:
    with pytest.raises(InvalidRequest):
        path_of(target)


def test_a_long_target_is_refused_before_it_is_read() -> None:
    assert MAX_TARGET == 8192
    assert path_of("/" + "a" * (MAX_TARGET - 1))
    with pytest.raises(InvalidRequest):
        path_of("/?" + "a" * (MAX_TARGET - 1))


@given(st.text(st.sampled_from("/.a%2F5cCeE3bB?#;\\"), max_size=24))
def test_a_judged_path_has_no_other_reading_but_for_a_trailing_slash(rest: str) -> None:
    try:
        path = path_of("/" + rest)
    except InvalidRequest:
        return

    decoded = {one for one in readings("/" + rest) if unquote(one) == one}
    assert {one.rstrip("/") for one in decoded} == {path.rstrip("/")}

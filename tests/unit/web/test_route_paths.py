"""Which paths a route has is read from its template; whatever cannot be read may be any path."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI
from starlette.convertors import CONVERTOR_TYPES, Convertor, register_url_convertor
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Host, Mount, Route, Router, WebSocketRoute

from bearerguard.authorization.policy_row import REST
from bearerguard.authorization.route_segment import TEXTS, Texts
from bearerguard.web.route_paths import is_as_written, segments_of
from bearerguard.web.routes import routes_of

STR, INT, FLOAT, UUID = (TEXTS[name] for name in ("str", "int", "float", "uuid"))
NUMBER, ID = "1" * 32, "8f3c1d52-0b6e-4c49-9d55-2f1f6a0f3b11"


async def endpoint(request: Request) -> Response:
    raise NotImplementedError


class Custom(Convertor[str]):
    def convert(self, value: str) -> str:
        raise NotImplementedError

    def to_string(self, value: str) -> str:
        raise NotImplementedError


@pytest.fixture(autouse=True)
def _registered() -> Iterator[None]:
    before = dict(CONVERTOR_TYPES)
    yield
    CONVERTOR_TYPES.clear()
    CONVERTOR_TYPES.update(before)


def register(name: str, regex: str) -> None:
    register_url_convertor(name, type("Other", (Custom,), {"regex": regex})())


TEMPLATES: list[tuple[str, tuple[object, ...]]] = [
    ("/", ("",)),
    ("/a/", ("a", "")),
    ("//a", ("", "a")),
    ("/a/{x}/{y:int}", ("a", STR, INT)),
    ("/{x:float}/{y:uuid}", (FLOAT, UUID)),
    ("/a/{x:path}", ("a", REST)),
    ("/a/{x:path}/b", ("a", REST)),
    ("/a/b{x:path}", ("a", REST)),
    ("/{x:str}/{}", (STR, "{}")),
]


@pytest.mark.parametrize(("template", "segments"), TEMPLATES, ids=[row[0] for row in TEMPLATES])
def test_a_template_is_read_up_to_where_a_parameter_takes_slashes(template: str, segments: tuple[object, ...]) -> None:
    assert segments_of(template) == segments


MIXED: list[tuple[str, list[str], list[str], set[str]]] = [
    ("v{x}", ["v1", "vx"], ["v", "1", "wv1"], {"text"}),
    ("{x:int}.5", ["7.5"], ["7.x", "x.5", "7a5"], {"text", "7.5"}),
    ("{x:int}{y:int}", ["12"], ["1", "1a"], {"text", "7", "7.5", ID, NUMBER}),
    ("{x}-{y}", ["a-b"], ["-", "a", "a-"], {"text", ID}),
    ("a{x:int}", ["a1"], ["1", "A1"], {"text", ID}),
]


@pytest.mark.parametrize(("text", "takes", "leaves", "kinds"), MIXED, ids=[row[0] for row in MIXED])
def test_a_segment_with_more_than_a_parameter_takes_just_its_texts(
    text: str, takes: list[str], leaves: list[str], kinds: set[str]
) -> None:
    (segment,) = segments_of(f"/{text}")
    assert isinstance(segment, Texts)
    assert all(map(segment.takes, takes))
    assert not any(map(segment.takes, leaves))
    assert set(segment.kinds) == kinds


@pytest.mark.parametrize("regex", ["[a-z]+", "[a-z0-9]+(?:-[a-z0-9]+)*", r"\d{4}-\d{2}", r"[\w.-]+", "asc|desc", r"v\d+\.\d+"])
def test_a_converter_that_takes_no_slash_is_any_text(regex: str) -> None:
    register("custom", regex)
    segment, _ = segments_of("/{x:custom}/b")
    assert isinstance(segment, Texts)
    assert set(segment.kinds) == set(STR.kinds)


@pytest.mark.parametrize(
    "regex",
    [
        ".*",
        "[0-9]+(.[0-9]+)?",  # the dot takes a slash: the converter of dates in Starlette's documentation has one
        "[a-z/]+",
        "[^a]+",
        "[.-9]+",
        "[--9]+",
        r"\S+",
        r"\W",
        r"[\D]+",
        r"\x2f",
        r"a\/b",
        "(?:a|/)+",
        "[a-z]*",  # nothing at all: no segment of a row takes that but the rest
        "(a)?",
        "(?!a)b+",
    ],
)
def test_a_converter_that_may_take_a_slash_or_nothing_is_any_path(regex: str) -> None:
    register("custom", regex)
    assert segments_of("/a/{x:custom}/b") == ("a", REST)
    assert segments_of("/a/b{x:custom}") == ("a", REST)


def test_a_converter_is_known_by_its_expression_not_by_its_name() -> None:
    register("int", ".*")
    register("custom", "[0-9]+")
    assert segments_of("/{x:custom}/{x:int}") == (INT, REST)


def route(path: str) -> Any:
    return Route(path, endpoint)


AS_WRITTEN = [
    route("/a/{x:int}"),
    WebSocketRoute("/{x}", endpoint),
    Mount("/a/{x}", routes=[]),
    Mount("", routes=[]),
    Host("{a}.test", Router()),
]


@pytest.mark.parametrize("one", AS_WRITTEN, ids=lambda one: type(one).__name__)
def test_routes_of_starlette_match_what_is_written(one: Any) -> None:
    assert is_as_written(one)


def test_routes_of_fastapi_match_what_is_written() -> None:
    router, app = APIRouter(prefix="/r/{id}"), FastAPI()
    router.add_api_route("/a/{x:path}", endpoint)
    router.add_api_websocket_route("/b", endpoint)
    router.routes.append(Mount("/m/{x}", routes=[]))
    app.include_router(router, prefix="/v1")
    app.add_api_route("/c", endpoint)

    found = [one for one in routes_of(app) if not one.path.startswith(("/docs", "/openapi", "/redoc"))]
    assert {one.path for one in found} >= {"/v1/r/{id}/a/{x:path}", "/v1/r/{id}/b", "/c"}
    assert all(map(is_as_written, found))


class Own(Route):
    def matches(self, scope: Any) -> Any:
        raise NotImplementedError


class OwnHost(Host):
    def matches(self, scope: Any) -> Any:
        raise NotImplementedError


class NoTemplate(BaseRoute):
    """Starlette's method, which says nothing of a path."""


def changed(**attributes: Any) -> Any:
    found = route("/a")
    for name, value in attributes.items():
        setattr(found, name, value)
    return found


OTHERWISE = {
    "its own way to match": Own("/a", endpoint),
    "a host's own way": OwnHost("a.test", Router()),
    "a way of this very object": changed(matches=Own("/a", endpoint).matches),
    "no template": NoTemplate(),
    "no route at all": object(),
    "another pattern": changed(path_regex=re.compile("^/b$")),
    "another case": changed(path_regex=re.compile("^/a$", re.IGNORECASE)),
    "another template": changed(path="/b"),
    "a converter that is gone": changed(path="/{x:gone}"),
    "a parameter twice": changed(path="/{x}/{x}"),
}


@pytest.mark.parametrize("one", OTHERWISE.values(), ids=OTHERWISE)
def test_whatever_matches_in_its_own_way_is_noticed(one: Any) -> None:
    assert not is_as_written(one)


def test_a_converter_that_was_replaced_later_is_noticed() -> None:
    found = route("/{x:int}")
    register("int", ".*")
    assert not is_as_written(found)
    assert is_as_written(route("/{x:int}"))


def test_a_route_that_fastapi_shows_by_proxy_is_asked_itself() -> None:
    router, app = APIRouter(routes=[Own("/a", endpoint)]), FastAPI(openapi_url=None)
    app.include_router(router)
    assert [is_as_written(one) for one in routes_of(app)] == [False]

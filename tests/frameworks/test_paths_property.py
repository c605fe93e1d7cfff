"""Whatever the table, the routes and the request: what is served is what the table's rule for it allows."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.routing import Mount
from starlette.types import ASGIApp, Scope

from bearerguard import (
    AccessTokenMiddleware,
    ConfigurationError,
    PathPolicy,
    ResourceServer,
    authenticated,
    public,
    requires,
    role,
)
from bearerguard.authorization.policy_row import Public
from bearerguard.testing import LocalIssuer
from frameworks.connection import exchange
from frameworks.resources import APPS, TREES, WITHOUT_WEBSOCKETS, directory_of_files
from support.asgi import Header, http_scope, websocket_scope

pytestmark = pytest.mark.frameworks

PLACES: Final = ("top", "starlette", "fastapi")
MOUNT: Final = "/m"
TOKENS: Final = ("none", "noroles", "admin")

SEGMENTS = st.sampled_from(["a", "b", "ab", "7", "{x}", "{x:int}", "m"])
PATTERNS = st.builds(
    lambda segments, end: "/" + "/".join(text.replace("x", f"x{at}") for at, text in enumerate(segments)) + end,
    st.lists(SEGMENTS, max_size=3),
    st.sampled_from(["", "", "/", "/{rest:path}"]),
).map(lambda path: path.replace("//", "/"))
RULES = st.sampled_from([PathPolicy.PUBLIC, authenticated(), role("Admin")])
TABLES = st.lists(st.tuples(PATTERNS, RULES), min_size=1, max_size=7)
TEXTS = st.sampled_from(
    ["a", "b", "ab", "7", "m", "", "", ".", "..", "A", "a%2Fb", "%2F", "b%5Ca", "%5C", "a%252Fb", "a;x", "%61", "a%20b", "%2e%2e"]
)
TARGETS = st.lists(TEXTS, min_size=1, max_size=5).map(lambda texts: "/" + "/".join(texts))
ROOT_PATHS = st.sampled_from(["", "", "/a", "/b", "/m", "/a/b", "/a/", "/7"])


@cache
def issuer() -> LocalIssuer:
    return LocalIssuer()


@cache
def api() -> ResourceServer:
    from bearerguard import Issuer

    return ResourceServer(Issuer(issuer().issuer, jwks=issuer().jwks()), "api://orders")


@cache
def headers(caller: str) -> tuple[Header, ...]:
    if caller == "none":
        return ()
    roles = ["Admin"] if caller == "admin" else []
    return ((b"authorization", b"Bearer " + issuer().mint("noroles", roles=roles).encode()),)


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return directory_of_files(tmp_path_factory.mktemp("files"))


def _as_a_table(rows: list[tuple[str, Any]]) -> dict[str, Any]:
    """Those rows that do not overlap an earlier one."""
    table: dict[str, Any] = {}
    for path, rule in rows:
        try:
            PathPolicy({**table, path: rule})
        except ConfigurationError:
            continue
        table[path] = rule
    return table


def _placed(place: str, inner: Any) -> ASGIApp:
    if place == "top":
        return inner  # type: ignore[no-any-return]
    if place == "starlette":
        return Starlette(routes=[Mount(MOUNT, inner)])
    from fastapi import FastAPI

    app = FastAPI(openapi_url=None)
    app.mount(MOUNT, inner)
    return app


def _scope(target: str, root_path: str, server: str, kind: str, caller: str) -> Scope:
    """As uvicorn or hypercorn makes it: with the root path in front, or without."""
    full = root_path + target if server == "uvicorn" else target
    make: Any = (
        websocket_scope if kind == "websocket" else lambda target, headers, **more: http_scope("GET", target, headers, **more)
    )
    return make(full, headers(caller), root_path=root_path, path=unquote(full))  # type: ignore[no-any-return]


async def _served(app: ASGIApp, scope: Scope) -> str | None:
    """The resource that the application tells; ``None`` where nothing was served."""
    try:
        answer = await exchange(app, scope)
    except Exception as error:
        # BlackSheep, of a websocket whose path has a space; Starlette's files, of one that is not there
        if isinstance(error, HTTPException) or type(error).__name__ == "InvalidURL":
            return None
        raise
    if answer.status == 101:
        return next((message.get("text") or "" for message in answer.messages if message["type"] == "websocket.send"), None)
    return answer.body.decode() if answer.status == 200 else None


def _allowed(table: PathPolicy, method: str, resource: str, caller: str) -> bool:
    """What the table says of a resource.

    Of one that it names with a slash at the end alone, or without one alone: what it says there.
    """
    row = table.row_for(method, resource)
    if row is None:
        row = table.row_for(method, resource[:-1] if resource.endswith("/") else resource + "/")
    if row is None:
        return False
    if isinstance(row.requirement, Public):
        return True
    return caller == "admin" or (caller == "noroles" and row.requirement == authenticated())


REQUESTS = st.lists(
    st.tuples(TARGETS, ROOT_PATHS, st.sampled_from(["uvicorn", "hypercorn"]), st.sampled_from(["http", "websocket"])),
    min_size=4,
    max_size=10,
)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", APPS)
def test_what_is_served_is_what_the_rule_for_it_allows(
    name: str, place: str, directory: Path, needed: Callable[[str], Any]
) -> None:
    needed(name.partition("-")[0] if name != "files" else "starlette")
    apps = {tree: _placed(place, APPS[name](tree, directory)) for tree in TREES}
    prefix = "" if place == "top" else MOUNT

    @settings(max_examples=30, deadline=None)
    @given(st.sampled_from(TREES), TABLES, st.booleans(), REQUESTS, st.sampled_from([None, "", "/a", "/m"]))
    def check(tree: tuple[str, ...], rows: list[Any], in_mount: bool, requests: list[Any], told: str | None) -> None:
        rows = [(prefix + path if in_mount else path, rule) for path, rule in rows]
        table = _as_a_table(rows)
        open_rows = [path for path, rule in table.items() if isinstance(rule, Public)]
        forms: list[tuple[PathPolicy, dict[str, Any]]] = [(PathPolicy(table), {"policy": PathPolicy(table)})]
        if open_rows:
            forms.append((PathPolicy(dict.fromkeys(open_rows, PathPolicy.PUBLIC)), {"public": open_rows, "undeclared": "allow"}))

        async def run() -> None:
            for rules, options in forms:
                guarded = AccessTokenMiddleware(apps[tree], resource_server=api(), root_path=told, **options)
                for target, root_path, server, kind in requests:
                    if kind == "websocket" and name in WITHOUT_WEBSOCKETS:
                        continue
                    for caller in TOKENS if "policy" in options else TOKENS[:1]:
                        scope = _scope(target, root_path, server, kind, caller)
                        resource = await _served(guarded, scope)
                        if resource is not None:
                            method = "WEBSOCKET" if kind == "websocket" else "GET"
                            assert _allowed(rules, method, prefix + resource, caller), (target, root_path, server, kind, resource)

        anyio.run(run)

    check()


@pytest.mark.parametrize("name", APPS)
def test_what_is_served_lies_in_the_mount_that_declares_it(name: str, directory: Path, needed: Callable[[str], Any]) -> None:
    """``@public`` and ``@requires`` around mounts: the guarded one and the open one have no path in common."""
    needed(name.partition("-")[0] if name != "files" else "starlette")

    @settings(max_examples=20, deadline=None)
    @given(st.sampled_from(TREES), REQUESTS)
    def check(tree: tuple[str, ...], requests: list[Any]) -> None:
        def mounted(path: str) -> Mount:
            return Mount(path, APPS[name](tree, directory))

        async def run() -> None:
            routes = [public(mounted("/a")), requires(role("Admin"))(mounted("/b")), requires(authenticated())(mounted("/m"))]
            guarded = AccessTokenMiddleware(Starlette(routes=routes), resource_server=api())
            for target, root_path, server, kind in requests:
                if kind == "websocket" and name in WITHOUT_WEBSOCKETS:
                    continue
                for caller in TOKENS:
                    scope = _scope(target, root_path, server, kind, caller)
                    if await _served(guarded, scope) is not None:
                        mount = scope["root_path"].rpartition("/")[2]
                        assert mount in {"none": "a", "noroles": "am", "admin": "abm"}[caller]

        anyio.run(run)

    check()

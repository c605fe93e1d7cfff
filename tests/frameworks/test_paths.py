"""What a framework makes of a path never opens what was closed; what it makes of errors never hides a refusal.

Every hostile path, against each framework, in each place, with each form of protection, over HTTP
and as a websocket.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import ASGIApp, Scope

from bearerguard import AccessTokenMiddleware, PathPolicy, ResourceServer, authenticated, public, requires, role
from bearerguard.testing import LocalIssuer
from frameworks.connection import exchange
from frameworks.hostile_paths import HOSTILE, ROOT_PATHS
from frameworks.samples_of import WITHOUT_WEBSOCKETS
from frameworks.small_apps import APPS, OPEN, POLICY, SECRET
from support.asgi import Answer, Header, http_scope, websocket_scope
from support.refusals import check_refusal

pytestmark = [pytest.mark.anyio, pytest.mark.frameworks]

PUBLIC: Final = [row.path for row in POLICY.rows if row.requirement is PathPolicy.PUBLIC]
CODES: Final = ("malformed_path", "missing_token", "missing_role", "not_permitted")


@pytest.fixture(scope="module")
def reader(issuer: LocalIssuer) -> list[Header]:
    return [(b"authorization", b"Bearer " + issuer.mint("reader").encode())]


@pytest.fixture(scope="module", params=APPS)
def name(request: pytest.FixtureRequest, needed: Callable[[str], Any]) -> str:
    """A framework that is installed."""
    needed(request.param)
    return str(request.param)


@pytest.fixture(scope="module")
def inner(name: str) -> Any:
    """Its application."""
    return APPS[name]()


@pytest.fixture
def app(inner: Any, api: ResourceServer) -> ASGIApp:
    return AccessTokenMiddleware(inner, resource_server=api, policy=POLICY)


def _beneath(prefix: str, rows: Mapping[str, Any]) -> dict[str, Any]:
    return {row.replace(" /", f" {prefix}/") if " " in row else prefix + row: rule for row, rule in rows.items()}


def _in_starlette(inner: Any) -> ASGIApp:
    return Starlette(routes=[Mount("/m", inner)])


def _in_fastapi(inner: Any) -> ASGIApp:
    from fastapi import FastAPI

    app = FastAPI(openapi_url=None)
    app.mount("/m", inner)
    return app


PLACES: Final[Mapping[str, tuple[str, Callable[[Any], ASGIApp]]]] = {
    "top": ("", lambda inner: inner),
    "starlette": ("/m", _in_starlette),
    "fastapi": ("/m", _in_fastapi),
}
ROWS: Final = {row.text: row.requirement for row in POLICY.rows}


def _by_policy(prefix: str, app: Any, api: ResourceServer) -> ASGIApp:
    return AccessTokenMiddleware(app, resource_server=api, policy=PathPolicy(_beneath(prefix, ROWS)))


def _by_public(prefix: str, app: Any, api: ResourceServer) -> ASGIApp:
    """Only what is listed needs no token; the reader, who may do the rest, does not ask."""
    listed = [*_beneath(prefix, dict.fromkeys(PUBLIC))]
    return AccessTokenMiddleware(app, resource_server=api, public=listed, undeclared="allow")


FORMS: Final = {"policy": _by_policy, "public=": _by_public}
SETTINGS: Final = [pytest.param((place, form), id=f"{place}-{form}") for place in PLACES for form in FORMS]


@pytest.fixture(params=SETTINGS)
def setting(request: pytest.FixtureRequest, inner: Any, api: ResourceServer) -> tuple[str, str, ASGIApp]:
    """What lies in front of the framework's paths, the form of protection, and the guarded application."""
    place, form = request.param
    prefix, put = PLACES[place]
    return prefix, form, FORMS[form](prefix, put(inner), api)


def _scopes(name: str, target: str, headers: list[Header] = [], **more: Any) -> list[Scope]:  # noqa: B006  never changed
    """A request, and a websocket where the framework knows them."""
    websockets = [] if name in WITHOUT_WEBSOCKETS else [websocket_scope(target, headers, **more)]
    return [http_scope("GET", target, headers, **more), *websockets]


def _check(answer: Answer) -> None:
    told = b"".join(str(message).encode() for message in answer.messages)
    assert SECRET.encode() not in told
    assert answer.status in (0, 200, 101, 307, 308, 400, 401, 403, 404)


async def test_no_way_of_writing_a_path_gets_at_the_secret(
    name: str, setting: tuple[str, str, ASGIApp], reader: list[Header]
) -> None:
    """The reader may list the files, but not read one; whoever has no token may do neither."""
    prefix, form, app = setting
    for target in HOSTILE:
        for headers in ([], reader) if form == "policy" else ([],):
            for scope in _scopes(name, prefix + target, headers):
                answer = await exchange(app, scope)
                _check(answer)
                if scope["type"] == "http" and answer.status in (400, 401, 403):
                    (code,) = [code for code in CODES if code.encode() in answer.body]
                    check_refusal(answer, code)


@pytest.mark.parametrize("root_path", [*ROOT_PATHS, "/m", "/m/files"])
async def test_no_root_path_gets_at_the_secret(name: str, setting: tuple[str, str, ASGIApp], root_path: str) -> None:
    """Whoever has set it: on daphne the caller has. uvicorn puts it in front of the path, others do not."""
    prefix, _, app = setting
    for target in ("/files", "/files/x", "/files/x/public", "/files/files/x", "/open/files/x", "/open/open/x", "/m/files/x"):
        for full in (root_path + prefix + target, prefix + target):
            for scope in _scopes(name, full, root_path=root_path):
                _check(await exchange(app, scope))


@pytest.mark.parametrize("outer", ["starlette", "fastapi"])
async def test_no_way_of_writing_a_path_leaves_a_mount(
    name: str, inner: Any, outer: str, api: ResourceServer, reader: list[Header]
) -> None:
    """``@public`` and ``@requires``: the same application is open in one mount and closed in two others."""
    app = Starlette() if outer == "starlette" else PLACES["fastapi"][1](Starlette())
    routes = [
        public(Mount("/o", inner)),
        requires(role("Admin"))(Mount("/c", inner)),
        requires(authenticated())(Mount("/t", inner)),
    ]
    app.router.routes[:0] = routes  # type: ignore[attr-defined]
    guarded = AccessTokenMiddleware(app, resource_server=api, undeclared="allow")

    for target in HOSTILE:
        for text in (
            f"/c{target}",
            f"/o/..{target}",
            f"/o%2F..%2Fc{target}",
            f"/o/../c{target}",
            f"/o/%2e%2e/c{target}",
            f"//c{target}",
        ):
            for headers in ([], reader):
                for scope in _scopes(name, text, headers):
                    _check(await exchange(guarded, scope))


@pytest.mark.parametrize("target", ["/files/", "/files//", "/files/%2F", "/files/./", "/FILES/"])
async def test_what_is_public_beneath_a_path_does_not_open_the_path(inner: Any, target: str, api: ResourceServer) -> None:
    """Some frameworks serve ``/files`` for ``/files/``."""
    policy = PathPolicy({"/files": role("Read.All"), "/files/{rest:path}": PathPolicy.PUBLIC})
    app = AccessTokenMiddleware(inner, resource_server=api, policy=policy)

    assert SECRET.encode() not in (await exchange(app, http_scope("GET", target))).body


@pytest.mark.parametrize("place", PLACES)
async def test_a_path_without_tricks_is_served_as_the_policy_says(
    inner: Any, place: str, api: ResourceServer, reader: list[Header]
) -> None:
    prefix, put = PLACES[place]
    app = _by_policy(prefix, put(inner), api)
    for target, headers in (
        ("/files", reader),
        ("/files/x/public", []),
        ("/open/x/y", []),
        ("/open/a%20b", []),
        ("/open/a.b", []),
    ):
        answer = await exchange(app, http_scope("GET", prefix + target, headers))

        assert answer.status == 200, target
        assert (SECRET if headers else OPEN).encode() in answer.body


async def test_a_refusal_inside_the_framework_is_answered_as_one(app: ASGIApp, reader: list[Header]) -> None:
    """Some make a page of their own of every exception."""
    answer = await exchange(app, http_scope("GET", "/refused", reader))

    assert answer.status == 403
    assert answer.headers["www-authenticate"].startswith('Bearer realm="api", error="insufficient_scope"')
    assert b"missing_role" in answer.body


def _behind(root_path: str, target: str, headers: list[Header]) -> Scope:
    """ASGI HTTP 2.5: ``path`` and ``raw_path`` include the root path."""
    return http_scope("GET", root_path + target, headers, root_path=root_path)


@pytest.mark.parametrize("target", ["/files", "/files/x/public", "/files/x", "/files/secret%2Fpublic", "/nowhere"])
async def test_a_root_path_changes_nothing(name: str, inner: Any, target: str, api: ResourceServer, reader: list[Header]) -> None:
    """The function that ``APPS`` has around Django hides what is in it."""
    told = "/v1" if name == "django" else None
    app = AccessTokenMiddleware(inner, resource_server=api, policy=POLICY, root_path=told)
    for headers in ([], reader):
        plain = await exchange(app, http_scope("GET", target, headers))
        behind = await exchange(app, _behind("/v1", target, headers))
        stripped = await exchange(app, http_scope("GET", target, headers, root_path="/v1"))

        assert (behind.status, behind.body) == (stripped.status, stripped.body) == (plain.status, plain.body)


@pytest.mark.parametrize("target", ["/files", "/files/x/public", "/files/x", "/nowhere"])
async def test_a_mount_in_starlette_changes_nothing(app: ASGIApp, target: str, reader: list[Header]) -> None:
    """The policy names paths as the mounted application sees them."""
    outer = Starlette(routes=[Mount("/mounted", app=app)])
    for headers in ([], reader):
        plain = await exchange(app, http_scope("GET", target, headers))
        mounted = await exchange(outer, http_scope("GET", f"/mounted{target}", headers))

        assert (mounted.status, mounted.body) == (plain.status, plain.body)

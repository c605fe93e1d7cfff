"""What a framework makes of a path never opens what the policy closed; what it makes of errors never hides a refusal."""

import json
from collections.abc import Callable
from typing import Any, Final

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import ASGIApp, Scope

from bearerguard import AccessTokenMiddleware, PathPolicy, ResourceServer, role
from bearerguard.testing import LocalIssuer
from frameworks.connection import exchange
from frameworks.small_apps import APPS, POLICY, SECRET
from support.asgi import Header, http_scope
from support.refusals import check_refusal

pytestmark = [pytest.mark.anyio, pytest.mark.frameworks]

# What routers and rules are known to read differently.
HOSTILE: Final = (
    "/files/",
    "//files",
    "/files//",
    "/./files",
    "/files/.",
    "/files/x",
    "/files/x/",
    "//files/x",
    "/files//x",
    "/files/x//",
    "/files/secret%2Fpublic",
    "/files/secret%2fpublic",
    "/files/secret%252Fpublic",
    "/files%2Fx",
    "/files/x%2F..%2Fx/public",
    "/files/a%2F../x/public",
    "/FILES/x",
    "/FILES/x/public",
    "/files/%78",
    "/files/x;/public",
    "/files/x%3B/public",
    "/files/x?/public",
    "/files/x%3F/public",
    "/files/x%23/public",
    "/files/x\\public",
    "/files/x%5Cpublic",
    "/open/../files/x",
    "/open/%2e%2e/files/x",
    "/open/..%2Ffiles/x",
    "/open//files/x",
    "/open/%2E%2E%2Ffiles%2Fx",
    "/open/x/../../files/x",
    "/open%2F..%2Ffiles%2Fx",
)


@pytest.fixture(scope="module")
def reader(issuer: LocalIssuer) -> list[Header]:
    return [(b"authorization", b"Bearer " + issuer.mint("reader").encode())]


@pytest.fixture(params=APPS)
def name(request: pytest.FixtureRequest, needed: Callable[[str], Any]) -> str:
    """A framework that is installed."""
    needed(request.param)
    return str(request.param)


@pytest.fixture
def app(name: str, api: ResourceServer) -> ASGIApp:
    return AccessTokenMiddleware(APPS[name](), resource_server=api, policy=POLICY)


@pytest.mark.parametrize("target", HOSTILE)
async def test_no_way_of_writing_a_path_gets_at_the_secret(app: ASGIApp, target: str, reader: list[Header]) -> None:
    """The reader may list the files, but not read one; nobody may do either."""
    for headers in ([], reader):
        answer = await exchange(app, http_scope("GET", target, headers))

        assert SECRET.encode() not in answer.body
        assert answer.status in (200, 308, 400, 401, 403, 404)
        if answer.status in (400, 401, 403):
            assert json.loads(answer.body)["code"] in ("malformed_path", "missing_token", "missing_role", "not_permitted")
            check_refusal(answer, json.loads(answer.body)["code"])


@pytest.mark.parametrize("target", ["/files/", "/files//", "/files/%2F", "/files/./", "/FILES/"])
async def test_what_is_public_beneath_a_path_does_not_open_the_path(name: str, target: str, api: ResourceServer) -> None:
    """Some frameworks serve ``/files`` for ``/files/``."""
    policy = PathPolicy({"/files": role("Read.All"), "/files/{rest:path}": PathPolicy.PUBLIC})
    app = AccessTokenMiddleware(APPS[name](), resource_server=api, policy=policy)

    assert SECRET.encode() not in (await exchange(app, http_scope("GET", target))).body


async def test_a_path_without_tricks_is_served_as_the_policy_says(app: ASGIApp, reader: list[Header]) -> None:
    served = {
        target: (await exchange(app, http_scope("GET", target, headers))).status
        for target, headers in (("/files", reader), ("/files/x/public", []), ("/open/x/y", []), ("/open/a%20b", []))
    }

    assert set(served.values()) == {200}, served


async def test_a_refusal_inside_the_framework_is_answered_as_one(app: ASGIApp, reader: list[Header]) -> None:
    """Some make a page of their own of every exception."""
    answer = await exchange(app, http_scope("GET", "/refused", reader))

    assert answer.status == 403
    assert answer.headers["www-authenticate"].startswith('Bearer realm="api", error="insufficient_scope"')
    assert b"missing_role" in answer.body


def _beneath(root_path: str, target: str, headers: list[Header]) -> Scope:
    """ASGI HTTP 2.5: ``path`` and ``raw_path`` include the root path."""
    return http_scope("GET", root_path + target, headers, root_path=root_path)


@pytest.mark.parametrize("target", ["/files", "/files/x/public", "/files/x", "/files/secret%2Fpublic", "/nowhere"])
async def test_a_root_path_changes_nothing(name: str, target: str, api: ResourceServer, reader: list[Header]) -> None:
    """The function that ``APPS`` has around Django hides what is in it."""
    told = "/v1" if name == "django" else None
    app = AccessTokenMiddleware(APPS[name](), resource_server=api, policy=POLICY, root_path=told)
    for headers in ([], reader):
        plain = await exchange(app, http_scope("GET", target, headers))
        beneath = await exchange(app, _beneath("/v1", target, headers))

        assert (beneath.status, beneath.body) == (plain.status, plain.body)


@pytest.mark.parametrize("target", ["/files", "/files/x/public", "/files/x", "/nowhere"])
async def test_a_mount_in_starlette_changes_nothing(app: ASGIApp, target: str, reader: list[Header]) -> None:
    """The policy names paths as the mounted application sees them."""
    outer = Starlette(routes=[Mount("/mounted", app=app)])
    for headers in ([], reader):
        plain = await exchange(app, http_scope("GET", target, headers))
        mounted = await exchange(outer, http_scope("GET", f"/mounted{target}", headers))

        assert (mounted.status, mounted.body) == (plain.status, plain.body)

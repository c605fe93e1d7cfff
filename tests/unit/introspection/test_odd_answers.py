"""Whatever the endpoint answers: no 500, no 401 for its fault, and no 200 without ``true``.

In every form of protection: decorator, path policy and FastAPI's dependency.
"""

import gzip
import json
from collections.abc import Callable
from typing import Any, Final

import fastapi
import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from bearerguard import AccessTokenMiddleware, PathPolicy, ResourceServer, requires, role
from bearerguard.fastapi import require
from bearerguard.testing import LocalIssuer
from bearerguard.testing.faults import BREAKAGES
from support.introspected import GOOD, OPAQUE, asking, scripted

pytestmark = pytest.mark.anyio


@requires(role("Read.All"))
async def _guarded(_request: Request) -> PlainTextResponse:
    return PlainTextResponse("served")


async def _plain(_request: Request) -> PlainTextResponse:
    return PlainTextResponse("served")


def _decorated(api: ResourceServer) -> Any:
    return Starlette(
        routes=[Route("/orders", _guarded)],
        middleware=[Middleware(AccessTokenMiddleware, resource_server=api)],
    )


def _with_a_policy(api: ResourceServer) -> Any:
    policy = PathPolicy({"GET /orders": role("Read.All")})
    return AccessTokenMiddleware(Starlette(routes=[Route("/orders", _plain)]), resource_server=api, policy=policy)


def _with_a_dependency(api: ResourceServer) -> Any:
    app = fastapi.FastAPI(openapi_url=None)
    app.add_api_route("/orders", lambda: "served", dependencies=[fastapi.Depends(require(role("Read.All")))])
    app.add_middleware(AccessTokenMiddleware, resource_server=api)
    return app


FORMS: Final = [_decorated, _with_a_policy, _with_a_dependency]


async def _got(app: Any, token: str = OPAQUE) -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="https://api.test") as client:
        return await client.get("/orders", headers={"Authorization": f"Bearer {token}"})


def _json(members: object) -> httpx.Response:
    return httpx.Response(200, content=json.dumps(members).encode())


def _raising(error: Exception) -> Callable[[httpx.Request], httpx.Response]:
    def answer(_request: httpx.Request) -> httpx.Response:
        raise error

    return answer


NEITHER_TRUE_NOR_FALSE: Final[tuple[object, ...]] = ("true", "false", 1, 0, None, [], [True], {}, "", 1.0)
FAULTS: Final[dict[str, Any]] = {
    "no active": {name: value for name, value in GOOD.items() if name != "active"},
    **{f"active is {odd!r}": {**GOOD, "active": odd} for odd in NEITHER_TRUE_NOR_FALSE},
    "no members": {},
    "an array": _json([GOOD]),
    "true alone": _json(True),
    "active twice": httpx.Response(200, content=b'{"active": false, "active": true}'),
    "NaN": httpx.Response(200, content=b'{"active": true, "exp": NaN}'),
    "a lone surrogate": httpx.Response(200, content=b'{"active": true, "sub": "\\ud800"}'),
    "nested deeply": httpx.Response(200, content=b'{"active": true, "a": ' + b"[" * 3_000 + b"]" * 3_000 + b"}"),
    "a number without end": httpx.Response(200, content=b'{"active": true, "exp": ' + b"9" * 5_000 + b"}"),
    "not UTF-8": httpx.Response(200, content=b'{"active": true, "sub": "\xff"}'),
    "UTF-16": httpx.Response(200, content=json.dumps(GOOD).encode("utf-16")),
    "truncated": httpx.Response(200, content=json.dumps(GOOD).encode()[:-1]),
    "text behind it": httpx.Response(200, content=json.dumps(GOOD).encode() + b"{}"),
    "empty": httpx.Response(200),
    "HTML": httpx.Response(200, html="<!doctype html><title>Sign in</title>"),
    "5 MB": {**GOOD, "padding": "x" * 5_000_000},
    "just too large": {**GOOD, "padding": "x" * 65_536},
    "gzip": lambda _: httpx.Response(
        200,
        stream=httpx.ByteStream(gzip.compress(json.dumps(GOOD).encode())),
        headers={"Content-Encoding": "gzip"},
    ),
    **{
        f"status {status}": httpx.Response(status, content=json.dumps(GOOD).encode())
        for status in (201, 202, 204, 206, 300, 304, 400, 401, 403, 404, 405, 408, 413, 415, 418, 429, 500, 502, 503, 504, 599)
    },
    **{
        f"redirect {status}": httpx.Response(status, headers={"Location": "https://elsewhere.test/"})
        for status in (301, 302, 303, 307, 308)
    },
    "refused connection": _raising(httpx.ConnectError("refused")),
    "broken connection": _raising(httpx.RemoteProtocolError("cut")),
    "time-out": _raising(httpx.ReadTimeout("slow")),
    "a defect of the transport": _raising(RuntimeError("defect")),
}


@pytest.mark.parametrize("protected", FORMS)
@pytest.mark.parametrize("answer", [pytest.param(answer, id=what) for what, answer in FAULTS.items()])
async def test_a_fault_of_the_endpoint_is_503(answer: Any, protected: Callable[[ResourceServer], Any]) -> None:
    api, endpoint = scripted(answer)

    got = await _got(protected(api))

    assert got.status_code == 503
    assert int(got.headers["retry-after"]) >= 1
    assert "invalid_token" not in got.headers.get("www-authenticate", "")
    assert len(endpoint.requests) == 1


@pytest.mark.parametrize("protected", FORMS)
@pytest.mark.parametrize("kind", sorted(BREAKAGES["introspection"]))
async def test_a_fault_of_a_local_issuer_is_503_and_the_answer_after_it_counts(
    kind: Any, protected: Callable[[ResourceServer], Any]
) -> None:
    issuer = LocalIssuer()
    token, broken = issuer.mint(opaque=True), asking(issuer)
    issuer.break_answers("introspection", kind)
    assert (await _got(protected(broken), token)).status_code == 503

    issuer.come_back()

    assert (await _got(protected(asking(issuer)), token)).status_code == 200


@pytest.mark.parametrize("protected", FORMS)
async def test_a_good_answer_is_200(protected: Callable[[ResourceServer], Any]) -> None:
    api, _ = scripted(GOOD)

    assert (await _got(protected(api))).status_code == 200


@pytest.mark.parametrize("protected", FORMS)
@pytest.mark.parametrize(
    ("answer", "code"),
    [
        pytest.param({"active": False}, "inactive_token", id="not active"),
        pytest.param({**GOOD, "active": False}, "inactive_token", id="not active, and described all the same"),
        pytest.param({"active": True}, "missing_claim", id="active alone"),
    ],
)
async def test_a_token_that_is_not_good_is_401(answer: Any, code: str, protected: Callable[[ResourceServer], Any]) -> None:
    api, _ = scripted(answer)

    got = await _got(protected(api))

    assert (got.status_code, got.json()["code"]) == (401, code)
    assert 'error="invalid_token"' in got.headers["www-authenticate"]


@pytest.mark.parametrize("protected", FORMS)
async def test_a_good_token_without_the_role_is_403(protected: Callable[[ResourceServer], Any]) -> None:
    api, _ = scripted({**GOOD, "roles": []})

    assert (await _got(protected(api))).status_code == 403

"""``error_format``: one form of errors for the whole API; status and headers stay those of RFC 6750."""

import json
import logging
from typing import Any

import httpx
import pytest
from fastapi import Depends, FastAPI
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from bearerguard import AccessTokenMiddleware, ConfigurationError, Issuer, Refusal, ResourceServer, requires, role
from bearerguard import error_codes as codes
from bearerguard.errors import AccessTokenError
from bearerguard.fastapi import document_security, require
from bearerguard.testing import LocalIssuer
from bearerguard.web.challenge import Challenge
from support.asgi import Answer, get

pytestmark = pytest.mark.anyio


async def served(request: Request) -> Response:
    return PlainTextResponse("served")


def app(api: ResourceServer, error_format: Any, **options: Any) -> ASGIApp:
    guard = Middleware(AccessTokenMiddleware, resource_server=api, error_format=error_format, **options)
    return Starlette(routes=[Route("/", requires(role("Admin.All"))(served))], middleware=[guard])


async def refusals(api: ResourceServer, issuer: LocalIssuer, error_format: Any, **options: Any) -> list[Answer]:
    """Of the middleware, 401 and 400, and of a guard, 403."""
    tokens = [b"", b"Bearer ", b"Bearer " + issuer.mint("reader").encode()]
    headers = [[(b"authorization", token)] if token else [] for token in tokens]
    return [await get(app(api, error_format, **options), "/", one) for one in headers]


async def test_a_problem_says_what_rfc_9457_asks_for(api: ResourceServer, issuer: LocalIssuer) -> None:
    """RFC 9457 §3, §4.2.1: ``about:blank`` has the title of the status."""
    missing, malformed, lacking = await refusals(api, issuer, "problem")

    assert missing.headers["content-type"] == "application/problem+json"
    assert json.loads(missing.body) == {
        "type": "about:blank",
        "title": "Unauthorized",
        "status": 401,
        "detail": "An access token is required",
        "code": "missing_token",
    }
    assert json.loads(malformed.body)["error"] == "invalid_request"
    assert json.loads(lacking.body)["code"] == "missing_role"


def own(refusal: Refusal) -> tuple[str, str]:
    return "application/vnd.api+json; charset=utf-8", json.dumps({"errors": [{"status": str(refusal.status), "é": refusal.code}]})


@pytest.mark.parametrize("form", ["problem", own], ids=["problem", "own"])
async def test_status_and_headers_are_the_same_in_all_forms(form: Any, api: ResourceServer, issuer: LocalIssuer) -> None:
    for answer, plain in zip(await refusals(api, issuer, form), await refusals(api, issuer, "oauth"), strict=True):
        assert answer.status == plain.status
        assert {**answer.headers, "content-type": "", "content-length": ""} == {
            **plain.headers,
            "content-type": "",
            "content-length": "",
        }
        assert answer.headers["content-length"] == str(len(answer.body))


async def test_a_function_makes_the_body(api: ResourceServer, issuer: LocalIssuer) -> None:
    *_, lacking = await refusals(api, issuer, own)

    assert lacking.headers["content-type"] == "application/vnd.api+json; charset=utf-8"
    assert json.loads(lacking.body) == {"errors": [{"status": "403", "é": "missing_role"}]}


async def test_a_function_may_give_octets(api: ResourceServer, issuer: LocalIssuer) -> None:
    for octets in (b"\x00\xff", bytearray(b"ab"), memoryview(b"cd")):
        (missing, *_) = await refusals(api, issuer, lambda _refusal, body=octets: ("application/cbor", body))
        assert (missing.headers["content-type"], missing.body) == ("application/cbor", bytes(octets))


async def test_retry_after_stays(issuer: LocalIssuer) -> None:
    down = LocalIssuer(issuer.issuer)
    down.go_down()
    api = ResourceServer(Issuer(issuer.issuer), "api://orders", transport=httpx.ASGITransport(down))
    token = [(b"authorization", b"Bearer " + issuer.mint("reader").encode())]

    answer = await get(app(api, own), "/", token)

    assert (answer.status, answer.body) == (503, b'{"errors": [{"status": "503", "\\u00e9": "issuer_unavailable"}]}')
    assert int(answer.headers["retry-after"]) >= 1


@pytest.mark.parametrize(
    "broken",
    [
        lambda _: 1 / 0,
        lambda _: None,
        lambda _: ("application/json", {"error": "no"}),
        lambda _: ("application/json\r\nset-cookie: a=b", "{}"),
        lambda _: (b"application/json", "{}"),
        lambda _: ("", "{}"),
    ],
    ids=["raises", "nothing", "an object", "a header of its own", "octets", "no media type"],
)
async def test_a_function_that_fails_does_not_let_anybody_in(
    broken: Any, api: ResourceServer, issuer: LocalIssuer, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR, logger="bearerguard"):
        answers = await refusals(api, issuer, broken)

    assert [(answer.status, answer.headers["content-type"]) for answer in answers] == [
        (401, "application/json"),
        (400, "application/json"),
        (403, "application/json"),
    ]
    assert len(caplog.records) == 3


async def test_nothing_disclosed_in_a_problem(api: ResourceServer, issuer: LocalIssuer) -> None:
    *_, lacking = await refusals(api, issuer, "problem", disclose="none")

    assert json.loads(lacking.body) == {
        "type": "about:blank",
        "title": "Forbidden",
        "status": 403,
        "detail": "The access token does not permit this request",
        "error": "insufficient_scope",
    }


def test_a_code_of_ones_own_with_a_status_without_a_phrase() -> None:
    code = codes.ErrorCode("odd", 499, "insufficient_scope", "Odd", "It is odd.", "Be even.")

    assert json.loads(Challenge(error_format="problem").answer(AccessTokenError(code)).body)["title"] == "Refused"


async def nothing() -> None:
    raise NotImplementedError


async def asynchronous(refusal: Refusal) -> tuple[str, str]:
    raise NotImplementedError


@pytest.mark.parametrize("wrong", ["json", None, 7, asynchronous], ids=["text", "None", "number", "async"])
def test_another_format_is_a_configuration_error(wrong: Any, api: ResourceServer) -> None:
    with pytest.raises(ConfigurationError) as caught:
        AccessTokenMiddleware(Starlette(), resource_server=api, error_format=wrong)

    assert caught.value.parameter == "error_format"


async def test_a_requirement_without_a_middleware_has_it_too(api: ResourceServer) -> None:
    alone = FastAPI(openapi_url=None)
    needed = require(role("A"), resource_server=api, error_format="problem")
    alone.add_api_route("/", nothing, dependencies=[Depends(needed)])

    assert (await get(alone, "/")).headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("form", "media_types"), [("oauth", ["application/json"]), ("problem", ["application/problem+json"]), (own, [])]
)
def test_the_document_describes_it(form: Any, media_types: list[str], api: ResourceServer) -> None:
    documented = FastAPI()
    documented.add_middleware(AccessTokenMiddleware, resource_server=api, error_format=form)

    documented.add_api_route("/", nothing, dependencies=[Depends(require(role("A")))])
    document_security(documented, api, token_url="https://issuer.example/token")
    document = documented.openapi()
    responses = document["components"]["responses"]

    assert list(responses["AccessTokenRequired"].get("content", {})) == media_types
    assert list(responses["IssuerUnavailable"].get("content", {})) == media_types
    assert list(document["paths"]["/"]["get"]["responses"]["403"].get("content", {})) == media_types

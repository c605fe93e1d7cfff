"""One log record for each refusal, whose fields any JSON formatter shows: with real ``structlog`` and ``python-json-logger``."""

import io
import json
import logging
import re
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any

import pytest
import structlog
from pythonjsonlogger.json import JsonFormatter
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from bearerguard import (
    AccessTokenMiddleware,
    Issuer,
    PathPolicy,
    ResourceServer,
    authenticated,
    principal_of,
    requires,
    role,
)
from bearerguard.testing import FakeClock, LocalIssuer
from bearerguard.web.report import method, path_of
from support.asgi import Header, bearer, call, connect, get, http_scope

pytestmark = pytest.mark.anyio

REQUEST_ID: ContextVar[str] = ContextVar("REQUEST_ID", default="")


@pytest.fixture
def issuer() -> LocalIssuer:
    return LocalIssuer(algorithm="ES256", clock=FakeClock(now=1_790_000_000))


@pytest.fixture
def api(issuer: LocalIssuer) -> ResourceServer:
    trusted = Issuer(issuer.issuer, jwks=issuer.jwks(), algorithms=["ES256"])
    return ResourceServer(trusted, "api://orders", clock=issuer.clock)


@pytest.fixture
def reader(issuer: LocalIssuer) -> list[Header]:
    return bearer(issuer.mint("reader", audience="api://orders"))


async def served(request: Request) -> Response:
    return PlainTextResponse("ok")


async def asks(request: Request) -> Response:
    principal_of(request.scope, role("Admin.All"))
    raise NotImplementedError


def asks_in_a_thread(request: Request) -> Response:
    principal_of(request.scope, role("Admin.All"))
    raise NotImplementedError


async def plain(scope: Scope, receive: Receive, send: Send) -> None:
    raise NotImplementedError


class WithRequestId:
    """A middleware of the user's, further out."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        REQUEST_ID.set("7f3a")
        structlog.contextvars.bind_contextvars(request_id="7f3a")
        await self.app(scope, receive, send)


def orders(api: ResourceServer) -> ASGIApp:
    routes = [
        Route("/orders/{id}", requires(role("Read.All"))(served)),
        Route("/admin/{id}", requires(role("Admin.All"))(served)),
        Route("/asks", requires(authenticated())(asks)),
        Route("/thread", requires(authenticated())(asks_in_a_thread)),
    ]
    return WithRequestId(AccessTokenMiddleware(Starlette(routes=routes), resource_server=api))


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What the handler of a program writes."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    logger = logging.getLogger("bearerguard")
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield written
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
        structlog.contextvars.clear_contextvars()


def handler_of_the_program() -> logging.Handler:
    return logging.getLogger("bearerguard").handlers[-1]


def with_json_logger() -> None:
    """As its documentation shows, with a field of the program's own."""

    def add_request_id(record: logging.LogRecord) -> bool:
        record.request_id = REQUEST_ID.get()
        return True

    handler = handler_of_the_program()
    handler.setFormatter(JsonFormatter("%(levelname)s %(name)s %(message)s"))
    handler.addFilter(add_request_id)


def with_structlog() -> None:
    """As its documentation shows for records of other libraries."""
    handler_of_the_program().setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[
                structlog.contextvars.merge_contextvars,
                structlog.stdlib.add_log_level,
                structlog.stdlib.ExtraAdder(),
            ],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.dict_tracebacks,
                structlog.processors.JSONRenderer(),
            ],
        )
    )


FORMATTERS: dict[str, Any] = {"python-json-logger": (with_json_logger, "message"), "structlog": (with_structlog, "event")}


def lines(log: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.getvalue().splitlines()]


@pytest.mark.parametrize("formatter", FORMATTERS)
async def test_a_refusal_is_one_line_with_all_fields(
    formatter: str, api: ResourceServer, issuer: LocalIssuer, log: io.StringIO
) -> None:
    """Which partner, which route, which request: for a token that expired, nobody has vouched for the caller."""
    set_up, message = FORMATTERS[formatter]
    set_up()
    token = issuer.mint("reader", audience="api://orders")
    issuer.clock.advance(86_400)  # type: ignore[attr-defined]
    await get(orders(api), "/orders/7?access_token=hidden", bearer(token))

    (line,) = lines(log)
    text = line.pop(message)
    assert text.startswith("token_expired: expected `exp` after ")
    assert text.endswith("Request: GET /orders/{id} by unverified client 'reader'.")
    assert {name: line[name] for name in line if name not in ("level", "levelname", "name")} == {
        "code": "token_expired",
        "status": 401,
        "issuer": issuer.issuer,
        "client_id": "reader",
        "subject": "reader",
        "kid": issuer.signing_key.kid,
        "method": "GET",
        "path": "/orders/7",
        "route": "/orders/{id}",
        "verified": False,
        "request_id": "7f3a",
    }


@pytest.mark.parametrize("target", ["/admin/7", "/asks", "/thread"])
@pytest.mark.parametrize("formatter", FORMATTERS)
async def test_who_lacks_a_role_is_named_as_verified(
    formatter: str, target: str, api: ResourceServer, reader: list[Header], log: io.StringIO
) -> None:
    """Also from within an endpoint, and in a thread: the request's own context is there."""
    FORMATTERS[formatter][0]()
    await get(orders(api), target, reader)
    (line,) = lines(log)
    assert (line["code"], line["verified"], line["client_id"], line["request_id"]) == ("missing_role", True, "reader", "7f3a")
    assert line["route"] == target.replace("7", "{id}")


@pytest.mark.parametrize("formatter", FORMATTERS)
async def test_a_defect_shows_its_traceback_and_no_token(
    formatter: str, issuer: LocalIssuer, reader: list[Header], log: io.StringIO
) -> None:
    """structlog shows the variables of each frame."""

    class Broken(ResourceServer):
        async def judge(self, token: bytes) -> Any:
            raise ZeroDivisionError

    FORMATTERS[formatter][0]()
    api = Broken(Issuer(issuer.issuer, jwks=issuer.jwks(), algorithms=["ES256"]), "api://orders", clock=issuer.clock)
    await get(orders(api), "/orders/7", reader)
    (line,) = lines(log)
    assert (line["code"], line["status"], line["request_id"]) == ("internal_error", 500, "7f3a")
    written = log.getvalue()
    assert "ZeroDivisionError" in written
    variables = re.findall(r'"(\w+)": "([^"]*)', written)
    assert [name for name, value in variables if "eyJ" in value and name not in ("scope", "headers")] == []


@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
async def test_an_accepted_request_says_nothing_above_debug(
    api: ResourceServer, reader: list[Header], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "bearerguard")
    app = orders(api)
    assert (await get(app, "/orders/7", reader)).status == 200
    assert [record for record in caplog.records if record.name == "bearerguard" and record.levelno > logging.DEBUG] == []


async def test_a_websocket_is_named_by_its_method(api: ResourceServer, log: io.StringIO) -> None:
    with_json_logger()
    policy = PathPolicy({"WEBSOCKET /live": role("Read.All")})
    await connect(AccessTokenMiddleware(plain, resource_server=api, policy=policy), "/live")
    (line,) = lines(log)
    assert (line["method"], line["code"]) == ("WEBSOCKET", "missing_token")


@pytest.mark.parametrize(("kid", "told"), [("of-nobody", "of-nobody"), ("k" * 300, "k" * 64), (7, ""), (None, "")])
async def test_the_key_that_a_refused_token_names_is_told_if_it_names_one(
    kid: object, told: str, api: ResourceServer, issuer: LocalIssuer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "bearerguard")
    header = {"alg": "ES256", "typ": "at+jwt", **({} if kid is None else {"kid": kid})}
    await get(orders(api), "/orders/7", bearer(issuer.sign(header, {"iss": issuer.issuer, "aud": "api://orders", "exp": 1})))
    (record,) = caplog.records
    assert record.__dict__["kid"][:64] == told


@pytest.mark.parametrize("scope", [{"type": "http"}, {"type": "http", "method": None, "path": 7}])
def test_of_a_request_that_says_nothing_nothing_is_told(scope: Scope) -> None:
    assert (method(scope), path_of(scope)) == ("", "")


# --- what callers choose


FORGED = "x\nINFO bearerguard: accepted\r\x1b[2J\u2028"


async def test_no_field_and_no_message_can_forge_a_line(api: ResourceServer, issuer: LocalIssuer, log: io.StringIO) -> None:
    """CWE-117: formatters of lines write a field as it is."""
    handler_of_the_program().setFormatter(
        logging.Formatter("%(levelname)s %(message)s %(client_id)s %(subject)s %(kid)s %(path)s %(method)s %(route)s")
    )
    claims = {"iss": issuer.issuer, "aud": "api://orders", "exp": 1, "sub": FORGED, "client_id": FORGED, "iat": 1, "jti": "1"}
    header = {"alg": "ES256", "typ": "at+jwt", "kid": issuer.signing_key.kid}
    for target in ("/orders/a%0Ab%1B%E2%80%A8", "/orders/7"):
        await call(orders(api), http_scope("GE\nT", target, bearer(issuer.sign(header, claims))))
    text = log.getvalue()
    assert len(text.splitlines()) == 2
    assert not {"\x1b", "\r", "\u2028"} & set(text)


async def test_a_field_is_cut(api: ResourceServer, issuer: LocalIssuer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "bearerguard")
    claims = {"iss": issuer.issuer, "aud": "api://orders", "exp": 1, "sub": "s" * 500, "client_id": "c" * 500}
    header = {"alg": "ES256", "typ": "at+jwt", "kid": issuer.signing_key.kid}
    await get(orders(api), "/" + "p" * 500, bearer(issuer.sign(header, claims)))
    fields = vars(caplog.records[-1])
    assert max(len(fields[name]) for name in ("client_id", "subject", "path", "kid", "method")) <= 128


async def test_a_token_in_a_path_or_a_claim_is_left_out(api: ResourceServer, issuer: LocalIssuer, log: io.StringIO) -> None:
    """Some callers put it there; the query is never logged at all."""
    with_json_logger()
    token = issuer.mint("reader", audience="api://orders")
    claims = {"iss": issuer.issuer, "aud": "api://orders", "exp": 1, "sub": token, "client_id": token}
    header = {"alg": "ES256", "typ": "at+jwt", "kid": issuer.signing_key.kid}
    await get(orders(api), f"/orders/{token}", bearer(issuer.sign(header, claims)))
    await get(orders(api), f"/orders/{token}")
    assert len(lines(log)) == 2
    assert "eyJ" not in log.getvalue()

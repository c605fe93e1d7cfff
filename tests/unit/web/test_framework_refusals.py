"""How refusals are answered inside four frameworks, at applications that only look like theirs.

``tests/frameworks`` shows it in the frameworks themselves.
"""

import logging
import sys
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from bearerguard import (
    AccessTokenMiddleware,
    BearerguardError,
    Event,
    InsufficientScope,
    Issuer,
    PathPolicy,
    Refusal,
    ResourceServer,
    authenticated,
    error_codes,
    principal_of,
    role,
)
from bearerguard.testing import LocalIssuer
from bearerguard.web.framework_refusals import answer_refusals_in
from support.asgi import Header, call, get, http_scope, websocket_scope
from support.closed_framework import closed
from support.lookalikes import LOOKALIKES, BlackSheep, Django, Litestar, Quart, put_modules_in_place
from support.refusals import check_refusal

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("lookalikes")]

POLICY = PathPolicy({"/{path:path}": authenticated()})
each = pytest.mark.parametrize("kind", LOOKALIKES.values(), ids=LOOKALIKES)


@pytest.fixture
def lookalikes(monkeypatch: pytest.MonkeyPatch) -> None:
    put_modules_in_place(monkeypatch)


@pytest.fixture
def reader(issuer: LocalIssuer) -> list[Header]:
    return [(b"authorization", b"Bearer " + issuer.mint("reader").encode())]


def guarded(app: Any, api: ResourceServer) -> AccessTokenMiddleware:
    return AccessTokenMiddleware(app, resource_server=api, policy=POLICY)


# --- what the framework answers


@each
@pytest.mark.parametrize("is_mounted", [False, True], ids=["top", "mount"])
async def test_it_is_the_whole_refusal(kind: Any, is_mounted: bool, api: ResourceServer, reader: list[Header]) -> None:
    app = Starlette(routes=[Mount("/m", routes=[Mount("/n", app=kind())])]) if is_mounted else kind()

    answer = await get(guarded(app, api), "/m/n/a" if is_mounted else "/a", reader)

    assert answer.status == 403
    check_refusal(answer, "missing_role")


@each
async def test_it_is_told_once(kind: Any, issuer: LocalIssuer, reader: list[Header], caplog: pytest.LogCaptureFixture) -> None:
    told: list[Event] = []
    api = ResourceServer(Issuer(issuer.issuer, jwks=issuer.jwks()), "api://orders", on_event=told.append)

    with caplog.at_level(logging.INFO, "bearerguard"):
        await get(guarded(kind(), api), "/a", reader)

    assert [(event.name, event.code, event.status) for event in told] == [("request_refused", "missing_role", 403)]
    assert len(caplog.records) == 1


@each
async def test_what_others_make_of_it_stays(kind: Any, api: ResourceServer, reader: list[Header]) -> None:
    """The refusal was answered: an error page that comes later stands for another error."""
    answer = await get(guarded(kind(turned_into=500), api), "/a", reader)

    assert answer.status == 500


@each
async def test_it_is_raised_again_where_it_is_too_late(kind: Any, api: ResourceServer, reader: list[Header]) -> None:
    with pytest.raises(InsufficientScope):
        await call(guarded(kind(late=True), api), http_scope("GET", "/a", reader))


@each
async def test_it_is_raised_again_where_there_is_no_middleware(kind: Any) -> None:
    app = kind()
    answer_refusals_in(app)
    error = InsufficientScope(error_codes.MISSING_ROLE)

    with pytest.raises(InsufficientScope):
        await app.answered({"type": "http"}, error)


@pytest.mark.parametrize("kind", [Quart, BlackSheep])
async def test_a_websocket_is_told_at_once(kind: Any, api: ResourceServer, reader: list[Header]) -> None:
    answer = await call(guarded(kind(), api), websocket_scope("/a", reader))

    assert answer.status == 403
    check_refusal(answer, "missing_role")
    assert len(answer.messages) == 2


# --- where it is registered


@pytest.mark.parametrize("name", LOOKALIKES)
async def test_another_release_of_a_framework_is_no_obstacle(name: str, api: ResourceServer, reader: list[Header]) -> None:
    """Then the middleware answers in place of the error page."""
    page = closed(lambda scope: principal_of(scope, role("Write.All")).display_name)

    async def serve(_self: Any, scope: Any, receive: Any, send: Any) -> None:
        await page(scope, receive, send)

    members = {"__module__": f"{name}.app", "__call__": serve, "routes": (), "router": SimpleNamespace(routes={})}

    answer = await get(guarded(type("App", (), members)(), api), "/a", reader)

    assert answer.status == 403
    check_refusal(answer, "missing_role")


@pytest.mark.parametrize("theirs", [Refusal, BearerguardError])
def test_a_handler_of_the_users_stays(theirs: type[Exception]) -> None:
    litestar, quart = Litestar(), Quart()
    tables = [litestar.exception_handlers, quart.error_handler_spec[None][None]]
    for app, table in zip((litestar, quart), tables, strict=True):
        table[theirs] = "theirs"
        answer_refusals_in(app)

    assert tables == [{theirs: "theirs"}] * 2


@pytest.mark.parametrize("theirs", [Refusal, BearerguardError, InsufficientScope])
async def test_blacksheep_asks_the_users_handler(theirs: type[Exception], api: ResourceServer, reader: list[Header]) -> None:
    app = BlackSheep()
    app.exceptions_handlers[theirs] = "theirs"

    assert (await get(guarded(app, api), "/a", reader)).status == 418


async def test_a_handler_of_everything_is_not_for_refusals(api: ResourceServer, reader: list[Header]) -> None:
    app = BlackSheep()
    app.exceptions_handlers[Exception] = "theirs"

    assert (await get(guarded(app, api), "/a", reader)).status == 403


def test_it_is_registered_once() -> None:
    litestar, django, blacksheep = apps = (Litestar(), Django(), BlackSheep())
    for app in apps:
        answer_refusals_in(app)
    first = [dict(litestar.exception_handlers), list(django._exception_middleware), list(blacksheep.middlewares)]
    for app in apps:
        answer_refusals_in(app)

    assert [litestar.exception_handlers, django._exception_middleware, list(blacksheep.middlewares)] == first
    assert [len(one) for one in first] == [1, 1, 1]


def test_django_asks_it_before_the_users_hooks_and_for_refusals_alone() -> None:
    django = Django()
    django._exception_middleware.append("theirs")
    answer_refusals_in(django)

    ours, *others = django._exception_middleware
    assert others == ["theirs"]
    assert ours(None, ZeroDivisionError()) is None


def test_blacksheep_calls_it_next_to_the_view() -> None:
    blacksheep = BlackSheep()
    answer_refusals_in(blacksheep)

    assert blacksheep.middlewares.places == (("innermost", sys.maxsize),)


def test_blacksheep_may_have_started(caplog: pytest.LogCaptureFixture) -> None:
    blacksheep = BlackSheep()
    blacksheep.middlewares.closed = True

    with caplog.at_level(logging.DEBUG, "bearerguard"):
        answer_refusals_in(blacksheep)

    assert list(blacksheep.middlewares) == []
    assert [record.levelname for record in caplog.records] == ["DEBUG"]


def test_it_is_added_behind_middlewares() -> None:
    litestar = Litestar()
    answer_refusals_in(Starlette(routes=[Mount("/a", app=type("Wrapper", (), {"app": litestar})())]))

    assert list(litestar.exception_handlers) == [Refusal]

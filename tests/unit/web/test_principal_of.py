"""``principal_of``: the caller, in applications that are no Starlette."""

import logging
from typing import Any

import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from bearerguard import AccessTokenMiddleware, ConfigurationError, PathPolicy, ResourceServer, authenticated, principal_of, role
from bearerguard.authorization.combination import Requirement
from bearerguard.errors import InsufficientScope
from bearerguard.principal import Principal
from bearerguard.testing import LocalIssuer
from support.asgi import Header, get, http_scope
from support.closed_framework import closed
from support.refusals import check_refusal

pytestmark = pytest.mark.anyio

POLICY = PathPolicy({"/any": authenticated(), "/public": PathPolicy.PUBLIC})


class Broken(Requirement):
    """Fails while it judges."""

    def permits(self, principal: Principal) -> bool:
        raise ZeroDivisionError

    def refusal(self, principal: Principal) -> InsufficientScope:
        raise NotImplementedError


def _app(api: ResourceServer, requirement: Requirement | None = None, *, own_page: bool = False) -> AccessTokenMiddleware:
    """Tells who called. With ``own_page`` it makes a page of every exception, as many frameworks do."""

    def name(scope: Scope) -> str:
        return principal_of(scope, requirement).display_name

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        scope["user"] = "somebody else"
        await PlainTextResponse(name(scope))(scope, receive, send)

    return AccessTokenMiddleware(closed(name) if own_page else app, resource_server=api, policy=POLICY)


@pytest.fixture
def reader(issuer: LocalIssuer) -> list[Header]:
    return [(b"authorization", b"Bearer " + issuer.mint("reader").encode())]


async def test_it_is_whom_the_middleware_verified(api: ResourceServer, reader: list[Header]) -> None:
    """Whatever else has written ``scope["user"]``."""
    assert (await get(_app(api), "/any", reader)).body == b"reader"
    assert (await get(_app(api, role("Read.All")), "/any", reader)).body == b"reader"


@pytest.mark.parametrize("own_page", [False, True], ids=["raised", "made a page of"])
async def test_a_requirement_that_is_not_met_is_answered_by_the_middleware(
    own_page: bool, api: ResourceServer, reader: list[Header], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="bearerguard"):
        answer = await get(_app(api, role("Write.All"), own_page=own_page), "/any", reader)

    assert answer.status == 403
    check_refusal(answer, "missing_role")
    assert len(caplog.records) == 1


@pytest.mark.parametrize("own_page", [False, True], ids=["raised", "made a page of"])
async def test_on_a_public_path_there_is_nobody(own_page: bool, api: ResourceServer, reader: list[Header]) -> None:
    answer = await get(_app(api, own_page=own_page), "/public", reader)

    assert answer.status == 401
    check_refusal(answer, "missing_token")


async def test_a_requirement_that_fails_refuses_with_500(api: ResourceServer, reader: list[Header]) -> None:
    answer = await get(_app(api, Broken(), own_page=True), "/any", reader)

    assert (answer.status, answer.headers["content-type"]) == (500, "application/json")


@pytest.mark.parametrize("scope", [{}, http_scope("GET", "/any"), {"user": "somebody"}], ids=["empty", "bare", "user"])
def test_without_the_middleware_that_is_said(scope: Any) -> None:
    with pytest.raises(ConfigurationError):
        principal_of(scope)

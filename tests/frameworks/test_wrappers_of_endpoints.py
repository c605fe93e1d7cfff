"""Decorators of other packages, in the order of their own documentation: a guard that they are put around declares nothing."""

from collections.abc import Callable
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bearerguard import AccessTokenMiddleware, ConfigurationError, ResourceServer, audit, requires, role
from bearerguard.testing import LocalIssuer
from support.asgi import Header, get

pytestmark = [pytest.mark.anyio, pytest.mark.frameworks]

WRITE = role("Write.All")


@pytest.fixture
def noroles(issuer: LocalIssuer) -> list[Header]:
    return [(b"authorization", b"Bearer " + issuer.mint("noroles").encode())]


@pytest.fixture
def limited(needed: Callable[[str], Any]) -> Callable[[Any], Any]:
    """The decorator of slowapi."""
    limiter = needed("slowapi").Limiter(key_func=lambda: "everybody")
    decorator: Callable[[Any], Any] = limiter.limit("100/minute")
    return decorator


def serving(endpoint: Any, api: ResourceServer) -> Starlette:
    return Starlette(routes=[Route("/", endpoint)], middleware=[Middleware(AccessTokenMiddleware, resource_server=api)])


async def test_a_rate_limit_around_a_guard_is_named_at_the_start(limited: Callable[[Any], Any], api: ResourceServer) -> None:
    @limited
    @requires(WRITE)
    async def payroll(request: Request) -> Response:
        raise NotImplementedError

    app = serving(payroll, api)

    assert [row.decided_by for row in audit(app)] == ["nothing"]
    with pytest.raises(ConfigurationError, match="outermost"):
        await get(app, "/")


async def test_a_rate_limit_beneath_a_guard_is_guarded(
    limited: Callable[[Any], Any], api: ResourceServer, noroles: list[Header]
) -> None:
    @requires(WRITE)
    @limited
    async def payroll(request: Request) -> Response:
        raise NotImplementedError

    assert (await get(serving(payroll, api), "/", noroles)).status == 403

"""AWS Lambda, by Mangum: the event loop runs while a request runs, and each request is a run of the application's lifespan."""

import asyncio
import gc
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from bearerguard import AccessTokenMiddleware, ResourceServer, requires, role
from support.far_issuer import FarIssuer, far_issuer
from support.key_sets import settled
from support.outages import LONG
from support.patience import MOMENT, Patience

pytestmark = [
    pytest.mark.frameworks,
    pytest.mark.socket,
    # httpcore leaves the socket of a handshake that is cut off to the garbage collector
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
]


@requires(role("Read.All"))
async def orders(_request: Request) -> PlainTextResponse:
    return PlainTextResponse("orders")


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> Patience:
    """Rules the fetches of every resource server that is made from now on."""
    made = Patience()
    monkeypatch.setattr("bearerguard.connection.Fetcher", made.fetcher)
    return made


@pytest.fixture
def issuer(tmp_path: Path) -> Iterator[FarIssuer]:
    with far_issuer(tmp_path) as far:
        yield far


@pytest.fixture(autouse=True)
def loop() -> Iterator[None]:
    """The one of the process, which Mangum takes for each request."""

    async def wind_up() -> None:
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        await settled()

    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield
    loop.run_until_complete(wind_up())
    asyncio.set_event_loop(None)
    loop.close()
    gc.collect()


def lambda_event(token: str) -> dict[str, Any]:
    """What API Gateway hands to a function, in its format 2.0."""
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": "/orders",
        "rawQueryString": "",
        "headers": {"authorization": f"Bearer {token}", "host": "orders.test"},
        "requestContext": {"http": {"method": "GET", "path": "/orders", "sourceIp": "127.0.0.1"}, "stage": "$default"},
        "isBase64Encoded": False,
    }


def function(api: ResourceServer, mangum: Any, lifespan: str) -> Callable[[str], int]:
    """A deployed function: token in, status out."""
    protect = Middleware(AccessTokenMiddleware, resource_server=api)
    handler = mangum.Mangum(Starlette(routes=[Route("/orders", orders)], middleware=[protect]), lifespan=lifespan)

    def call(token: str) -> int:
        status: int = handler(lambda_event(token), None)["statusCode"]
        return status

    return call


@pytest.mark.parametrize("lifespan", ["auto", "off"])
def test_a_withdrawn_key_takes_its_tokens_with_it_at_the_first_request_past_the_lifetime(
    issuer: FarIssuer, patience: Patience, needed: Callable[[str], Any], lifespan: str
) -> None:
    api = issuer.server()
    call = function(api, needed("mangum"), lifespan)
    leaked = issuer.local.mint(lifetime=LONG, roles=["Read.All"])
    assert call(leaked) == 200
    issuer.withdraw()

    patience.is_lost = True  # what is frozen has run out of time
    for pause in (290.0, 290.0, 4 * 3600.0):
        assert call(leaked) == 200
        time.sleep(MOMENT + 0.2)
        issuer.clock.advance(pause)
    patience.is_lost = False
    assert call(leaked) == 401
    assert call(issuer.local.mint(lifetime=LONG, roles=["Read.All"])) == 200
    assert api.status()[0].last_error == ""

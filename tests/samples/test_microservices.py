"""Two services that call each other."""

import runpy
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from starlette.applications import Starlette

from bearerguard import ClientCredentials, ResourceServer
from bearerguard.testing import LocalClient, LocalIssuer
from support.sample_files import SAMPLES, output_of

BILLING: Final[dict[str, Any]] = runpy.run_path(str(SAMPLES / "microservices" / "billing.py"))
ORDERS: Final[dict[str, Any]] = runpy.run_path(str(SAMPLES / "microservices" / "orders.py"))
CLIENTS: Final = [
    LocalClient("shop", "shop-secret", roles=["Bills.Read"]),
    LocalClient("billing", "billing-secret", roles=["Read.All"]),
]


@pytest.mark.socket
def test_it_prints_who_may_call_whom() -> None:
    assert output_of("microservices/run.py") == Path(__file__).with_name("microservices.txt").read_text()


@pytest.fixture
def issuer() -> LocalIssuer:
    return LocalIssuer(audience=["api://orders", "api://billing"], clients=CLIENTS)


@pytest.fixture
def orders(issuer: LocalIssuer) -> Starlette:
    server = ResourceServer(issuer.trusted(), "api://orders", transport=httpx.ASGITransport(issuer))
    app: Starlette = ORDERS["orders_app"](server)
    return app


@asynccontextmanager
async def _shop(issuer: LocalIssuer, orders: Starlette, secret: str = "billing-secret") -> AsyncIterator[httpx.AsyncClient]:
    """A caller of billing, which calls orders with this secret."""
    transport = httpx.ASGITransport(issuer)
    auth = ClientCredentials(
        token_endpoint=issuer.token_endpoint,
        client_id="billing",
        client_secret=secret,
        resource="api://orders",
        transport=transport,
    )
    orders_client = httpx.AsyncClient(transport=httpx.ASGITransport(orders), base_url="https://orders.test", auth=auth)
    billing = BILLING["billing_app"](ResourceServer(issuer.trusted(), "api://billing", transport=transport), orders_client)
    headers = {"Authorization": f"Bearer {issuer.mint('shop', audience='api://billing')}"}
    async with (
        billing.router.lifespan_context(billing),
        httpx.AsyncClient(transport=httpx.ASGITransport(billing), base_url="https://billing.test", headers=headers) as shop,
    ):
        yield shop


@pytest.mark.anyio
async def test_many_bills_cost_one_token(issuer: LocalIssuer, orders: Starlette) -> None:
    async with _shop(issuer, orders) as shop:
        bills = [(await shop.get("/bill")).json() for _ in range(5)]

    assert bills == [{"total": 42}] * 5
    assert issuer.requests["token"] == 1


@pytest.mark.anyio
async def test_without_a_token_of_its_own_billing_is_a_bad_gateway(issuer: LocalIssuer, orders: Starlette) -> None:
    async with _shop(issuer, orders, secret="wrong") as shop:
        assert (await shop.get("/bill")).status_code == 502


@pytest.mark.anyio
async def test_a_refusal_of_orders_is_none_of_the_callers(issuer: LocalIssuer) -> None:
    """401 would tell the caller that its own token is bad."""

    async def refusing(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 401, "headers": []})
        await send({"type": "http.response.body"})

    async with _shop(issuer, refusing) as shop:  # type: ignore[arg-type]
        assert (await shop.get("/bill")).status_code == 502

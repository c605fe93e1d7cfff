"""The billing service: it checks tokens of its callers, and calls orders with a token of its own.

A caller's token is never passed on: it was issued for billing, and orders would refuse it (RFC 9700 §2.3).
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from bearerguard import AccessTokenMiddleware, ResourceServer, TokenRequestError, requires, role


@requires(role("Bills.Read"))
async def bill(request: Request) -> JSONResponse:
    orders: httpx.AsyncClient = request.app.state.orders  # its auth= is a ClientCredentials: one token for all requests
    try:
        answer = await orders.get("/orders")
        answer.raise_for_status()
    except (TokenRequestError, httpx.HTTPError):  # what went wrong is in the log; the caller can do nothing about it
        return JSONResponse({"error": "the orders service cannot be reached"}, status_code=502)
    return JSONResponse({"total": sum(order["total"] for order in answer.json()["orders"])})


def billing_app(api: ResourceServer, orders: httpx.AsyncClient) -> Starlette:
    """The application around a ResourceServer and a client of the orders service, which it closes."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with orders:
            app.state.orders = orders
            yield

    return Starlette(
        routes=[Route("/bill", bill)],
        middleware=[Middleware(AccessTokenMiddleware, resource_server=api)],
        lifespan=lifespan,
    )

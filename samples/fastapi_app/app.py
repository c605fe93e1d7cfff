"""An orders API on FastAPI: several routers, roles, an access-control list, a public route, a websocket."""

from fastapi import FastAPI
from starlette.middleware import Middleware

from bearerguard import AccessTokenMiddleware, ResourceServer, public
from bearerguard.fastapi import document_security

from . import books, orders
from .store import Orders

DOCUMENTATION = ["/docs", "/docs/oauth2-redirect", "/redoc", "/openapi.json"]  # for everybody; drop it, and they need a token


@public
async def health() -> dict[str, str]:
    return {"status": "ok"}


def orders_app(api: ResourceServer, *, token_url: str | None = None) -> FastAPI:
    """The application around a ResourceServer, so that production and tests may each bring their own."""
    app = FastAPI(
        title="Orders",
        version="1.0.0",
        middleware=[Middleware(AccessTokenMiddleware, resource_server=api, public=DOCUMENTATION)],
    )
    app.state.orders = Orders()
    app.include_router(orders.router)
    app.include_router(books.router)
    app.add_api_route("/health", health)
    document_security(app, api, token_url=token_url)
    return app

"""Any ASGI application, protected from outside by a table. What no row names is refused."""

from starlette.types import Receive, Scope, Send

from bearerguard import AccessTokenMiddleware, PathPolicy, ResourceServer, application, client, oidc, role, scope

api = ResourceServer(issuers=[oidc("https://issuer.example")], audience="api://orders")

policy = PathPolicy(
    {
        "GET /orders": role("Read.All") | scope("orders.read"),
        "GET /orders/{id}": role("Read.All") | scope("orders.read"),
        "POST /orders": role("Write.All"),
        "DELETE /orders/{id}": application() & client("billing", "warehouse") & role("Write.All"),
        "/health": PathPolicy.PUBLIC,
    }
)


async def orders(scope: Scope, receive: Receive, send: Send) -> None:
    """Any ASGI application: Litestar, Quart, Django, BlackSheep, or three lines like these."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": b'{"orders": []}'})


app = AccessTokenMiddleware(orders, resource_server=api, policy=policy)

"""Any ASGI application, protected from outside by a table. What no row names is refused."""

from starlette.responses import JSONResponse

from bearerguard import AccessTokenMiddleware, PathPolicy, ResourceServer, oidc, role

api = ResourceServer(issuers=[oidc("https://issuer.example")], audience="api://orders")
policy = PathPolicy(
    {
        "GET /orders/{id}": role("Read.All"),
        "POST /orders": role("Write.All"),
        "/health": PathPolicy.PUBLIC,
    }
)
orders = JSONResponse({"orders": []})  # any ASGI application: Litestar, Quart, Django, yours
app = AccessTokenMiddleware(orders, resource_server=api, policy=policy)

"""Who may do what, for every framework: the same table around all of them."""

from bearerguard import PathPolicy, ResourceServer, oidc, role, scope

api = ResourceServer(issuers=[oidc("https://issuer.example")], audience="api://orders")

policy = PathPolicy(
    {
        "GET /orders": role("Read.All"),
        "GET /orders/{id:int}": role("Read.All"),
        "POST /orders": role("Write.All"),
        "GET /reports": scope("reports.read"),
        "WEBSOCKET /orders/live": role("Read.All"),
        "GET /health": PathPolicy.PUBLIC,
    }
)

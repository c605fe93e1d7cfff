"""Roll-out without refusing anybody: each request is judged and reported, then it is served all the same.

When no honest caller would be refused any more, take ``insecure_report_only`` away.
"""

from starlette.responses import JSONResponse

from bearerguard import AccessTokenMiddleware, PathPolicy, ResourceServer, oidc, role

api = ResourceServer(issuers=[oidc("https://issuer.example")], audience="api://orders")
policy = PathPolicy({"GET /orders": role("Read.All"), "/health": PathPolicy.PUBLIC})
orders = JSONResponse({"orders": []})  # your application
app = AccessTokenMiddleware(orders, resource_server=api, policy=policy, insecure_report_only=True)

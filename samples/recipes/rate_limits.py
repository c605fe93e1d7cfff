"""Rate limits with slowapi for each caller: not for an address, which callers share or make up."""

from slowapi import Limiter
from slowapi.errors import RateLimitExceeded
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from bearerguard import AccessTokenMiddleware, ResourceServer, oidc, requires, role


def caller(request: Request) -> str:
    """Issuer, client and subject: two users of one client are two callers, and so is a subject at two issuers."""
    principal = request.user
    return f"{principal.issuer} {principal.client_id} {principal.subject}"


api = ResourceServer(issuers=[oidc("https://issuer.example")], audience="api://orders")
limiter = Limiter(key_func=caller, strategy="moving-window")


@requires(role("Read.All"))  # outermost: who is refused uses up nobody's limit
@limiter.limit("2/minute")
async def list_orders(request: Request) -> JSONResponse:
    return JSONResponse({"orders": []})


def too_many(_request: Request, _error: Exception) -> JSONResponse:
    return JSONResponse({"error": "too_many_requests"}, status_code=429)


app = Starlette(
    routes=[Route("/orders", list_orders)],
    middleware=[Middleware(AccessTokenMiddleware, resource_server=api)],
    exception_handlers={RateLimitExceeded: too_many},
)
app.state.limiter = limiter

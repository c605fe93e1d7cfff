"""Other libraries, each set up as its documentation shows it, against an issuer of this machine.

Where a library needs a place in the network to fetch keys from, the issuer listens on loopback; no request is measured before the
keys were fetched. A library's roles are left unchecked where it has no way to check them, which is to its favour.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

import httpx
import jwt
from authplane import AuthplaneClient, AuthplaneError, AuthplaneResource
from fastapi import Depends, FastAPI, HTTPException, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from fastapi_azure_auth import SingleTenantAzureAuthorizationCodeBearer
from fastapi_plugin import Auth0FastAPI
from fastmcp.server.auth.middleware import RequireAuthMiddleware
from fastmcp.server.auth.providers.jwt import JWTVerifier
from starlette.applications import Starlette
from starlette.authentication import AuthCredentials, AuthenticationBackend, AuthenticationError, SimpleUser, requires
from starlette.middleware import Middleware
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.requests import HTTPConnection, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from bearerguard.testing import LocalIssuer
from benchmarks.asgi import PATH

AUDIENCE = "api://orders"


@dataclass(frozen=True, slots=True)
class Peer:
    """A library in its documented form.

    Attributes:
        name: As users know it.
        framework: ``fastapi`` or ``starlette``: which bare route it is compared with.
        shape: Of the issuer it is made for.
        build: Makes its application.
    """

    name: str
    framework: str
    shape: str
    build: Callable[[LocalIssuer], ASGIApp]


def _fastapi_app(dependency: Any) -> FastAPI:
    app = FastAPI()

    @app.get(PATH, dependencies=[dependency])
    async def orders() -> dict[str, list[str]]:
        return {"orders": []}

    return app


def _azure_auth(issuer: LocalIssuer) -> ASGIApp:
    """https://intility.github.io/fastapi-azure-auth/single-tenant/fastapi_configuration"""
    tenant = issuer.issuer.split("/")[-2]
    scheme = SingleTenantAzureAuthorizationCodeBearer(app_client_id=AUDIENCE, tenant_id=tenant)
    scheme.openid_config.config_url = issuer.metadata_url  # its default is Microsoft's
    return _fastapi_app(Security(scheme))


def _auth0(issuer: LocalIssuer) -> ASGIApp:
    """https://github.com/auth0/auth0-fastapi-api: the README's route that needs no scope."""

    async def fetch(url: str, **_: Any) -> Any:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(issuer)) as client:
            return (await client.get(url)).json()

    auth0 = Auth0FastAPI(domain=httpx.URL(issuer.issuer).host, audience=AUDIENCE, custom_fetch=fetch)
    return _fastapi_app(Depends(auth0.require_auth()))


class _PyJWT:
    """https://pyjwt.readthedocs.io/en/stable/usage.html#retrieve-rsa-signing-keys-from-a-jwks-endpoint"""

    def __init__(self, issuer: LocalIssuer) -> None:
        self._issuer = issuer.issuer
        self._keys = jwt.PyJWKClient(issuer.jwks_uri)

    def claims(self, token: str) -> dict[str, Any]:
        key = self._keys.get_signing_key_from_jwt(token)
        claims: dict[str, Any] = jwt.decode(token, key, algorithms=["RS256"], audience=AUDIENCE, issuer=self._issuer)
        return claims


def _http_bearer(issuer: LocalIssuer) -> ASGIApp:
    """https://fastapi.tiangolo.com/reference/security/ (``HTTPBearer``), with PyJWT."""
    pyjwt, bearer = _PyJWT(issuer), HTTPBearer()

    async def reader(credentials: Annotated[HTTPAuthorizationCredentials, Depends(bearer)]) -> dict[str, Any]:
        try:
            claims = pyjwt.claims(credentials.credentials)
        except jwt.PyJWTError as error:
            raise HTTPException(401, str(error)) from error
        if "Read.All" not in claims.get("roles", []):
            raise HTTPException(403)
        return claims

    return _fastapi_app(Depends(reader))


def _authentication_middleware(issuer: LocalIssuer) -> ASGIApp:
    """https://www.starlette.io/authentication/, with PyJWT."""
    pyjwt = _PyJWT(issuer)

    class Backend(AuthenticationBackend):
        async def authenticate(self, conn: HTTPConnection) -> tuple[AuthCredentials, SimpleUser] | None:
            scheme, _, token = conn.headers.get("Authorization", "").partition(" ")
            if scheme.lower() != "bearer":
                return None
            claims = pyjwt.claims(token)
            return AuthCredentials(claims.get("roles", [])), SimpleUser(claims["sub"])

    @requires("Read.All")
    async def orders(request: Request) -> Response:
        return PlainTextResponse("ok")

    middleware = [Middleware(AuthenticationMiddleware, backend=Backend())]
    return Starlette(routes=[Route(PATH, orders)], middleware=middleware)


def _fastmcp(issuer: LocalIssuer) -> ASGIApp:
    """https://gofastmcp.com/servers/auth/token-verification: what ``FastMCP(auth=…)`` puts around its endpoint."""
    verifier = JWTVerifier(jwks_uri=issuer.jwks_uri, issuer=issuer.issuer, audience=AUDIENCE)

    async def orders(scope: Scope, receive: Receive, send: Send) -> None:
        await PlainTextResponse("ok")(scope, receive, send)

    route = Route(PATH, RequireAuthMiddleware(orders, required_scopes=[]))
    return Starlette(routes=[route], middleware=verifier.get_middleware())


def _authplane(issuer: LocalIssuer) -> ASGIApp:
    """https://github.com/AuthPlane/python-sdk: its quickstart, where the same backend of Starlette puts it."""

    class Backend(AuthenticationBackend):
        resource: AuthplaneResource | None = None

        async def authenticate(self, conn: HTTPConnection) -> tuple[AuthCredentials, SimpleUser] | None:
            if self.resource is None:
                client = await AuthplaneClient.create(issuer=issuer.issuer, dev_mode=True)
                self.resource = client.resource(resource=AUDIENCE, scopes=["orders.read"])
            scheme, _, token = conn.headers.get("Authorization", "").partition(" ")
            if scheme.lower() != "bearer":
                return None
            try:
                claims = await self.resource.verify(token)
            except AuthplaneError as error:
                raise AuthenticationError(str(error)) from error
            return AuthCredentials(claims.scopes), SimpleUser(claims.sub)

    @requires("orders.read")
    async def orders(request: Request) -> Response:
        return PlainTextResponse("ok")

    middleware = [Middleware(AuthenticationMiddleware, backend=Backend())]
    return Starlette(routes=[Route(PATH, orders)], middleware=middleware)


PEERS = (
    Peer("fastapi-azure-auth", "fastapi", "entra_v2", _azure_auth),
    Peer("auth0-fastapi-api", "fastapi", "auth0", _auth0),
    Peer("FastAPI `HTTPBearer` with PyJWT's `PyJWKClient`", "fastapi", "entra_v2", _http_bearer),
    Peer("Starlette `AuthenticationMiddleware` with PyJWT's `PyJWKClient`", "starlette", "entra_v2", _authentication_middleware),
    Peer("fastmcp `JWTVerifier`", "starlette", "entra_v2", _fastmcp),
    Peer("authplane-sdk in Starlette `AuthenticationMiddleware`", "starlette", "generic", _authplane),
)

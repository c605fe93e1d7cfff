"""The HTTP endpoint of an MCP server, behind the middleware."""

from collections.abc import Collection, Mapping
from typing import Any, Final, TypedDict, Unpack
from urllib.parse import unquote, urlsplit
from weakref import WeakKeyDictionary

from mcp.server.auth.middleware.auth_context import auth_context_var
from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from starlette.authentication import AuthCredentials
from starlette.routing import Match, Route
from starlette.types import Receive, Scope, Send

from bearerguard.authorization.combination import Requirement
from bearerguard.authorization.path_policy import PathPolicy
from bearerguard.authorization.policy_row import Public
from bearerguard.authorization.requirement import authenticated
from bearerguard.errors import ConfigurationError, show
from bearerguard.mcp.caller import VerifiedToken, audiences_of
from bearerguard.mcp.served_functions import check_guards
from bearerguard.principal import Principal
from bearerguard.resource_server import ResourceServer
from bearerguard.web.challenge import Disclose
from bearerguard.web.error_format import ErrorFormat
from bearerguard.web.gate import checked_server
from bearerguard.web.metadata import protected_resource_metadata, resource_metadata_url
from bearerguard.web.middleware import AccessTokenMiddleware, AnyASGIApp

_EXAMPLE: Final = '"https://orders.example/mcp"'
_protected: Final[WeakKeyDictionary[ResourceServer, str]] = WeakKeyDictionary()
"""The resource that each resource server was given for."""


class MiddlewareOptions(TypedDict, total=False):
    """Options of ``AccessTokenMiddleware`` that are handed on."""

    realm: str
    disclose: Disclose
    error_format: ErrorFormat
    root_path: str | None


def protect(
    app: AnyASGIApp,
    *,
    resource_server: ResourceServer,
    resource: str,
    requirement: Requirement | None = None,
    scopes: str | Collection[str] | None = None,
    path: str | None = None,
    rows: Mapping[str, Requirement | Public] | None = None,
    name: str | None = None,
    documentation: str | None = None,
    **options: Unpack[MiddlewareOptions],
) -> AccessTokenMiddleware:
    """An MCP server as a resource server by the authorization specification of MCP::

        app = protect(server.streamable_http_app(), resource_server=api, resource="https://orders.example/mcp")

    Every request to the endpoint needs a good token for an audience of ``resource_server``: each
    message of a session, not only the first. So each MCP server needs a resource server of its own.
    Refusals are those of ``AccessTokenMiddleware``: 401 with ``scope`` and
    ``resource_metadata``, 403 with the scopes that are needed, 503 while the issuer cannot be
    reached. The document of RFC 9728 is served at its well-known place. What neither names is
    refused.

    The SDK learns who calls: it lets only the caller who opened a session use it (the same client,
    issuer and subject), ``get_access_token()`` works, and so do ``requires`` and
    ``current_principal`` in tools. The token of the request that carries a call decides.

    A start is refused where a function is served without its ``requires``, because that stands
    above ``@server.tool()``. Works with the applications of ``MCPServer`` and ``FastMCP`` that have
    no authorization of their own, at the root of the host.

    Does not check ``Host`` and ``Origin``: that is the SDK's ``transport_security``. Does not end a
    stream that is open when its token expires.

    Source: MCP 2026-07-28, Authorization.

    Args:
        app: ``server.streamable_http_app()`` of the MCP SDK, ``server.http_app()`` of FastMCP.
        resource_server: Verifies the tokens; one of its audiences is ``resource``.
        resource: Canonical URL of the server, which clients ask a token for (RFC 8707): https, no
            query, no fragment; http on loopback.
        requirement: What every request to the endpoint must meet; by default any good token.
        scopes: What clients are told to ask for, by the 401 challenge and by the metadata: all that
            ordinary work needs. By default all scopes that occur in ``requirement``.
        path: Path of the endpoint as the application sees it; by default that of ``resource``.
        rows: Further rows of the ``PathPolicy``: ``{"GET /health": PathPolicy.PUBLIC}``.
        name: For display to people, in the metadata.
        documentation: URL of a page for developers, in the metadata.
        options: ``realm``, ``disclose``, ``error_format`` and ``root_path`` of the middleware.

    Raises:
        ConfigurationError: a value is wrong, ``resource`` is not an audience of
            ``resource_server``, or that one protects another MCP server already.
    """
    server = checked_server("resource_server", resource_server)
    requirement = authenticated() if requirement is None else requirement
    asked = requirement.scope_names() if scopes is None and isinstance(requirement, Requirement) else scopes or ()
    asked = [asked] if isinstance(asked, str) else asked
    metadata = protected_resource_metadata(server, resource=resource, scopes=asked, name=name, documentation=documentation)
    _check_audience(resource, server)
    endpoint = path if path is not None else unquote(urlsplit(resource).path) or "/"
    policy = PathPolicy({endpoint: requirement, f"GET {metadata.path}": PathPolicy.PUBLIC, **(rows or {})})
    protected = AccessTokenMiddleware(
        _Endpoint(app, metadata, server),
        resource_server=server,
        policy=policy,
        resource_metadata=resource_metadata_url(resource),
        challenge_scopes=asked,
        **options,
    )
    _check_that_it_is_the_only_one(resource, server)
    return protected


class _Endpoint:
    """The SDK's application, told who calls, and the metadata document beside it."""

    def __init__(self, app: Any, metadata: Route, server: ResourceServer) -> None:
        self.app = app
        self._metadata = metadata
        self._server = server

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._start(send)
            await self.app(scope, receive, send)
            return
        if self._metadata.matches(scope)[0] is not Match.NONE:
            await self._metadata.handle(scope, receive, send)
            return
        caller = scope.get("user")
        user = AuthenticatedUser(VerifiedToken.of(caller, self._server)) if isinstance(caller, Principal) else None
        if user is not None:
            scope = {**scope, "user": user, "auth": AuthCredentials(user.scopes)}
        # None, too: this may be a call from within a tool, and must not go on in its caller's name
        before = auth_context_var.set(user)
        try:
            await self.app(scope, receive, send)
        finally:
            auth_context_var.reset(before)

    async def _start(self, send: Send) -> None:
        """Refuse to start where a guard would not be asked."""
        try:
            await check_guards(self.app)
        except ConfigurationError as problem:
            await send({"type": "lifespan.startup.failed", "message": str(problem)})
            raise


def _check_audience(resource: str, server: ResourceServer) -> None:
    if resource not in audiences_of(server):
        problem = f"clients ask for a token for {show(resource)}, which is not an audience of the resource server (RFC 8707)"
        raise ConfigurationError("resource", problem, example=_EXAMPLE)


def _check_that_it_is_the_only_one(resource: str, server: ResourceServer) -> None:
    """A token for one MCP server is not good at another (MCP 2026-07-28, Token Handling)."""
    other = _protected.setdefault(server, resource)
    if other != resource:
        problem = f"it protects {show(other)}, too, and would take a token for the one at the other"
        raise ConfigurationError("resource_server", problem, example=f"ResourceServer(issuers=[…], audience={resource!r})")

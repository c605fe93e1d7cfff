"""Who calls a tool: the caller of the request that carries the call, never of the session.

The SDK runs what a message asks for in the context of the HTTP request that brought it, in sessions
as well as without them. So the caller travels where the SDK keeps its own: beside
``mcp.server.auth``'s access token, with which it also binds sessions to those who opened them.
"""

import logging
import secrets
import sys
from collections.abc import Mapping
from functools import cache
from typing import Any, Final, Self

from mcp.server.auth.middleware.auth_context import get_access_token
from mcp.server.auth.provider import AccessToken
from mcp.server.mcpserver.exceptions import ResourceError, ToolError
from pydantic import PrivateAttr

from bearerguard import error_codes as codes
from bearerguard.authorization.combination import Requirement
from bearerguard.errors import MissingToken, Refusal
from bearerguard.events import token_refused
from bearerguard.principal import Principal
from bearerguard.resource_server import ResourceServer
from bearerguard.token.caller import named_by
from bearerguard.web import report
from bearerguard.web.gate import refusal_for

_METHOD: Final = "TOOL"
_NOBODY = "the call must reach the tool through protect(…) or token_verifier(…); over stdio and in memory nobody is verified"


class ToolRefused(ToolError, ResourceError):
    """A tool was not run for this caller. Its text is a constant of the reason; models read it.

    A resource or a prompt that refuses raises it, too. ``__cause__`` is the refusal, with its
    ``code``.
    """


class VerifiedToken(AccessToken):
    """What the SDK is told of a principal.

    ``token`` is empty: an MCP server must not pass on the token that it received (MCP 2026-07-28,
    Access Token Privilege Restriction), and this model's ``model_dump`` and logs would show it.

    To the SDK, callers are the same if issuer, client and subject are. A caller whose token names
    neither client nor subject is the same as nobody, so no session is ever taken up again.
    """

    _principal: Principal = PrivateAttr()
    _server: ResourceServer = PrivateAttr()

    @classmethod
    def of(cls, principal: Principal, server: ResourceServer) -> Self:
        """The principal that ``server`` verified."""
        token = cls(
            token="",
            client_id=principal.client_id or ("" if principal.subject else secrets.token_hex(16)),
            scopes=sorted(principal.scopes),
            expires_at=int(principal.expires_at),
            resource=_resource(principal.claims.get("aud"), server),
            subject=principal.subject or None,
            claims={**_plain(principal.claims), "iss": principal.issuer},
        )
        token._principal, token._server = principal, server
        return token

    @property
    def principal(self) -> Principal:
        """The caller."""
        return self._principal

    @property
    def server(self) -> ResourceServer:
        """Who verified the token."""
        return self._server

    def __repr__(self) -> str:
        """Shows who, and nothing else a token says."""
        return f"VerifiedToken({self._principal!r})"

    __str__ = __repr__


def verified() -> VerifiedToken | None:
    """The verified token of the request that is being served; ``None`` if there is none.

    A token that another verifier let in does not count.
    """
    token = get_access_token()
    return token if isinstance(token, VerifiedToken) else None


def current_principal(requirement: Requirement | None = None) -> Principal:
    """The caller of the tool, resource or prompt that is being served.

    In a session it is the caller of this very call, not the one who opened the session.

    Args:
        requirement: What else the caller must hold, where that depends on more than the tool.

    Raises:
        ToolRefused: the caller does not meet the requirement, or nobody was verified: the call came
            over stdio or in memory, or the endpoint is not behind ``protect`` or
            ``token_verifier``.
    """
    return judged(requirement)


def judged(requirement: Requirement | None, tool: str = "") -> Principal:
    """The caller, if the requirement is met.

    Args:
        requirement: What the caller must hold.
        tool: Name of the function that is guarded, for logs.

    Raises:
        ToolRefused: it is not met, or nobody knows.
    """
    token = verified()
    try:
        if token is None:
            raise MissingToken(codes.MISSING_TOKEN, hint=_NOBODY)  # noqa: TRY301  one way out for every refusal
        # True itself: the coroutine of an async permits() would be true in an if
        if requirement is not None and requirement.permits(token.principal) is not True:
            raise requirement.refusal(token.principal)  # noqa: TRY301  the same
    except Exception as error:  # noqa: BLE001  whatever it is, the call is refused
        refusal = refusal_for(error)
    else:
        return token.principal
    raise _reported(refusal, token, tool)


def _reported(refusal: Refusal, token: VerifiedToken | None, tool: str) -> ToolRefused:
    """The tool error for a refusal, which is reported: callers get a constant, operators the rest.

    The request has been accepted by then, so that operators are told of two decisions.
    """
    who = None if token is None else token.principal
    if who is not None:
        refusal.caller = named_by(who)
    event = token_refused(refusal, seconds=0.0)._replace(principal=who, method=_METHOD, route=tool)
    report.log(refusal, event)
    if token is not None:
        token.server.listeners(event)
    error = _kind_of_error()(str(refusal))
    error.__cause__ = refusal
    return error


def _kind_of_error() -> type[ToolRefused]:
    """``ToolRefused``, which is also an error of FastMCP where that is in use.

    It would log the traceback of any other, so that a caller could fill the log, and withhold the
    text under ``mask_error_details``.
    """
    fastmcp = sys.modules.get("fastmcp.exceptions")
    return ToolRefused if fastmcp is None else _error_of_both(fastmcp.ToolError)


@cache
def _error_of_both(fastmcp_error: type[Exception]) -> type[ToolRefused]:
    def init(self: Any, text: str) -> None:
        fastmcp_error.__init__(self, text, log_level=logging.INFO)  # type: ignore[call-arg]

    return type("ToolRefused", (ToolRefused, fastmcp_error), {"__init__": init})


def _resource(audience: object, server: ResourceServer) -> str | None:
    """The audience of the token that is ours, as the SDK compares it with its resource (RFC 8707)."""
    ours = audiences_of(server)
    named = audience if isinstance(audience, tuple | list) else [audience]
    return next((name for name in named if name in ours), None)


def audiences_of(server: ResourceServer) -> frozenset[str]:
    """All audiences that a server accepts, those of single issuers included."""
    return server.audience.union(*(issuer.audience or () for issuer in server.issuers))


def _plain(value: Any) -> Any:
    """Claims as JSON's own types: the SDK writes them to JSON, which read-only views cannot be."""
    if isinstance(value, Mapping):
        return {name: _plain(member) for name, member in value.items()}
    return [_plain(element) for element in value] if isinstance(value, tuple | list) else value

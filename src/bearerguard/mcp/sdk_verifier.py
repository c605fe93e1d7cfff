"""A resource server as the ``TokenVerifier`` of the MCP SDK."""

from typing import Final

from mcp.server.auth.provider import AccessToken, TokenVerifier

from bearerguard.errors import AccessTokenError
from bearerguard.mcp.caller import VerifiedToken
from bearerguard.resource_server import ResourceServer
from bearerguard.web.gate import checked_server

_PARAMETER: Final = "resource_server"


def token_verifier(resource_server: ResourceServer) -> TokenVerifier:
    """The SDK's own authorization, with tokens verified by ``resource_server``::

        MCPServer("orders", token_verifier=token_verifier(api), auth=AuthSettings(…, validate_token_resource=True))

    For servers that are configured this way already; ``protect`` says more. A ``TokenVerifier``
    returns a token or nothing, and the SDK writes the answers. So here:

    - every refusal is a 401 ``invalid_token`` without a reason and without ``scope``, also where
      no token was sent;
    - where the issuer cannot be reached, the answer is 500, not 503 with ``Retry-After``. It is not
      401: a client would throw away a good token;
    - the SDK refuses a token as soon as ``exp`` has passed: ``leeway`` does not help there;
    - a 403 names one missing scope in its text, and none in ``scope``;
    - ``resource`` is the first audience of the token that is one of the resource server's. With
      ``validate_token_resource=True`` the SDK compares it to ``resource_server_url``.

    ``requires`` and ``current_principal`` work as behind ``protect``, and the SDK binds sessions
    to client, issuer and subject of the token.

    Source: ``mcp.server.auth.middleware.bearer_auth`` of mcp 2.3.

    Args:
        resource_server: Verifies the tokens; its log tells why one was refused.

    Raises:
        ConfigurationError: it is not a ``ResourceServer``.
    """
    return _Verifier(checked_server(_PARAMETER, resource_server))


class _Verifier:
    def __init__(self, server: ResourceServer) -> None:
        self._server = server

    async def verify_token(self, token: str) -> AccessToken | None:
        """What the token says, or ``None``.

        Raises:
            IssuerUnavailable: it cannot be verified now.
        """
        try:
            return VerifiedToken.of(await self._server.authenticate(token), self._server)
        except AccessTokenError as refusal:
            self._server.report(refusal)
            return None

"""Endpoints about tokens that were issued: introspection (RFC 7662) and revocation (RFC 7009)."""

from collections.abc import Mapping
from typing import Any, Final

from starlette.responses import JSONResponse, Response

from bearerguard.clock import Clock
from bearerguard.testing.endpoint_answer import NOT_KEPT, Form
from bearerguard.testing.form import required
from bearerguard.testing.registered_clients import Authenticated
from bearerguard.testing.token_refusal import Reason, TokenRefused
from bearerguard.testing.token_store import TokenStore

_CLIENT: Final = ("client_id", "azp", "appid", "cid", "common_name")
_SCOPES: Final = ("scope", "scp")


class TokenStatus:
    """Tells clients, such as APIs, of tokens, and revokes a token at the wish of its client.

    Args:
        tokens: What was issued.
        clock: Whether a token has expired.
    """

    def __init__(self, tokens: TokenStore, clock: Clock) -> None:
        self._tokens = tokens
        self._clock = clock

    def introspect(self, form: Form, _client: Authenticated) -> Response:
        """RFC 7662 §2.2: of an inactive token nothing else is told."""
        claims = self._tokens.active_claims(required(form, "token"), self._clock.now())
        return JSONResponse({"active": False} if claims is None else introspected(claims), headers=NOT_KEPT)

    def revoke(self, form: Form, authenticated: Authenticated) -> Response:
        """RFC 7009 §2.2: 200 for an unknown token, too.

        Raises:
            TokenRefused: the token was issued to another client (§2.1).
        """
        token = required(form, "token")
        claims = self._tokens.claims_of(token)
        if claims is not None:
            if _first(claims, _CLIENT) != authenticated.client.id:
                raise TokenRefused(Reason.TOKEN_OF_ANOTHER_CLIENT)
            self._tokens.deactivate(token)
        return Response(headers=NOT_KEPT)


def introspected(claims: Mapping[str, Any]) -> dict[str, Any]:
    """An active token's claims, with ``scope`` and ``client_id`` as RFC 7662 §2.2 has them."""
    answer = {"active": True, **claims, "token_type": "Bearer"}
    client, scopes = _first(claims, _CLIENT), _first(claims, _SCOPES)
    if client is not None:
        answer["client_id"] = client
    if scopes is not None:
        answer["scope"] = scopes if isinstance(scopes, str) else " ".join(scopes)
    return answer


def _first(claims: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    return next((claims[name] for name in names if name in claims), None)

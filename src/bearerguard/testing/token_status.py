"""Endpoints about tokens that were issued: introspection (RFC 7662) and revocation (RFC 7009)."""

from collections.abc import Mapping
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from bearerguard.clock import Clock
from bearerguard.testing.endpoint_answer import NOT_KEPT, EndpointAnswers
from bearerguard.testing.form import read_form, required
from bearerguard.testing.registered_clients import RegisteredClients
from bearerguard.testing.token_refusal import Reason, TokenRefused
from bearerguard.testing.token_store import TokenStore

_CLIENT: Final = ("client_id", "azp", "appid", "cid", "common_name")
_SCOPES: Final = ("scope", "scp")


class IntrospectionEndpoint:
    """Tells registered clients, such as APIs, whether a token is active and what it says.

    Args:
        clients: Who may ask.
        tokens: What was issued.
        answers: How refusals are worded.
        clock: Whether a token has expired.
    """

    def __init__(self, clients: RegisteredClients, tokens: TokenStore, answers: EndpointAnswers, clock: Clock) -> None:
        self._clients = clients
        self._tokens = tokens
        self._answers = answers
        self._clock = clock

    async def __call__(self, request: Request) -> Response:
        """RFC 7662 §2.2; of a token that is not active nothing but that is told."""
        try:
            form = await read_form(request)
            self._clients.authenticate(form, request.headers.get("authorization"))
            claims = self._tokens.active_claims(required(form, "token"), self._clock.now())
        except TokenRefused as refused:
            return self._answers.refusal(refused)
        return JSONResponse({"active": False} if claims is None else introspected(claims), headers=NOT_KEPT)


class RevocationEndpoint:
    """Revokes a token at the wish of the client it was issued to.

    Args:
        clients: Who may ask.
        tokens: What was issued.
        answers: How refusals are worded.
    """

    def __init__(self, clients: RegisteredClients, tokens: TokenStore, answers: EndpointAnswers) -> None:
        self._clients = clients
        self._tokens = tokens
        self._answers = answers

    async def __call__(self, request: Request) -> Response:
        """RFC 7009 §2.2: 200 for an unknown token, too; §2.1: another client's token is refused."""
        try:
            form = await read_form(request)
            client = self._clients.authenticate(form, request.headers.get("authorization")).client
            self._revoke(required(form, "token"), client.id)
        except TokenRefused as refused:
            return self._answers.refusal(refused)
        return Response(headers=NOT_KEPT)

    def _revoke(self, token: str, client_id: str) -> None:
        claims = self._tokens.claims_of(token)
        if claims is None:
            return
        if _first(claims, _CLIENT) != client_id:
            raise TokenRefused(Reason.TOKEN_OF_ANOTHER_CLIENT)
        self._tokens.deactivate(token)


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

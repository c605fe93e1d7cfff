"""The token endpoint: client credentials and authorization codes (RFC 6749 §4.4, §4.1.3), its answers (§5)."""

from collections.abc import Callable, Collection

from starlette.requests import Request as HTTPRequest
from starlette.responses import JSONResponse, Response

from bearerguard.testing.authorization_codes import AuthorizationCodes
from bearerguard.testing.endpoint_answer import NOT_KEPT, EndpointAnswers
from bearerguard.testing.form import read_form, required
from bearerguard.testing.registered_clients import Authenticated, RegisteredClients
from bearerguard.testing.shape import Shape
from bearerguard.testing.token_mint import Issued, Minted
from bearerguard.testing.token_refusal import Reason, TokenRefused


class TokenEndpoint:
    """Answers token requests in the words of one shape.

    Args:
        shape: Whose words and whose parameters.
        audiences: APIs that tokens may be asked for; the first is the default.
        clients: Who may ask.
        codes: What people granted.
        mint: Makes the token, and tells what it says.
        answers: How refusals are worded.
    """

    def __init__(
        self,
        shape: Shape,
        *,
        audiences: Collection[str],
        clients: RegisteredClients,
        codes: AuthorizationCodes,
        mint: Callable[[Issued], Minted],
        answers: EndpointAnswers,
    ) -> None:
        self._shape = shape
        self._audiences = tuple(audiences)
        self._clients = clients
        self._codes = codes
        self._mint = mint
        self._answers = answers

    async def __call__(self, request: HTTPRequest) -> Response:
        """A token, or a refusal. Never shows a secret or an assertion."""
        try:
            form = await read_form(request)
            for_a_person = form.get("grant_type") == "authorization_code"
            client = self._clients.authenticate(form, request.headers.get("authorization"), or_public=for_a_person)
            issued = self._granted_by_a_person(client, form) if for_a_person else self._granted(client, form)
        except TokenRefused as refused:
            return self._answers.refusal(refused)
        minted = self._mint(issued)
        if for_a_person:
            self._codes.was_redeemed(form["code"], minted.access_token)
        beside = {"id_token": minted.id_token} if minted.id_token else {}
        answer = {"token_type": "Bearer", **self._shape.answer(minted.content), "access_token": minted.access_token, **beside}
        return JSONResponse(answer, headers=NOT_KEPT)

    async def unknown_tenant(self, request: HTTPRequest) -> Response:
        """The answer at the token endpoint of a tenant that does not exist."""
        return self._answers.refusal(TokenRefused(Reason.UNKNOWN_TENANT, request.path_params["tenant"]))

    def _granted_by_a_person(self, authenticated: Authenticated, form: dict[str, str]) -> Issued:
        grant = self._codes.redeem(form, authenticated.client)
        return Issued(authenticated.client, authenticated.by_key, grant.audience, grant.scopes, grant)

    def _granted(self, authenticated: Authenticated, form: dict[str, str]) -> Issued:
        grant_type = required(form, "grant_type")
        if grant_type != "client_credentials":
            raise TokenRefused(Reason.UNSUPPORTED_GRANT_TYPE, grant_type)
        asked = self._shape.ask(form)
        audience = asked.audience or self._audiences[0]
        if audience not in self._audiences:
            raise TokenRefused(Reason.UNKNOWN_RESOURCE, audience)
        client = authenticated.client
        granted = tuple(client.scopes) if "application" in self._shape.scopes_of else ()
        scopes = granted if asked.scopes is None else asked.scopes
        unknown = [scope for scope in scopes if scope not in granted]
        if unknown:
            raise TokenRefused(Reason.INVALID_SCOPE, " ".join(unknown))
        return Issued(client, authenticated.by_key, self._shape.audience(audience, self._audiences), scopes)

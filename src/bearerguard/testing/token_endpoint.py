"""The token endpoint: the client-credentials grant (RFC 6749 §4.4) and its answers (§5)."""

from collections.abc import Callable, Collection
from dataclasses import dataclass

from starlette.requests import Request as HTTPRequest
from starlette.responses import JSONResponse, Response

from bearerguard.testing.endpoint_answer import NOT_KEPT, EndpointAnswers
from bearerguard.testing.form import read_form, required
from bearerguard.testing.local_client import LocalClient
from bearerguard.testing.registered_clients import Authenticated, RegisteredClients
from bearerguard.testing.shape import Shape, TokenContent
from bearerguard.testing.token_refusal import Reason, TokenRefused


@dataclass(frozen=True, slots=True)
class Issued:
    """What is granted: to whom, for which API, with which scopes."""

    client: LocalClient
    by_key: bool
    audience: str
    scopes: tuple[str, ...]


class TokenEndpoint:
    """Answers token requests in the words of one shape.

    Args:
        shape: Whose words and whose parameters.
        audiences: APIs that tokens may be asked for; the first is the default.
        clients: Who may ask.
        mint: Makes the token, and tells what it says.
        answers: How refusals are worded.
    """

    def __init__(
        self,
        shape: Shape,
        *,
        audiences: Collection[str],
        clients: RegisteredClients,
        mint: Callable[[Issued], tuple[str, TokenContent]],
        answers: EndpointAnswers,
    ) -> None:
        self._shape = shape
        self._audiences = tuple(audiences)
        self._clients = clients
        self._mint = mint
        self._answers = answers

    async def __call__(self, request: HTTPRequest) -> Response:
        """A token, or a refusal. Never shows a secret or an assertion."""
        try:
            form = await read_form(request)
            authenticated = self._clients.authenticate(form, request.headers.get("authorization"))
            issued = self._granted(authenticated, form)
        except TokenRefused as refused:
            return self._answers.refusal(refused)
        token, content = self._mint(issued)
        return JSONResponse({"token_type": "Bearer", **self._shape.answer(content), "access_token": token}, headers=NOT_KEPT)

    async def unknown_tenant(self, request: HTTPRequest) -> Response:
        """The answer at the token endpoint of a tenant that does not exist."""
        return self._answers.refusal(TokenRefused(Reason.UNKNOWN_TENANT, request.path_params["tenant"]))

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

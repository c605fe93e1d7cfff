"""The token endpoint: client credentials and authorization codes (RFC 6749 §4.4, §4.1.3, §5)."""

from collections.abc import Callable, Collection

from starlette.responses import JSONResponse, Response

from bearerguard.testing.authorization_codes import AuthorizationCodes
from bearerguard.testing.endpoint_answer import NOT_KEPT, Form
from bearerguard.testing.form import required
from bearerguard.testing.registered_clients import Authenticated
from bearerguard.testing.shape import Shape
from bearerguard.testing.token_mint import Issued, Minted
from bearerguard.testing.token_refusal import Reason, TokenRefused


class TokenEndpoint:
    """Answers token requests in the words of one shape.

    Args:
        shape: Whose words and whose parameters.
        audiences: APIs that tokens may be asked for; the first is the default.
        codes: What people granted.
        mint: Makes the token, and tells what it says.
    """

    def __init__(
        self, shape: Shape, audiences: Collection[str], codes: AuthorizationCodes, mint: Callable[[Issued], Minted]
    ) -> None:
        self._shape = shape
        self._audiences = tuple(audiences)
        self._codes = codes
        self._mint = mint

    def issue(self, form: Form, client: Authenticated) -> Response:
        """A token. Never shows a secret or an assertion.

        Raises:
            TokenRefused: there is none for this form, or for this client.
        """
        if not is_for_a_person(form):
            return self._answer(self._mint(self._granted(client, form)))
        minted = self._mint(self._granted_by_a_person(client, form))
        self._codes.was_redeemed(form["code"], minted.access_token)
        return self._answer(minted)

    def _answer(self, minted: Minted) -> Response:
        beside = {"id_token": minted.id_token} if minted.id_token else {}
        answer = {"token_type": "Bearer", **self._shape.answer(minted.content), "access_token": minted.access_token, **beside}
        return JSONResponse(answer, headers=NOT_KEPT)

    def _granted_by_a_person(self, authenticated: Authenticated, form: Form) -> Issued:
        grant = self._codes.redeem(form, authenticated.client)
        return Issued(authenticated.client, authenticated.by_key, grant.audience, grant.scopes, grant)

    def _granted(self, authenticated: Authenticated, form: Form) -> Issued:
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


def is_for_a_person(form: Form) -> bool:
    """Whether it brings an authorization code, as public clients do, too."""
    return form.get("grant_type") == "authorization_code"

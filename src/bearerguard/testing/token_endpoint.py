"""The token endpoint: the client-credentials grant (RFC 6749 §4.4) and its answers (§5)."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qsl

from starlette.requests import Request as HTTPRequest
from starlette.responses import JSONResponse, Response

from bearerguard.clock import Clock
from bearerguard.testing.local_client import LocalClient
from bearerguard.testing.registered_clients import Authenticated, RegisteredClients
from bearerguard.testing.shape import Shape, TokenContent
from bearerguard.testing.token_refusal import Incident, Reason, TokenRefused

_NOT_KEPT: Final = {"Cache-Control": "no-store", "Pragma": "no-cache"}  # RFC 6749 §5.1
_CHALLENGE: Final = {"WWW-Authenticate": 'Basic realm="token"'}  # RFC 6749 §5.2
_FORM: Final = "application/x-www-form-urlencoded"


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
        clock: For the time in an error answer.
    """

    def __init__(
        self,
        shape: Shape,
        *,
        audiences: Collection[str],
        clients: RegisteredClients,
        mint: Callable[[Issued], tuple[str, TokenContent]],
        clock: Clock,
    ) -> None:
        self._shape = shape
        self._audiences = tuple(audiences)
        self._clients = clients
        self._mint = mint
        self._clock = clock
        self._refused = 0

    async def __call__(self, request: HTTPRequest) -> Response:
        """A token, or a refusal. Never shows a secret or an assertion."""
        try:
            form = await _read_form(request)
            authenticated = self._clients.authenticate(form, request.headers.get("authorization"))
            issued = self._granted(authenticated, form)
        except TokenRefused as refused:
            return self._refusal(refused)
        token, content = self._mint(issued)
        return JSONResponse({"token_type": "Bearer", **self._shape.answer(content), "access_token": token}, headers=_NOT_KEPT)

    async def unknown_tenant(self, request: HTTPRequest) -> Response:
        """The answer at the token endpoint of a tenant that does not exist."""
        return self._refusal(TokenRefused(Reason.UNKNOWN_TENANT, request.path_params["tenant"]))

    def _granted(self, authenticated: Authenticated, form: dict[str, str]) -> Issued:
        if "grant_type" not in form:
            raise TokenRefused(Reason.MISSING_PARAMETER, "grant_type")
        if form["grant_type"] != "client_credentials":
            raise TokenRefused(Reason.UNSUPPORTED_GRANT_TYPE, form["grant_type"])
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

    def _refusal(self, refused: TokenRefused) -> Response:
        self._refused += 1
        status, body = self._shape.refusals.answer(refused, Incident(self._clock.now(), self._refused))
        challenge = _CHALLENGE if status == HTTPStatus.UNAUTHORIZED else {}
        return JSONResponse(body, status, headers={**_NOT_KEPT, **challenge})


async def _read_form(request: HTTPRequest) -> dict[str, str]:
    """RFC 6749 §3.2: form-encoded; a parameter without a value is absent; none may be repeated."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != _FORM:
        raise TokenRefused(Reason.NOT_A_FORM)
    try:
        pairs = parse_qsl((await request.body()).decode("ascii"), max_num_fields=100, errors="strict")
    except ValueError:
        raise TokenRefused(Reason.NOT_A_FORM) from None
    form = dict(pairs)
    if len(form) != len(pairs):
        names = [name for name, _ in pairs]
        raise TokenRefused(Reason.REPEATED_PARAMETER, next(name for name in names if names.count(name) > 1))
    return form

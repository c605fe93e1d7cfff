"""How the endpoints of one issuer answer: never kept, and refusals in the vendor's words."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Final, TypeAlias

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from bearerguard.clock import Clock
from bearerguard.testing.form import read_form
from bearerguard.testing.pages import Page
from bearerguard.testing.registered_clients import Authenticated, RegisteredClients
from bearerguard.testing.token_refusal import Incident, RefusalStyle, TokenRefused

Form: TypeAlias = dict[str, str]

NOT_KEPT: Final = {"Cache-Control": "no-store", "Pragma": "no-cache"}  # RFC 6749 §5.1
_CHALLENGE: Final = {"WWW-Authenticate": 'Basic realm="token"'}  # RFC 6749 §5.2


class EndpointAnswers:
    """Answers clients that prove who they are, and numbers the refusals, as vendors do.

    Args:
        clients: Who may ask.
        style: Whose words.
        clock: For the time in an error.
    """

    def __init__(self, clients: RegisteredClients, style: RefusalStyle, clock: Clock) -> None:
        self._clients = clients
        self._style = style
        self._clock = clock
        self._refused = 0

    def page(
        self, answer: Callable[[Form, Authenticated], Response], *, is_public: Callable[[Form], bool] = lambda _: False
    ) -> Page:
        """What serves an endpoint.

        Args:
            answer: To a form, and to the client that sent it; may raise ``TokenRefused``.
            is_public: Whether a public client may send this form.
        """

        async def page(request: Request) -> Response:
            try:
                form = await read_form(request)
                authorization = request.headers.get("authorization")
                return answer(form, self._clients.authenticate(form, authorization, or_public=is_public(form)))
            except TokenRefused as refused:
                return self.refusal(refused)

        return page

    def refusal(self, refused: TokenRefused) -> Response:
        """The answer to a refused request. Never shows a secret or an assertion."""
        self._refused += 1
        status, body = self._style.answer(refused, Incident(self._clock.now(), self._refused))
        challenge = _CHALLENGE if status == HTTPStatus.UNAUTHORIZED else {}
        return JSONResponse(body, status, headers={**NOT_KEPT, **challenge})

"""How the endpoints of one issuer answer: never kept, and refusals in the vendor's words."""

from http import HTTPStatus
from typing import Final

from starlette.responses import JSONResponse, Response

from bearerguard.clock import Clock
from bearerguard.testing.token_refusal import Incident, RefusalStyle, TokenRefused

NOT_KEPT: Final = {"Cache-Control": "no-store", "Pragma": "no-cache"}  # RFC 6749 §5.1
_CHALLENGE: Final = {"WWW-Authenticate": 'Basic realm="token"'}  # RFC 6749 §5.2


class EndpointAnswers:
    """Numbers the refusals, as vendors do.

    Args:
        style: Whose words.
        clock: For the time in an error.
    """

    def __init__(self, style: RefusalStyle, clock: Clock) -> None:
        self._style = style
        self._clock = clock
        self._refused = 0

    def refusal(self, refused: TokenRefused) -> Response:
        """Never shows a secret or an assertion."""
        self._refused += 1
        status, body = self._style.answer(refused, Incident(self._clock.now(), self._refused))
        challenge = _CHALLENGE if status == HTTPStatus.UNAUTHORIZED else {}
        return JSONResponse(body, status, headers={**NOT_KEPT, **challenge})

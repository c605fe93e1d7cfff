"""Asks the token endpoint once: a token, or one kind of error whatever went wrong."""

from bearerguard.bounded_http import BoundedHttp, ExchangeFailed
from bearerguard.client.token_request import TokenRequest, build_request
from bearerguard.client.token_response import MAX_BODY, IssuedToken, read_response
from bearerguard.client.token_settings import TokenSettings
from bearerguard.client_authentication.secret import presentable
from bearerguard.clock import Clock
from bearerguard.error_hints import hint_for
from bearerguard.errors import ConfigurationError, TokenRequestError


class TokenEndpoint:
    """One client's way to tokens.

    Args:
        settings: Checked settings.
        http: Sends the request; used on an event loop of its own, so that what blocks there blocks
            nobody.
        clock: Its wall time is for assertions.
    """

    def __init__(self, settings: TokenSettings, http: BoundedHttp, clock: Clock) -> None:
        self._settings = settings
        self._http = http
        self._clock = clock

    async def __call__(self, claims: str) -> IssuedToken:
        """Ask, passing on the claims challenge that an API sent, if any.

        Raises:
            TokenRequestError: no token came.
        """
        now = self._clock.now()
        try:
            request = build_request(self._settings, now=now, claims=claims)
        except ConfigurationError as why:
            raise _failure("credential_unavailable", str(why)) from None
        try:
            answer = await self._http.exchange(request.http, limit=MAX_BODY)
        except Exception as error:  # noqa: BLE001 - whatever a transport raises
            # not chained: it may quote the request
            raise _not_answered(error, request) from None
        return read_response(answer, secrets=request.secrets, now=now)


def _not_answered(error: Exception, request: TokenRequest) -> TokenRequestError:
    if not isinstance(error, ExchangeFailed):
        return _failure("token_endpoint_unreachable", presentable(f"{type(error).__name__}: {error}", request.secrets))
    kinds = {"timeout": "token_endpoint_timeout", "unreachable": "token_endpoint_unreachable"}
    return _failure(kinds.get(error.code, "invalid_token_response"), presentable(str(error), request.secrets))


def _failure(error: str, text: str) -> TokenRequestError:
    return TokenRequestError(error, text, hint=hint_for(error), temporary=True)

"""Asks the token endpoint once: a token, or one kind of error whatever went wrong."""

from bearerguard.bounded_http import BoundedHttp
from bearerguard.client.exchange import answer_to, proof_of
from bearerguard.client.token_request import build_request
from bearerguard.client.token_response import IssuedToken, read_response
from bearerguard.client.token_settings import TokenSettings
from bearerguard.clock import Clock


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
        proof = proof_of(self._settings.authentication, self._settings.token_endpoint, now)
        request = build_request(self._settings, proof, claims=claims)
        unread, secrets = "invalid_token_response", proof.secrets
        answer = await answer_to(request, self._http, endpoint="token_endpoint", unread=unread, secrets=secrets)
        return read_response(answer, secrets=secrets, now=now)

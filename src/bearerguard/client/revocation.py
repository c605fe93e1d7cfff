"""Revokes this client's own token: one bounded POST (RFC 7009 §2.1)."""

from dataclasses import dataclass
from functools import partial
from typing import Final

from bearerguard.bounded_http import BoundedHttp, Request
from bearerguard.checks import checked_url, url_problem
from bearerguard.client.exchange import answer_to, proof_of, temporary_failure
from bearerguard.client.token_response import read_error, unreadable
from bearerguard.client.token_settings import TokenSettings
from bearerguard.client_authentication.method import ACCEPT
from bearerguard.client_authentication.secret import Secret
from bearerguard.clock import Clock
from bearerguard.errors import ConfigurationError
from bearerguard.strict_json import NotStrictJson, parse_object

MAX_METADATA: Final = 256 * 1024
_REVOKED: Final = frozenset({200, 204})  # RFC 7009 §2.2 says 200, and that the body is ignored
_FAILED: Final = "revocation_endpoint_failed"
_answer_to: Final = partial(answer_to, endpoint="revocation_endpoint", unread=_FAILED)
_EXAMPLE: Final = '"https://issuer.example/oauth2/revoke"'


@dataclass(frozen=True, slots=True)
class RevocationPlace:
    """Where tokens are revoked.

    Attributes:
        endpoint: Its URL; ``None``: the metadata names it.
        metadata_url: The document of RFC 8414 §2 that names it.
        allow_http: Whether ``http://`` on loopback will do.

    Raises:
        ConfigurationError: a URL is wrong, or both were given.
    """

    endpoint: str | None
    metadata_url: str | None
    allow_http: bool

    def __post_init__(self) -> None:
        for name, url in (("revocation_endpoint", self.endpoint), ("metadata_url", self.metadata_url)):
            if url is not None:
                checked_url(name, url, example=_EXAMPLE, allow_http=self.allow_http)
        if self.endpoint is not None and self.metadata_url is not None:
            raise ConfigurationError("metadata_url", "revocation_endpoint was given, too", example="revocation_endpoint=None")


class Revocation:
    """One client's way to revoke tokens.

    Args:
        settings: The client, and where it gets tokens.
        place: Where it revokes them.
        http: Sends the requests; used on an event loop of its own.
        clock: Its wall time is for assertions.
    """

    def __init__(self, settings: TokenSettings, place: RevocationPlace, http: BoundedHttp, clock: Clock) -> None:
        self._settings = settings
        self._place = place
        self._http = http
        self._clock = clock

    def check(self) -> None:
        """Whether tokens can be revoked at all.

        Raises:
            ConfigurationError: neither endpoint nor metadata was given.
        """
        if self._place.endpoint is None and self._place.metadata_url is None:
            raise ConfigurationError("revocation_endpoint", "it is missing, and so is metadata_url", example=_EXAMPLE)

    async def __call__(self, token: Secret) -> None:
        """Revoke ``token``. The server answers the same if it does not know the token (RFC 7009
        §2.2).

        Raises:
            TokenRequestError: nobody knows whether it is revoked.
        """
        url = await self._url()
        now = self._clock.now()
        proof = proof_of(self._settings.authentication, url, now)
        secrets = (token, *proof.secrets)
        request = proof.post(url, [("token", token.reveal()), ("token_type_hint", "access_token")])
        answer = await _answer_to(request, self._http, secrets=secrets)
        if answer.status not in _REVOKED:
            raise read_error(answer, secrets=secrets, now=now) or unreadable(answer, "no OAuth error in it", now, error=_FAILED)

    async def _url(self) -> str:
        """The endpoint; metadata that does not name our token endpoint is another server's."""
        if self._place.endpoint is not None:
            return self._place.endpoint
        request = Request("GET", str(self._place.metadata_url), (ACCEPT,))
        answer = await _answer_to(request, self._http, limit=MAX_METADATA)
        if answer.status != 200:  # noqa: PLR2004
            raise unreadable(answer, "no metadata", self._clock.now(), error=_FAILED)
        try:
            metadata = parse_object(answer.body)
        except NotStrictJson as why:
            raise temporary_failure(_FAILED, f"metadata: {why}") from None
        if metadata.get("token_endpoint") != self._settings.token_endpoint:
            raise temporary_failure(_FAILED, "metadata: `token_endpoint` is not this client's")
        url = metadata.get("revocation_endpoint")
        problem = url_problem(url, allow_http=self._place.allow_http)
        if problem or type(url) is not str:
            raise temporary_failure(_FAILED, f"metadata: revocation_endpoint: {problem}")
        return url

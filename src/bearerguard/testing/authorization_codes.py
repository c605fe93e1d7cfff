"""Authorization codes: single use, short-lived, bound to client, address and PKCE challenge.

Sources: RFC 6749 §4.1.2, §4.1.3, RFC 7636 §4.6, RFC 9700 §2.1.1.
"""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from typing import Final

from cachetools import TTLCache

from bearerguard.clock import Clock
from bearerguard.testing.form import required
from bearerguard.testing.local_client import LocalClient
from bearerguard.testing.local_user import LocalUser
from bearerguard.testing.signing_key import base64url
from bearerguard.testing.token_refusal import Reason, TokenRefused
from bearerguard.testing.token_store import TokenStore

CODE_LIFETIME: Final = 60.0
_REPLAYS_KNOWN_FOR: Final = 3600.0
_MOST: Final = 1000
_VERIFIER: Final = re.compile(r"[A-Za-z0-9\-._~]{43,128}")


@dataclass(frozen=True, slots=True)
class Grant:
    """What a person granted, and to whom.

    Attributes:
        client_id: The application.
        redirect_uri: Where the code was sent.
        challenge: ``code_challenge`` by S256.
        user: Who signed in.
        audience: The API.
        scopes: Scopes of the API.
        wants_id_token: The application asked for ``openid``.
        nonce: For the ID token; empty for none.
    """

    client_id: str
    redirect_uri: str
    challenge: str
    user: LocalUser
    audience: str
    scopes: tuple[str, ...]
    wants_id_token: bool = False
    nonce: str = ""


class AuthorizationCodes:
    """The codes of one issuer.

    Args:
        tokens: Where the token of a code that is used twice is ended.
        clock: Judges the age.
    """

    def __init__(self, tokens: TokenStore, clock: Clock) -> None:
        self._tokens = tokens
        self._unused: TTLCache[str, Grant] = TTLCache(_MOST, CODE_LIFETIME, timer=clock.monotonic)
        self._used: TTLCache[str, str] = TTLCache(_MOST, _REPLAYS_KNOWN_FOR, timer=clock.monotonic)

    def issue(self, grant: Grant) -> str:
        """A code for it: 256 random bits."""
        code = secrets.token_urlsafe(32)
        self._unused[code] = grant
        return code

    def redeem(self, form: dict[str, str], client: LocalClient) -> Grant:
        """What the code of a token request stands for. Any attempt uses the code up.

        A code that comes a second time ends the token that the first got.

        Raises:
            TokenRefused: the code is unknown, too old or used, or client, address or verifier do
                not fit.
        """
        code, verifier, address = (required(form, name) for name in ("code", "code_verifier", "redirect_uri"))
        grant = self._unused.pop(code, None)
        if grant is None:
            if code in self._used:
                self._tokens.deactivate(self._used[code])
            raise _invalid("it is unknown, has expired or was used before")
        if grant.client_id != client.id:
            raise _invalid("it was issued to another client")
        if grant.redirect_uri != address:
            raise _invalid("redirect_uri is another than the one of the authorization request")
        if not (_VERIFIER.fullmatch(verifier) and hmac.compare_digest(challenge_of(verifier), grant.challenge)):
            raise _invalid("code_verifier does not fit code_challenge")
        return grant

    def was_redeemed(self, code: str, token: str) -> None:
        """This token was issued for it."""
        self._used[code] = token


def challenge_of(verifier: str) -> str:
    """``code_challenge`` by the method S256 (RFC 7636 §4.2)."""
    return base64url(hashlib.sha256(verifier.encode()).digest())


def _invalid(problem: str) -> TokenRefused:
    return TokenRefused(Reason.INVALID_GRANT, problem)

"""Is it an access token? ID, refresh, logout and security event tokens may bear the same signature.

Standards: RFC 8725 §3.12 (rules for different kinds of tokens exclude each other), RFC 9068 §5.
"""

from typing import Final

from bearerguard import error_codes as codes
from bearerguard.errors import AccessTokenError, InvalidToken
from bearerguard.issuers.profile import Profile
from bearerguard.token.jws import UnverifiedToken

_HASHES: Final = ("at_hash", "c_hash")  # ID tokens: OpenID Connect Core 1.0 §3.1.3.6, §3.3.2.11
_MARKS: Final = ("nonce", *_HASHES)  # OpenID Connect Core 1.0 §2
_OTHER_PAYLOAD_TYPES: Final = frozenset({"ID", "Refresh", "Offline", "Logout"})  # Keycloak's claim "typ"
_MAY_SAY_REFRESH: Final = ("tokenType", "TokenType", "token_type", "type")  # Casdoor and others sign both kinds with one key
_REMEDY: Final = (
    "Send the access_token member of the token response, not the id_token. If that is what was sent, this issuer gives its "
    "access tokens the marks of ID tokens: let it type them 'at+jwt', or set oidc(…, insecure_accept_id_tokens=True)."
)


def kind_failure(token: UnverifiedToken, profile: Profile) -> AccessTokenError | None:
    """The first mark of a token of another kind."""
    claims = token.claims
    for name in _id_token_marks(token.header.typ, profile):
        if name in claims:
            return _refused(f"no `{name}`", claims[name], name, hint="" if profile.client_required else _REMEDY)
    if "events" in claims:  # RFC 8417 §2.2
        return _refused("no `events`", claims["events"], "events")
    use = claims.get("token_use", "access")
    if use != "access":
        return _refused("`token_use` 'access'", use, "token_use")
    typ = claims.get("typ")
    if type(typ) is str and typ in _OTHER_PAYLOAD_TYPES:
        return _refused("`typ` 'Bearer'", typ, "typ")
    for name in _MAY_SAY_REFRESH:
        value = claims.get(name)
        if type(value) is str and "refresh" in value.lower():
            return _refused(f"no refresh token in `{name}`", value, name)
    return None


def _id_token_marks(typ: str, profile: Profile) -> tuple[str, ...]:
    """``nonce`` does not count in a token typed ``at+jwt``, nor where access tokens have it, too."""
    if profile.insecure_accept_id_tokens:
        return ()
    return _HASHES if typ == "at+jwt" or not profile.nonce_marks_id_tokens else _MARKS


def _refused(expected: str, actual: object, name: str, *, hint: str = "") -> InvalidToken:
    return InvalidToken(codes.NOT_AN_ACCESS_TOKEN, expected=expected, actual=actual, at=f"$.{name}", hint=hint)

"""Which of an issuer's keys may have signed a token."""

from bearerguard import error_codes as codes
from bearerguard.errors import InvalidToken
from bearerguard.issuers.profile import Profile
from bearerguard.keys.jwk_set import JWKSet, VerificationKey
from bearerguard.token.jws import UnverifiedToken

Keys = tuple[VerificationKey, ...]


def candidates(key_set: JWKSet, token: UnverifiedToken, profile: Profile) -> Keys:
    """The keys that may have signed it: by name and algorithm, and of its issuer where keys name
    theirs.

    Source: https://learn.microsoft.com/en-us/entra/identity-platform/access-tokens (validate the signing key issuer)
    """
    found = key_set.candidates(token.header.kid, token.header.algorithm)
    if not profile.key_issuers:
        return found
    return tuple([key for key in found if key.issuer is None or profile.accepts_key_of(key.issuer, token.claims)])


def no_key(token: UnverifiedToken, tried: Keys, key_set: JWKSet | None) -> InvalidToken:
    """The refusal of a token that none of the keys has verified."""
    if tried:
        return InvalidToken(codes.INVALID_SIGNATURE)
    algorithm, kid = token.header.algorithm, token.header.kid
    wanted = f"a key for `alg` {algorithm} among `kid` {key_set.kids if key_set else ()}"
    why = key_set.why_unusable(kid, algorithm) if key_set else ""
    hint = f"The issuer publishes this key, but it cannot be used: {why}." if why else ""
    return InvalidToken(codes.UNKNOWN_KEY, expected=wanted, actual=kid, at="header.kid", hint=hint)

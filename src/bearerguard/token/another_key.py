"""Verifies a token by a key that is not at hand; the only place of a request that waits for keys."""

from bearerguard.keys.jwk_set import JWKSet
from bearerguard.token.jws import AccessToken, UnverifiedToken, verify
from bearerguard.token.registration import Registration
from bearerguard.token.signer import candidates as candidates_in
from bearerguard.token.signer import no_key


async def verified_by_another_key(token: UnverifiedToken, registration: Registration, tried: JWKSet | None) -> AccessToken:
    """The token, verified by a key that has to be fetched.

    Args:
        token: What no key of ``tried`` verifies.
        registration: Its issuer.
        tried: The keys at hand, ``None`` where there are none.

    Raises:
        InvalidToken: no key verifies the token, not even one published just now.
        IssuerUnavailable: there are no keys, and none can be fetched now.
    """
    keys, kid, profile = registration.keys, token.header.kid, registration.expected.issuer.profile
    came_after = keys.fetches_sent()
    candidates = () if tried is None else candidates_in(tried, token, profile)
    while not candidates or kid is None:  # a bad signature under a known `kid` is not worth a fetch
        newer = await (keys.obtain() if tried is None else keys.look_again(kid, tried, came_after))
        if newer is tried:
            break
        tried, candidates = newer, candidates_in(newer, token, profile)
        access_token = verify(token, candidates)
        if access_token is not None:
            return access_token
    raise no_key(token, candidates, tried)

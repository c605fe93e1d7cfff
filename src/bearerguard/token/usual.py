"""A quick check whether a token is like nearly all good ones.

The table of ``claims.py`` names the first check that fails, and asks one after the other, which
costs three times as much. Each condition here is a little stricter than the check it stands for:
where one does not hold, the table is asked, and it alone refuses.
"""

from typing import TYPE_CHECKING, Final

from bearerguard.token.audience import names_one_of
from bearerguard.token.jws import UnverifiedToken

if TYPE_CHECKING:
    from bearerguard.token.claims import Expectations

MAX_TIME: Final = 2**40
_FEW: Final = 16
_LONG_AGO: Final = 1
# what may mark a token of another kind, or one that is bound to a key
_UNUSUAL: Final = frozenset(
    {"nonce", "at_hash", "c_hash", "events", "token_use", "tokenType", "TokenType", "token_type", "type", "cnf"}
)


def is_usual(token: UnverifiedToken, expected: "Expectations", now: float) -> bool:
    """Whether all checks of the table hold that concern every issuer; ``False`` says nothing."""
    header, claims, leeway = token.header, token.claims, expected.leeway
    get = claims.get
    expires, begins, issued = get("exp"), get("nbf", _LONG_AGO), get("iat", _LONG_AGO)
    return (
        header.typ in expected.usual_types
        and header.algorithm in expected.algorithms
        and _UNUSUAL.isdisjoint(claims)
        and get("typ", "Bearer") == "Bearer"
        and (type(expires) is type(begins) is type(issued) is int)
        and 0 < expires < MAX_TIME
        and now < expires + leeway
        and 0 < begins < MAX_TIME
        and begins <= now + leeway
        and 0 < issued < MAX_TIME
        and type(get("sub", "")) is str
        and type(get("jti", "")) is str
        and _is_named(get("aud"), expected.audience)
    )


def _is_named(audience: object, accepted: frozenset[str]) -> bool:
    """A long array is looked through once, by the table."""
    if type(audience) is str:
        return audience in accepted
    return type(audience) is list and len(audience) <= _FEW and names_one_of(audience, accepted) is True

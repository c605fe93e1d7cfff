"""What the endpoint says of a token, judged like the claims of a verified one.

Standards: RFC 7662 §2.2 and §4 (an API must check what applies to it: ``active`` alone does not say
that a token is for this API), RFC 6750 §1.1 (bearer).
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from bearerguard import error_codes as codes
from bearerguard.errors import AccessTokenError, InvalidToken
from bearerguard.introspection.introspection import Introspection
from bearerguard.token.claims import CHECKS, Expectations
from bearerguard.token.jws import Header, UnverifiedToken

_NO_HEADER: Final = Header("", None, "", has_nonce=False)
_HYDRA: Final = ("token_use", "access_token")  # https://www.ory.com/docs/reference/api: introspectedOAuth2Token


class Judged(NamedTuple):
    """One check: what was judged, by which rule, and what is wrong with it, if anything."""

    what: str
    source: str
    failure: AccessTokenError | None


class Judgement:
    """Judges answers of one endpoint, for one API.

    Args:
        settings: What an answer must be.
        audience: The API's identifiers.
        leeway: Seconds that clocks may differ.
    """

    def __init__(self, settings: Introspection, audience: frozenset[str], leeway: float) -> None:
        own = audience if settings.audience is None else frozenset(settings.audience)
        self._expected = Expectations(settings.record, own, own | audience, frozenset(), leeway)
        self._rows = tuple(row for row in CHECKS if not row.of_header and row.concerns(settings.record))
        self._issuer = settings.named_issuer
        self._for_us: dict[str, Any] = {settings.record.profile.audience_claim: min(own)}
        self._assumed: dict[str, Any] = {"iss": settings.record.issuer, **(self._for_us if settings.only_this_api else {})}

    def claims(self, said: Mapping[str, Any], verified: Mapping[str, Any] | None, now: float) -> dict[str, Any]:
        """The claims of an active token, judged; what is left out is completed.

        Args:
            said: The answer.
            verified: Claims of the JWT that was verified before, which complete the answer.
            now: Wall time.

        Raises:
            AccessTokenError: with the code of the first check that fails.
        """
        claims, must_be = self._completed(said, verified)
        failure = next(
            (judged.failure for judged in self._judged(claims, said, must_be, now) if judged.failure is not None), None
        )
        if failure is not None:
            raise failure
        return claims

    def checks(self, said: Mapping[str, Any], now: float) -> Iterator[Judged]:
        """Every check of an active token's claims, in the order in which ``claims`` makes them."""
        claims, must_be = self._completed(said, None)
        return self._judged(claims, said, must_be, now)

    def _completed(self, said: Mapping[str, Any], verified: Mapping[str, Any] | None) -> tuple[dict[str, Any], str | None]:
        """The claims, and the issuer that they must name."""
        if verified is None:
            return {**self._assumed, **said}, self._issuer
        return {**verified, **self._for_us, **said}, verified["iss"]  # whose audience was judged

    def _judged(self, claims: dict[str, Any], said: Mapping[str, Any], must_be: str | None, now: float) -> Iterator[Judged]:
        yield Judged("iss", "RFC 7662 §2.2", _issuer_failure(claims["iss"], must_be))
        judged = dict(claims)
        if judged.get(_HYDRA[0]) == _HYDRA[1]:
            del judged[_HYDRA[0]]
        token = UnverifiedToken(_NO_HEADER, judged, b"", b"", b"", b"")
        for row in self._rows:
            yield Judged(row.what, row.source, row.test(token, self._expected, now))
        yield Judged("token_type", "RFC 7662 §2.2, RFC 6749 §5.1", _type_failure(said))


def _issuer_failure(issuer: object, must_be: str | None) -> AccessTokenError | None:
    if type(issuer) is not str or not issuer:
        return InvalidToken(codes.INVALID_CLAIM, expected="`iss` as text", actual=issuer, at="$.iss")
    if must_be is None or issuer == must_be:
        return None
    return InvalidToken(codes.UNKNOWN_ISSUER, expected=f"`iss` {must_be!r}", actual=issuer, at="$.iss")


def _type_failure(said: Mapping[str, Any]) -> AccessTokenError | None:
    """RFC 6749 §5.1: not case-sensitive. A refresh token may be active, too."""
    kind = said.get("token_type", "Bearer")
    if type(kind) is str and kind.lower() == "bearer":
        return None
    code = codes.BOUND_TOKEN if type(kind) is str and kind.lower() == "dpop" else codes.NOT_AN_ACCESS_TOKEN
    return InvalidToken(code, expected="`token_type` 'Bearer'", actual=kind, at="$.token_type")

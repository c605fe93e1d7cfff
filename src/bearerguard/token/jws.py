"""The compact form of a signed token, read strictly and once, and its signature.

Standards: RFC 7515 §3.1, §5.2; RFC 7519 §7.2; RFC 8725 §3. What is unverified and what is verified
are two types: an ``AccessToken`` exists only where a key of the issuer has verified the very octets
that were parsed.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from bearerguard import error_codes as codes
from bearerguard.errors import ABSENT, AccessTokenError, InvalidRequest, InvalidToken
from bearerguard.keys.jwk_set import MAX_KID, VerificationKey
from bearerguard.strict_json import NotStrictJson, parse_object, work_in
from bearerguard.token.base64url import NotBase64Url, decode
from bearerguard.token.glance import KID, sole_text

MAX_TOKEN: Final = 16 * 1024
_JWE_DOTS: Final = 4
_BLANK, _COMMA, _DOT = b" ,."  # numbers: to look for a number in bytes is memchr and nothing else
# RFC 6750 §2.1
_B64TOKEN: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/="
_REMEMBERED_HEADERS: Final = 4096
# Anybody can make us parse, and an object costs a hundred times what the same octets of text do.
_IN_PAYLOAD: Final = (512, 2048)  # containers and commas: two hundred groups by their distinguished names fit
_IN_HEADER: Final = (32, 64)
_SMALL: Final = 2 * 1024  # octets that cannot be much work
_new: Final = tuple.__new__  # to call a NamedTuple takes twice as long
_MUCH_WORK: Final = 2048  # an eighth of a millisecond: a hundred clients of Keycloak with their roles are less


class Header(NamedTuple):
    """The members of the JOSE header that are looked at.

    ``jwk``, ``jku``, ``x5u``, ``x5c`` and ``x5t`` are not here: they are never used and never
    fetched.

    Attributes:
        algorithm: ``alg``, with ``Ed25519`` read as ``EdDSA`` (RFC 9864).
        kid: ``kid``, ``None`` where there is none.
        typ: ``typ`` in lower case without ``application/``; empty where there is none (RFC 7515
            §4.1.9).
        has_nonce: Whether there is a ``nonce``: a Microsoft Graph token.
    """

    algorithm: str
    kid: str | None
    typ: str
    has_nonce: bool


class UnreadToken(NamedTuple):
    """A token whose payload has not been read: nobody knows whether it is JSON."""

    header: Header
    payload: bytes
    signing_input: bytes
    signature: bytes


class UnverifiedToken(NamedTuple):
    """A well-formed token that nobody has vouched for.

    Nothing in it may be believed; it may only be refused.
    """

    header: Header
    claims: dict[str, Any]
    payload: bytes
    signing_input: bytes
    signature: bytes
    head: bytes  # the header as it stands in the token

    def __repr__(self) -> str:
        return f"UnverifiedToken(header={self.header!r})"


class AccessToken(NamedTuple):
    """A token whose signature ``key`` has verified; made by ``verify`` alone."""

    claims: dict[str, Any]
    payload: bytes
    key: VerificationKey

    def __repr__(self) -> str:
        return f"AccessToken(key={self.key!r})"


class Parser:
    """Reads tokens, and remembers the headers of good ones, which an issuer's tokens share.

    Args:
        glance: Given the ``kid`` and the payload of a token with an unfamiliar header, before
            either is read, raises the refusal if it can tell that there will be one.
        vouch: Given a token whose payload is much work to read, raises the refusal unless its
            issuer may have signed it.
    """

    def __init__(
        self,
        glance: Callable[[str, bytes], None] = lambda _kid, _payload: None,
        vouch: Callable[["UnreadToken"], None] = lambda _token: None,
    ) -> None:
        self._glance = glance
        self._vouch = vouch
        self._headers: dict[bytes, Header] = {}

    def parse(self, token: bytes) -> UnverifiedToken:
        """Read a compact JWS, refusing at the cheapest point.

        Raises:
            InvalidRequest: a character that no bearer token may hold (RFC 6750 §2.1).
            InvalidToken: too large, opaque, encrypted, malformed, ``crit``, no acceptable ``alg``,
                or refused at a glance.
        """
        if len(token) > MAX_TOKEN:
            raise too_large(token)
        if _BLANK in token or _COMMA in token:  # several credentials: which of them counts is a guess
            raise _malformed()
        signing_input, _, signature = token.rpartition(b".")
        head, dot, body = signing_input.partition(b".")
        if not dot or _DOT in body:  # done by memchr; bytes.count goes octet by octet
            raise _not_three_parts(token)
        try:
            header = self._headers.get(head) or self._unfamiliar(decode(head), body)
            payload, signed = decode(body), decode(signature)
            if len(payload) > _SMALL and work_in(payload) > _MUCH_WORK:
                self._vouch(UnreadToken(header, payload, signing_input, signed))
            claims = parse_object(payload, *_IN_PAYLOAD)
            return _new(UnverifiedToken, (header, claims, payload, signing_input, signed, head))
        except NotBase64Url:
            problem = None
        except NotStrictJson as why:
            problem = str(why)
        raise _unreadable(token, problem)  # outside of except: a context leads back to the request

    def _unfamiliar(self, header: bytes, body: bytes) -> Header:
        # nested, a kid would not be the token's
        kid = sole_text(KID, header) if header.find(b"{", 1) < 0 else None
        if kid is not None:
            self._glance(kid, decode(body))
        return _read_header(parse_object(header, *_IN_HEADER))

    def remember(self, token: UnverifiedToken) -> None:
        """Keep the header of a good token only: a flood of bad ones must not fill the memory."""
        if token.head in self._headers:
            return
        if len(self._headers) >= _REMEMBERED_HEADERS:
            self._headers.clear()
        self._headers[token.head] = token.header


def verify(token: UnverifiedToken, keys: Sequence[VerificationKey]) -> AccessToken | None:
    """The token, verified by the first of ``keys`` that made its signature; ``None`` if none did.

    The algorithm was accepted by the issuer's configuration and fits each key (RFC 8725 §3.1).
    """
    for key in keys:
        if key.verify(token.header.algorithm, token.signing_input, token.signature):
            return _new(AccessToken, (token.claims, token.payload, key))
    return None


def too_large(token: bytes) -> InvalidToken:
    """The refusal of a token of more than ``MAX_TOKEN`` octets."""
    return InvalidToken(codes.TOKEN_TOO_LARGE, expected=f"at most {MAX_TOKEN} octets", actual=len(token))


def _unreadable(token: bytes, problem: str | None) -> AccessTokenError:
    if problem is not None:
        return InvalidToken(codes.MALFORMED_TOKEN, expected=f"strict JSON objects, but {problem}")
    return bad_characters(token) or InvalidToken(codes.MALFORMED_TOKEN, expected="canonical base64url")


def _not_three_parts(token: bytes) -> AccessTokenError:
    bad = bad_characters(token)
    if bad is not None:
        return bad
    dots = token.count(b".")
    if dots == 0:
        return InvalidToken(codes.OPAQUE_TOKEN)
    if dots == _JWE_DOTS:
        return InvalidToken(codes.ENCRYPTED_TOKEN)
    return InvalidToken(codes.MALFORMED_TOKEN, expected="three parts", actual=dots + 1)


def is_jwt(token: bytes) -> bool:
    """Whether it has three parts, and the first is a JSON object with ``alg``; else it is opaque."""
    head, *others = token.split(b".", 3)
    if len(others) != 2 or len(token) > MAX_TOKEN:  # noqa: PLR2004
        return False
    try:
        return "alg" in parse_object(decode(head), *_IN_HEADER)
    except (NotBase64Url, NotStrictJson):
        return False


def bad_characters(token: bytes) -> AccessTokenError | None:
    """The refusal of a token with a character that no bearer token may hold (RFC 6750 §2.1)."""
    return _malformed() if token.translate(None, _B64TOKEN) else None


def _malformed() -> InvalidRequest:
    return InvalidRequest(codes.MALFORMED_AUTHORIZATION, expected="one token of letters, digits and -._~+/=")


def _read_header(members: Mapping[str, Any]) -> Header:
    if "crit" in members or "b64" in members:
        raise InvalidToken(codes.CRITICAL_HEADER, expected="no extension", actual=members.get("crit", ABSENT), at="header.crit")
    algorithm = members.get("alg")
    if type(algorithm) is not str:
        raise InvalidToken(
            codes.UNSUPPORTED_ALGORITHM, expected="an asymmetric algorithm", actual=members.get("alg", ABSENT), at="header.alg"
        )
    kid = members.get("kid")
    if "kid" in members and not (type(kid) is str and 0 < len(kid) <= MAX_KID and kid.isprintable()):
        wanted = f"1 to {MAX_KID} printable characters"
        raise InvalidToken(codes.MALFORMED_TOKEN, expected=wanted, actual=kid, at="header.kid")
    typ = _media_type(members["typ"]) if "typ" in members else ""
    return Header("EdDSA" if algorithm == "Ed25519" else algorithm, kid, typ, "nonce" in members)


def _media_type(typ: object) -> str:
    """RFC 7515 §4.1.9: case-insensitive, and ``application/`` may be left out.

    Present and empty is not absent.
    """
    media_type = typ.lower().removeprefix("application/") if type(typ) is str else ""
    if not media_type:
        raise InvalidToken(codes.WRONG_TOKEN_TYPE, expected="a media type", actual=typ, at="header.typ")
    return media_type

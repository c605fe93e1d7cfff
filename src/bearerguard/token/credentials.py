"""The bearer token of a request, from its raw header tuples.

Standards: RFC 6750 §2.1 (header only: a token in the query string or the body is never read), RFC 9110 §11 (scheme in any case).
"""

import re
from collections.abc import Iterable
from typing import Final, NewType

from bearerguard import error_codes as codes
from bearerguard.errors import InvalidRequest, MissingToken
from bearerguard.token.jws import MAX_TOKEN, too_large

Credentials = NewType("Credentials", bytes)
"""The text of one bearer token, not looked at yet."""

_SCHEME: Final = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110 §5.6.2 token


def read_credentials(headers: Iterable[tuple[bytes, bytes]]) -> Credentials:
    """The token of exactly one Authorization header.

    Args:
        headers: ASGI header tuples; names in lower case, as ASGI demands.

    Does not check the token's own alphabet: ``jws.parse`` does.

    Raises:
        MissingToken: no Authorization header, or another scheme.
        InvalidRequest: several Authorization headers, whatever their schemes (R3), or a malformed one.
        InvalidToken: more than 16 KiB.
    """
    found: bytes | None = None
    for name, value in headers:
        if name == b"authorization":
            if found is not None:
                raise InvalidRequest(codes.REPEATED_AUTHORIZATION, expected="one Authorization header", actual="another")
            found = value
    if found is None:
        raise MissingToken(codes.MISSING_TOKEN)
    scheme, _, token = found.strip(b" \t").partition(b" ")
    token = token.lstrip(b" ")
    if scheme != b"Bearer" and scheme.lower() != b"bearer":
        if _SCHEME.fullmatch(scheme):
            raise MissingToken(codes.UNSUPPORTED_SCHEME)
        raise InvalidRequest(codes.MALFORMED_AUTHORIZATION, expected="a scheme and one token")
    if not token:
        raise InvalidRequest(codes.MALFORMED_AUTHORIZATION, expected="a token behind the scheme")
    if len(token) > MAX_TOKEN:
        raise too_large(token)  # before anything is computed over it: httptools hands on headers of any size (R121)
    return token  # type: ignore[return-value]  # a call of the NewType would cost as much as the loop above


def has_credentials(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether the caller sent any credentials, of whatever scheme: then it is no anonymous caller."""
    return any(name == b"authorization" for name, _ in headers)

"""The bearer token of a request, from its raw header tuples.

Standards: RFC 6750 §2.1 (header only: a token in the query string or the body is never read), RFC
9110 §11 (scheme in any case).
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, NewType

from bearerguard import error_codes as codes
from bearerguard.errors import ConfigurationError, InvalidRequest, MissingToken, show
from bearerguard.token.jws import MAX_TOKEN, too_large

Credentials = NewType("Credentials", bytes)
"""The text of one bearer token, not looked at yet."""

PROTOCOL: Final = "bearer"
"""The websocket sub-protocol that a token follows, and that is answered."""

_AUTHORIZATION: Final = "authorization"
_SCHEME: Final = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110 §5.6.2 token
_A_JWT: Final = b"eyJ"  # how the base64url form of a JSON object begins


def read_credentials(headers: Iterable[tuple[bytes, bytes]]) -> Credentials:
    """The token of exactly one Authorization header.

    Args:
        headers: ASGI header tuples; names in lower case, as ASGI demands.

    Does not check the token's own alphabet: ``jws.parse`` does.

    Raises:
        MissingToken: no Authorization header, or another scheme.
        InvalidRequest: several Authorization headers, whatever their schemes, or a malformed one.
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
        raise _without_bearer(scheme)
    if not token:
        raise InvalidRequest(codes.MALFORMED_AUTHORIZATION, expected="a token behind the scheme")
    if len(token) > MAX_TOKEN:
        raise too_large(token)  # before anything is computed over it: httptools hands on headers of any size
    return token  # type: ignore[return-value]  # a call of the NewType would cost as much as the loop above


def octets_of(token: object) -> bytes:
    """The octets of a token that code hands over, without any scheme.

    Raises:
        MissingToken: it is ``None``.
        ConfigurationError: it is neither text nor octets.
        InvalidRequest: it has characters beyond ASCII.
    """
    if isinstance(token, bytes):
        return token
    if token is None:  # of a header that is not there
        raise MissingToken(codes.MISSING_TOKEN)
    if not isinstance(token, str):
        raise ConfigurationError("token", f"expected the text of an access token, got {type(token).__name__}", example='"eyJ…"')
    try:
        return token.encode("ascii")
    except UnicodeEncodeError:
        raise InvalidRequest(codes.MALFORMED_AUTHORIZATION, expected="ASCII") from None


def _without_bearer(scheme: bytes) -> MissingToken | InvalidRequest:
    if scheme.startswith(_A_JWT):
        hint = "The header holds a token without a scheme: send 'Authorization: Bearer <access token>'."
        return MissingToken(codes.UNSUPPORTED_SCHEME, hint=hint)
    if _SCHEME.fullmatch(scheme):
        return MissingToken(codes.UNSUPPORTED_SCHEME)
    return InvalidRequest(codes.MALFORMED_AUTHORIZATION, expected="a scheme and one token")


@dataclass(frozen=True, slots=True)
class TokenPlace:
    """Where requests carry their token.

    Attributes:
        header: ``Authorization`` with the scheme Bearer, or the name of another header, which then
            holds the bare token. No other place is read.
        websocket_protocol: Whether a websocket may carry it as the sub-protocol behind ``bearer``,
            since browsers cannot set its headers: ``new WebSocket(url, ["bearer", token])``.

    Raises:
        ConfigurationError: the name is not one of a header, or both ways are asked for.
    """

    header: str = _AUTHORIZATION
    websocket_protocol: bool = False

    def __post_init__(self) -> None:
        """Checks the name, and brings it to the form of ASGI."""
        name = self.header
        if not isinstance(name, str) or not name.isascii() or not _SCHEME.fullmatch(name.encode()) or name.lower() == "cookie":
            problem = f"expected the name of a header other than Cookie, got {show(name)}"
            raise ConfigurationError("token_header", problem, example='"Cf-Access-Jwt-Assertion"')
        object.__setattr__(self, "header", name.lower())
        if self.websocket_protocol is not False and not (self.websocket_protocol is True and self.header == _AUTHORIZATION):
            problem = f"expected True or False, and False beside token_header=, got {show(self.websocket_protocol)}"
            raise ConfigurationError("websocket_protocol", problem, example="False")

    def read(self, scope: Mapping[str, Any]) -> Credentials:
        """The token of a request or a websocket.

        Raises:
            MissingToken: there is none.
            InvalidRequest: there are several, or one is malformed.
            InvalidToken: more than 16 KiB.
        """
        if self.answers(scope):
            return _behind_bearer(scope)
        if self.header == _AUTHORIZATION:
            return read_credentials(scope["headers"])
        return _bare(scope["headers"], self.header)

    def has_credentials(self, scope: Mapping[str, Any]) -> bool:
        """Whether the caller sent any credentials, of whatever scheme: then it is not anonymous."""
        name = self.header.encode()
        return any(each == name for each, _ in scope["headers"]) or self.answers(scope)

    def answers(self, scope: Mapping[str, Any]) -> bool:
        """Whether a websocket offers the sub-protocol, and has to be answered with it."""
        return self.websocket_protocol and scope["type"] == "websocket" and PROTOCOL in (scope.get("subprotocols") or ())


IN_AUTHORIZATION: Final = TokenPlace()
"""The header ``Authorization`` alone."""


def _behind_bearer(scope: Mapping[str, Any]) -> Credentials:
    offered = [*scope["subprotocols"], ""]
    token = offered[offered.index(PROTOCOL) + 1]
    if offered.count(PROTOCOL) > 1 or any(name == b"authorization" for name, _ in scope["headers"]):
        raise InvalidRequest(codes.REPEATED_AUTHORIZATION, expected="one token", actual="another")  # RFC 6750 §2
    if not token:
        raise InvalidRequest(codes.MALFORMED_AUTHORIZATION, expected="a token behind the sub-protocol 'bearer'")
    return _bounded(token.encode("utf-8", "replace"))


def _bare(headers: Iterable[tuple[bytes, bytes]], header: str) -> Credentials:
    name = header.encode()
    found = [value.strip(b" \t") for each, value in headers if each == name]
    if not found or not found[0]:
        hint = f"Send the access token in the header {header}, without a scheme; the proxy in front adds it."
        raise MissingToken(codes.MISSING_TOKEN, hint=hint)
    if len(found) > 1:
        raise InvalidRequest(codes.REPEATED_AUTHORIZATION, expected=f"one header {header}", actual="another")
    return _bounded(found[0])


def _bounded(token: bytes) -> Credentials:
    if len(token) > MAX_TOKEN:
        raise too_large(token)
    return Credentials(token)

"""Answers in the form in which each proxy passes them on to the client."""

from collections.abc import Mapping
from typing import Final

from starlette.types import Message, Send

_OK: Final = 200
_UNAUTHORIZED: Final = 401
_FORBIDDEN: Final = 403
_LONGEST_BODY: Final = 2048

# nginx hands 401 and 403 on and makes 500 of every other answer. What a client should get stands in
# headers, from which auth_request_set takes it.
_FOR_NGINX: Final[Mapping[bytes, bytes]] = {
    b"www-authenticate": b"bearerguard-challenge",
    b"retry-after": b"bearerguard-retry-after",
}


class WholeAnswer:
    """The server's ``send``, called once an answer is complete.

    A question may be a GET about a HEAD: the answer to the HEAD has no body, and its length must
    be told as it is sent.

    Args:
        send: The server's own.
        for_nginx: Whether refusals are told in headers.
    """

    __slots__ = ("_body", "_for_nginx", "_send", "_start")

    def __init__(self, send: Send, *, for_nginx: bool) -> None:
        self._send = send
        self._for_nginx = for_nginx
        self._start: Message = {}
        self._body = b""

    async def __call__(self, message: Message) -> None:
        """Take one message of the answer."""
        if message["type"] == "http.response.start":
            self._start = message
            return
        self._body += message.get("body", b"")
        if message.get("more_body"):
            return
        status, headers, body = self._start["status"], dict(self._start["headers"]), self._body
        if self._for_nginx and status != _OK:
            status, headers, body = _in_headers(status, headers, body)
        headers[b"content-length"] = str(len(body)).encode()
        await self._send({"type": "http.response.start", "status": status, "headers": list(headers.items())})
        await self._send({"type": "http.response.body", "body": body})


def _in_headers(status: int, headers: dict[bytes, bytes], body: bytes) -> tuple[int, dict[bytes, bytes], bytes]:
    """401 or 403, and the answer that is meant in headers."""
    told = dict(headers)
    told[b"bearerguard-status"] = str(status).encode()
    if status != _UNAUTHORIZED:  # there nginx hands WWW-Authenticate on by itself
        told |= {other: headers[name] for name, other in _FOR_NGINX.items() if name in headers}
    if len(body) <= _LONGEST_BODY and body.isascii() and body.decode("ascii").isprintable():
        told[b"bearerguard-body"] = body
    return _UNAUTHORIZED if status == _UNAUTHORIZED else _FORBIDDEN, told, b""

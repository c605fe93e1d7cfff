"""Everything an issuer may send in place of its key set, as values: for mock transport and real socket alike."""

import gzip
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import httpx

from support.key_sets import jwks, signing_key


@dataclass(frozen=True, slots=True)
class BadAnswer:
    """An HTTP answer that is no key set.

    Attributes:
        name: What is wrong with it.
        code: ``FetchFailed.code`` it ends in.
        body: The octets.
        status: The status line.
        headers: Beside ``content-length``.
    """

    name: str
    code: str
    body: bytes = b""
    status: str = "200 OK"
    headers: tuple[tuple[str, str], ...] = (("content-type", "application/json"),)

    def response(self) -> httpx.Response:
        """For ``httpx.MockTransport``."""
        return httpx.Response(int(self.status[:3]), headers=self.headers, stream=httpx.ByteStream(self.body))

    def octets(self) -> bytes:
        """For a socket."""
        lines = [f"HTTP/1.1 {self.status}", *(f"{name}: {value}" for name, value in self.headers)]
        head = "\r\n".join([*lines, f"content-length: {len(self.body)}", "connection: close", "", ""])
        return head.encode() + self.body


def _json(value: object) -> bytes:
    return json.dumps(value).encode()


def _each_key(change: Callable[[dict[str, Any]], dict[str, Any]]) -> bytes:
    return _json({"keys": [change(key) for key in jwks("a", "b")["keys"]]})


def _doubled_member() -> bytes:
    return b'{"keys": [], ' + _json(jwks("a"))[1:]


_MANY: Final = {"keys": [{**signing_key("a").public_jwk(), "kid": f"key-{number}"} for number in range(2_000)]}
_GZIP: Final = (("content-type", "application/json"), ("content-encoding", "gzip"))
_HTML: Final = (("content-type", "text/html"),)

BAD_ANSWERS: Final = (
    BadAnswer("not-found", "status", b"Not Found", "404 Not Found"),
    BadAnswer("server-error", "status", _json(jwks("a")), "500 Internal Server Error"),
    BadAnswer("unavailable", "status", _json(jwks("a")), "503 Service Unavailable"),
    BadAnswer("too-many-requests", "status", b"", "429 Too Many Requests", (("retry-after", "1"),)),
    BadAnswer("no-content", "status", b"", "204 No Content"),
    BadAnswer("partial-content", "status", _json(jwks("a")), "206 Partial Content"),
    BadAnswer("not-modified-unasked", "status", b"", "304 Not Modified"),
    BadAnswer("redirect", "redirect", b"", "302 Found", (("location", "https://elsewhere.test/jwks"),)),
    BadAnswer("permanent-redirect", "redirect", b"", "308 Permanent Redirect", (("location", "/jwks2"),)),
    BadAnswer("html", "invalid", b"<!doctype html><title>Be right back</title>", headers=_HTML),
    BadAnswer("empty", "invalid"),
    BadAnswer("truncated-json", "invalid", _json(jwks("a"))[:-20]),
    BadAnswer("two-objects", "invalid", _json(jwks("a")) * 2),
    BadAnswer("utf-16", "invalid", json.dumps(jwks("a")).encode("utf-16")),
    BadAnswer("byte-order-mark", "invalid", b"\xef\xbb\xbf" + _json(jwks("a"))),
    BadAnswer("not-a-number", "invalid", _json({**jwks("a"), "at": float("nan")})),
    BadAnswer("an-array", "invalid", _json(jwks("a")["keys"])),
    BadAnswer("null", "invalid", b"null"),
    BadAnswer("doubled-member", "invalid", _doubled_member()),
    BadAnswer("nested-deeply", "invalid", b'{"keys":' + b"[" * 900 + b"]" * 900 + b"}"),
    BadAnswer("nested-100-000-levels", "invalid", b'{"keys":' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
    BadAnswer("five-megabytes", "too_large", _json({**jwks("a"), "padding": "x" * 5_000_000})),
    BadAnswer("one-octet-too-many", "too_large", _json(jwks("a")).ljust(512 * 1024 + 1)),
    BadAnswer("gzip", "compressed", gzip.compress(_json(jwks("a"))), headers=_GZIP),
    BadAnswer("gzip-bomb", "compressed", gzip.compress(b" " * 50_000_000), headers=_GZIP),
    BadAnswer("no-keys-member", "invalid", b"{}"),
    BadAnswer("keys-is-an-object", "invalid", b'{"keys": {}}'),
    BadAnswer("keys-is-null", "invalid", b'{"keys": null}'),
    BadAnswer("no-keys", "invalid", b'{"keys": []}'),
    BadAnswer("no-objects", "invalid", b'{"keys": [null, 1, "key", [], true]}'),
    BadAnswer("2000-keys", "invalid", _json({"keys": [{"kty": "OKP"}] * 2_000})),
    BadAnswer("2000-whole-keys", "invalid", _json(_MANY)),
    BadAnswer("101-keys", "invalid", _json({"keys": _MANY["keys"][:101]})),
    BadAnswer("private-members", "invalid", _each_key(lambda key: {**key, "d": "c2VjcmV0"})),
    BadAnswer("symmetric-keys", "invalid", _json({"keys": [{"kty": "oct", "k": "c2VjcmV0", "kid": "a", "alg": "HS256"}]})),
    BadAnswer("alg-as-a-list", "invalid", _each_key(lambda key: {**key, "alg": [key["alg"]]})),
    BadAnswer("for-encryption", "invalid", _each_key(lambda key: {**key, "use": "enc"})),
    BadAnswer("unknown-types", "invalid", _each_key(lambda key: {**key, "kty": "AKP"})),
)
"""Answers after which the last good set stays in use, and 503 where there is none."""

"""One table of requests for every form of protection and every framework.

Each row is a request and the answer that every form owes it. ``SENT`` tells what a kind of token puts into the headers.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from starlette.types import ASGIApp

from bearerguard.testing import LocalIssuer
from bearerguard.testing.spoiled import spoil
from support.asgi import Header, call, http_scope, websocket_scope
from support.refusals import check_refusal

Sent = Callable[[LocalIssuer], list[Header]]


@dataclass(frozen=True)
class Case:
    """A request and its answer.

    Attributes:
        name: What it shows; the id of the test.
        method: HTTP method, or ``WEBSOCKET``.
        target: Path and query as they stand in the request line.
        token: A key of ``SENT``.
        status: 101 for a websocket that is accepted.
        code: ``code`` of the body, empty where the application answers.
        more: Further headers.
    """

    name: str
    method: str
    target: str
    token: str
    status: int
    code: str = ""
    more: tuple[Header, ...] = ()


def _bearer(token: str | bytes, scheme: bytes = b"Bearer ") -> list[Header]:
    text = token if isinstance(token, bytes) else token.encode()
    return [(b"authorization", scheme + text)]


def _minted(client_id: str) -> Sent:
    return lambda issuer: _bearer(issuer.mint(client_id))


def _spoiled(code: str) -> Sent:
    return lambda issuer: _bearer(spoil(issuer, code))


def _tampered(issuer: LocalIssuer) -> list[Header]:
    header, _, signature = issuer.mint("noroles").split(".")
    return _bearer(".".join([header, issuer.mint("writer").split(".")[1], signature]))


SENT: Final[Mapping[str, Sent]] = {
    "none": lambda _: [],
    "reader": _minted("reader"),
    "writer": _minted("writer"),
    "noroles": _minted("noroles"),
    "only writes": lambda issuer: _bearer(issuer.mint("noroles", roles=["Write.All"])),
    "scoped": lambda issuer: _bearer(issuer.mint("noroles", scopes=["reports.read"])),
    "lower-case scheme": lambda issuer: _bearer(issuer.mint("reader"), b"bearer "),
    "several spaces": lambda issuer: _bearer(issuer.mint("reader"), b"BEARER   "),
    "expired": _spoiled("token_expired"),
    "not yet valid": _spoiled("token_not_yet_valid"),
    "wrong audience": _spoiled("wrong_audience"),
    "unknown issuer": _spoiled("unknown_issuer"),
    "unknown key": _spoiled("unknown_key"),
    "bad signature": _spoiled("invalid_signature"),
    "no expiry": _spoiled("missing_claim"),
    "tampered": _tampered,
    "opaque": lambda _: _bearer("0123456789abcdef"),
    "garbage": lambda _: _bearer("a.b.c"),
    "too large": lambda _: _bearer("a" * 20_000),
    "another scheme": lambda _: [(b"authorization", b"Basic cmVhZGVyOnNlY3JldA==")],
    "empty header": lambda _: [(b"authorization", b"")],
    "scheme alone": lambda _: [(b"authorization", b"Bearer")],
    "not a scheme": lambda _: [(b"authorization", b'"quoted" x')],
    "two headers": lambda issuer: _bearer(issuer.mint("reader")) * 2,
    "two schemes": lambda issuer: [*_bearer(issuer.mint("reader")), (b"authorization", b"Basic eDp5")],
    "line break": lambda issuer: _bearer(issuer.mint("reader").encode() + b"\r\nx-injected: 1"),
    "not ASCII": lambda _: _bearer("tøken.ä.b".encode()),
}

CASES: Final = (
    # who may do what
    Case("a reader reads", "GET", "/orders", "reader", 200),
    Case("a reader reads one order", "GET", "/orders/7", "reader", 200),
    Case("a role to write is none to read", "GET", "/orders", "only writes", 403, "missing_role"),
    Case("a writer writes", "POST", "/orders", "writer", 201),
    Case("a reader may not write", "POST", "/orders", "reader", 403, "missing_role"),
    Case("a caller without roles may not read", "GET", "/orders", "noroles", 403, "missing_role"),
    Case("a scope opens the report", "GET", "/reports", "scoped", 200),
    Case("a role does not stand for a scope", "GET", "/reports", "reader", 403, "missing_scope"),
    Case("a reader listens", "WEBSOCKET", "/orders/live", "reader", 101),
    Case("a caller without roles may not listen", "WEBSOCKET", "/orders/live", "noroles", 403, "missing_role"),
    Case("the scheme is read in any case, RFC 9110 §11.1", "GET", "/orders", "lower-case scheme", 200),
    Case("several spaces behind the scheme, RFC 6750 §2.1", "GET", "/orders", "several spaces", 200),
    # nobody
    Case("no token", "GET", "/orders", "none", 401, "missing_token"),
    Case("no token for a websocket", "WEBSOCKET", "/orders/live", "none", 401, "missing_token"),
    Case("another scheme", "GET", "/orders", "another scheme", 401, "unsupported_scheme"),
    Case(
        "a token in the query is not read", "GET", "/orders?access_token=eyJhbGciOiJub25lIn0.e30.", "none", 401, "missing_token"
    ),
    Case("an unknown path answers as a protected one", "GET", "/nowhere", "none", 401, "missing_token"),
    Case("an unknown path of a websocket", "WEBSOCKET", "/nowhere", "none", 401, "missing_token"),
    Case("an unknown path with a bad token", "GET", "/nowhere", "expired", 401, "token_expired"),
    Case("OPTIONS is not special", "OPTIONS", "/orders", "none", 401, "missing_token"),
    Case("HEAD needs what GET needs", "HEAD", "/orders", "none", 401, "missing_token"),
    Case("HEAD is served to a reader", "HEAD", "/orders", "reader", 200),
    Case("an unknown method", "BREW", "/orders", "none", 401, "missing_token"),
    Case("a method in lower case", "get", "/orders", "none", 401, "missing_token"),
    Case("a method called WEBSOCKET", "WEBSOCKET ", "/orders/live", "none", 401, "missing_token"),
    # bad tokens
    Case("expired", "GET", "/orders", "expired", 401, "token_expired"),
    Case("expired, of a websocket", "WEBSOCKET", "/orders/live", "expired", 401, "token_expired"),
    Case("not yet valid", "GET", "/orders", "not yet valid", 401, "token_not_yet_valid"),
    Case("meant for another API", "GET", "/orders", "wrong audience", 401, "wrong_audience"),
    Case("of an unknown issuer", "GET", "/orders", "unknown issuer", 401, "unknown_issuer"),
    Case("signed by an unknown key", "GET", "/orders", "unknown key", 401, "unknown_key"),
    Case("bad signature", "GET", "/orders", "bad signature", 401, "invalid_signature"),
    Case("without expiry", "GET", "/orders", "no expiry", 401, "missing_claim"),
    Case("claims of another token", "GET", "/orders", "tampered", 401, "invalid_signature"),
    Case("a bad token outranks a missing permission", "POST", "/orders", "expired", 401, "token_expired"),
    Case("opaque", "GET", "/orders", "opaque", 401, "opaque_token"),
    Case("garbage", "GET", "/orders", "garbage", 401, "malformed_token"),
    Case("20 kB", "GET", "/orders", "too large", 401, "token_too_large"),
    Case("not ASCII", "GET", "/orders", "not ASCII", 400, "malformed_authorization"),
    # malformed requests
    Case("an empty header", "GET", "/orders", "empty header", 400, "malformed_authorization"),
    Case("a scheme alone", "GET", "/orders", "scheme alone", 400, "malformed_authorization"),
    Case("no scheme at all", "GET", "/orders", "not a scheme", 400, "malformed_authorization"),
    Case("the same header twice", "GET", "/orders", "two headers", 400, "repeated_authorization"),
    Case("two headers of different schemes", "GET", "/orders", "two schemes", 400, "repeated_authorization"),
    Case("two headers of a websocket", "WEBSOCKET", "/orders/live", "two headers", 400, "repeated_authorization"),
    Case("a line break in the token", "GET", "/orders", "line break", 400, "malformed_authorization"),
    Case("a line feed behind the path", "GET", "/orders%0A", "reader", 400, "malformed_path"),
    Case("a line feed behind the path, no token", "GET", "/orders%0A", "none", 400, "malformed_path"),
    Case("a line feed behind a public path", "GET", "/health%0A", "none", 400, "malformed_path"),
    Case("a NUL", "GET", "/orders%00", "reader", 400, "malformed_path"),
    Case("DEL", "GET", "/orders%7F", "reader", 400, "malformed_path"),
    Case("a C1 control", "GET", "/orders%C2%85", "reader", 400, "malformed_path"),
    Case("invalid UTF-8 in the path", "GET", "/orders/%FF", "reader", 400, "malformed_path"),
    Case("a line feed in the path of a websocket", "WEBSOCKET", "/orders/live%0A", "reader", 400, "malformed_path"),
    # reachable without a token
    Case("the public path", "GET", "/health", "none", 200),
    Case("the public path by HEAD", "HEAD", "/health", "none", 200),
    Case("a bad token is not looked at on the public path", "GET", "/health", "expired", 200),
    Case("a malformed header is not looked at on the public path", "GET", "/health", "two headers", 200),
    Case("a query does not make a path public", "GET", "/orders?/health", "none", 401, "missing_token"),
    Case("another case of the public path", "GET", "/HEALTH", "none", 401, "missing_token"),
    Case("the public path as a prefix", "GET", "/health/x", "none", 401, "missing_token"),
    Case("the public path and more", "GET", "/healthz", "none", 401, "missing_token"),
    Case("the public path behind dots", "GET", "/orders/../health", "none", 400, "malformed_path"),
    Case("an order behind the public path", "GET", "/health/../orders", "none", 400, "malformed_path"),
    Case("an encoded slash", "GET", "/health%2F..%2Forders", "none", 400, "malformed_path"),
    Case("a doubled slash", "GET", "//health", "none", 401, "missing_token"),
    Case("a websocket on the public path", "WEBSOCKET", "/health", "none", 401, "missing_token"),
    Case("another method on the public path", "POST", "/health", "none", 401, "missing_token"),
    # what the router decodes
    Case("a percent-encoded letter is the letter", "GET", "/%6Frders", "none", 401, "missing_token"),
    Case("a percent-encoded letter, served", "GET", "/%6Frders", "reader", 200),
    Case("a percent-encoded slash", "GET", "/orders%2F7", "none", 401, "missing_token"),
    # nothing a caller adds decides
    Case("X-Original-URL", "GET", "/orders", "none", 401, "missing_token", ((b"x-original-url", b"/health"),)),
    Case("X-Forwarded-Prefix", "GET", "/orders", "none", 401, "missing_token", ((b"x-forwarded-prefix", b"/orders"),)),
    Case("X-HTTP-Method-Override", "POST", "/orders", "reader", 403, "missing_role", ((b"x-http-method-override", b"GET"),)),
    Case("x-middleware-subrequest", "GET", "/orders", "none", 401, "missing_token", ((b"x-middleware-subrequest", b"1"),)),
    Case("a cookie is no credential", "GET", "/orders", "none", 401, "missing_token", ((b"cookie", b"access_token=x"),)),
    Case("a preflight is not special", "OPTIONS", "/orders", "none", 401, "missing_token", ((b"origin", b"https://a.test"),)),
)


async def check(app: ASGIApp, case: Case, issuer: LocalIssuer) -> None:
    """Send the request and compare the answer, challenge and body included."""
    headers = [*SENT[case.token](issuer), *case.more]
    is_websocket = case.method == "WEBSOCKET"
    scope = websocket_scope(case.target, headers) if is_websocket else http_scope(case.method.strip(), case.target, headers)

    answer = await call(app, scope)

    assert answer.status == case.status
    if case.code:
        check_refusal(answer, case.code, head=case.method == "HEAD")

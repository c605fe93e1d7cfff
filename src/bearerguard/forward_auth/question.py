"""What a proxy asks about: the method and the path of the request that it holds back.

========= ==================== ====================================================================
proxy     method and target    what the target is
========= ==================== ====================================================================
nginx     X-Original-Method,   ``$request_uri``: as the client sent it; ``proxy_pass`` without a
          X-Original-URI       path hands on the same
Caddy     X-Forwarded-Method,  ``{uri}``: as the client sent it; ``reverse_proxy`` hands on the same
          X-Forwarded-Uri
Traefik   X-Forwarded-Method,  the path as ``sanitizePath`` has left it, which is handed on, too
          X-Forwarded-Uri
Envoy     the question's own,  as ``normalize_path`` and ``merge_slashes`` have left it, which is
          behind ``/judge``    handed on, too
========= ==================== ====================================================================

Sources: https://nginx.org/en/docs/http/ngx_http_auth_request_module.html,
https://caddyserver.com/docs/caddyfile/directives/forward_auth,
https://doc.traefik.io/traefik/reference/routing-configuration/http/middlewares/forwardauth/,
https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/ext_authz_filter.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from string import ascii_lowercase, digits
from typing import Final, Literal, TypeAlias
from urllib.parse import unquote_plus

from starlette.types import Scope

from bearerguard import error_codes as codes
from bearerguard.errors import GatewayMisconfigured, InvalidRequest, show
from bearerguard.forward_auth.principal_header import PRINCIPAL_HEADER
from bearerguard.forward_auth.target import path_of

Proxy: TypeAlias = Literal["nginx", "caddy", "traefik", "envoy"]
RawHeaders: TypeAlias = Sequence[tuple[bytes, bytes]]

JUDGE: Final = "/judge"
"""Where questions are asked."""

_TOLD_IN: Final[Mapping[Proxy, tuple[bytes, bytes] | None]] = {
    "nginx": (b"x-original-method", b"x-original-uri"),
    "caddy": (b"x-forwarded-method", b"x-forwarded-uri"),
    "traefik": (b"x-forwarded-method", b"x-forwarded-uri"),
    "envoy": None,
}
PROXIES: Final = tuple(_TOLD_IN)

_METHOD: Final = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,32}")  # RFC 9110 §9.1: a token
_CONNECT: Final = b"CONNECT"
_OVERRIDING: Final = frozenset(
    {
        *(b"x-http-method-override", b"x-http-method", b"x-method-override"),  # Rails, Express, ASP.NET …
        *(b"x-original-url", b"x-rewrite-url"),  # IIS; CVE-2018-14773 of Symfony
        *(b"script-name", b"path-info"),  # gunicorn, for a proxy on its host
        *(b"x-script-name", b"x-forwarded-script-name"),  # mod_wsgi, a known recipe for Flask
        b"x-vhm-root",  # Pyramid
        PRINCIPAL_HEADER,
    }
)
_OF_PROXIES: Final = b"x-forwarded-prefix"  # recipes make a root path of it; spelled in another way it is a client's
# RFC 3875 §4.1.18: servers that hand headers on as variables write "_" for "-", some for any other sign
_FOLDED: Final = bytes(octet if octet in (ascii_lowercase + digits).encode() else ord("-") for octet in range(256))
_OVERRIDING_PARAMETER: Final = "_method"  # Symfony, Laravel, Express
# PHP makes "_" of a dot and drops blanks in front; qs of Node drops the brackets of "[_method]"; ASP.NET MVC reads
# the name of the header in the query
_SPELLED: Final = re.compile(
    r"[^a-z0-9]+method[^a-z0-9]*|[^a-z0-9]*x[^a-z0-9](?:http[^a-z0-9])?method(?:[^a-z0-9]override)?[^a-z0-9]*", re.IGNORECASE
)
_SEPARATORS: Final = re.compile("[&;]")  # the semicolon: Rack 2
_WEBSOCKET: Final = b"websocket"
_OF_A_HANDSHAKE: Final = b"sec-websocket-"


@dataclass(frozen=True, slots=True)
class Question:
    """A request that a proxy holds back.

    Attributes:
        method: As the client sent it.
        path: Decoded.
        is_handshake: Whether it may open a websocket; a service may answer it as a GET as well.
    """

    method: str
    path: str
    is_handshake: bool

    def held_back(self) -> Scope:
        """What an ASGI scope says of that request; headers are those of the question."""
        return {"method": self.method, "path": self.path, "raw_path": None, "root_path": "", "query_string": b""}


def is_asked(scope: Scope, proxy: Proxy) -> bool:
    """Whether a request is a question. Envoy puts ``/judge`` before the path that it asks about."""
    path: str = scope["path"]
    return path == JUDGE if _TOLD_IN[proxy] is not None else path.startswith(JUDGE + "/")


def question_in(scope: Scope, proxy: Proxy) -> Question:
    """What this proxy asks about.

    Args:
        scope: Of the question; that it comes from the proxy was checked before.
        proxy: Which one it is.

    Raises:
        GatewayMisconfigured: method or target are not told, or twice.
        InvalidRequest: the request could be read as another one than is judged.
    """
    headers: RawHeaders = scope["headers"]
    method, target = _told(scope, proxy)
    if not _METHOD.fullmatch(method):
        raise GatewayMisconfigured(f"expected a method, got {show(method)}")
    if method == _CONNECT:
        raise InvalidRequest(codes.MALFORMED_PATH, expected="a method whose target has a path", actual=method, at="method")
    path = path_of(target)
    _check_overriding(headers, target)
    return Question(method.decode(), path, _is_handshake(headers))


def _told(scope: Scope, proxy: Proxy) -> tuple[bytes, str]:
    told_in = _TOLD_IN[proxy]
    if told_in is not None:
        method, target = (_only(scope["headers"], name) for name in told_in)
        return method, target.decode("latin-1")
    raw_path = scope.get("raw_path") or b""
    if not raw_path.startswith(JUDGE.encode() + b"/"):
        raise GatewayMisconfigured(
            "the server tells no raw_path (ASGI 2.3) that begins with the prefix: a decoded path is not enough"
        )
    target = raw_path.removeprefix(JUDGE.encode()) + b"?" + scope["query_string"]
    return scope["method"].encode(), target.decode("latin-1")


def _only(headers: RawHeaders, name: bytes) -> bytes:
    values = [value for found, value in headers if found == name]
    if len(values) != 1:
        raise GatewayMisconfigured(f"expected one header {name.decode()}, got {len(values)}")
    return values[0]


def _check_overriding(headers: RawHeaders, target: str) -> None:
    """Refuses what makes a service take a request for another one than was judged."""
    for name, value in headers:
        folded = name.translate(_FOLDED)
        if folded in _OVERRIDING or folded == _OF_PROXIES != name:
            raise _forbidden(f"no header {name.decode('latin-1')}", name)
        if name == b"upgrade" and value.strip().lower() != _WEBSOCKET:
            raise _forbidden("no upgrade to something other than websocket", value)
    if any(map(_SPELLED.fullmatch, _names_in(target.partition("?")[2]))):
        raise _forbidden(f"no parameter {_OVERRIDING_PARAMETER} in the query", _OVERRIDING_PARAMETER)


def _names_in(query: str) -> Iterator[str]:
    """The names of all parameters, decoded; PHP ends a name at NUL."""
    for parameter in _SEPARATORS.split(query):
        yield unquote_plus(parameter.partition("=")[0]).partition("\0")[0]


def _forbidden(expected: str, actual: object) -> InvalidRequest:
    return InvalidRequest(codes.FORBIDDEN_HEADER, expected=expected, actual=actual, at="headers")


def _is_handshake(headers: RawHeaders) -> bool:
    """Whether the request may be a handshake: some proxies do not tell of ``Upgrade``.

    No handshake is valid without ``Sec-WebSocket-Key`` (RFC 6455 §4.2.1).
    """
    return any(name == b"upgrade" or name.startswith(_OF_A_HANDSHAKE) for name, _ in headers)

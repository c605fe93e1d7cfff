"""Where a sign-in may send its answer: exactly the registered addresses, or loopback alone.

Sources: RFC 6749 §3.1.2, RFC 8252 §7, RFC 9700 §4.1.3.
"""

import re
from collections.abc import Collection
from typing import Final

from bearerguard.errors import ConfigurationError

_PATH: Final = r"(?:/[A-Za-z0-9\-._~:/?@!$&'()*+,;=%]*)?"  # no fragment, no backslash, nothing that ends a header
_LOOPBACK: Final = re.compile(rf"https?://(?:127\.0\.0\.1|\[::1\]|localhost)(?::[0-9]{{1,5}})?{_PATH}")
_ANY_PORT: Final = re.compile(rf"(http://(?:127\.0\.0\.1|\[::1\]))(?::[0-9]{{1,5}})?({_PATH})")
_WEB: Final = re.compile(rf"(https://[A-Za-z0-9.-]+(?::[0-9]{{1,5}})?){_PATH}")
_PRIVATE: Final = re.compile(rf"([a-z][a-z0-9+-]*(?:\.[a-z0-9+-]+)+:){_PATH}")
_EXAMPLE: Final = '["https://app.example/callback"]'


def check_redirect_uri(uri: str) -> None:
    """What a client may register: https, loopback, or a scheme of its own (RFC 8252 §7.1).

    Raises:
        ConfigurationError: it is something else, or has a fragment.
    """
    if not any(kind.fullmatch(uri) for kind in (_WEB, _LOOPBACK, _PRIVATE)):
        problem = f"expected an https or loopback address, or com.example.app:/path, without fragment, got {uri!r}"
        raise ConfigurationError("redirect_uris", problem, example=_EXAMPLE)


def permits(registered: Collection[str], uri: str) -> bool:
    """Whether an answer may be sent there.

    Registered addresses are compared as text. The port of a loopback address is free: a native
    application learns it when it starts (RFC 8252 §7.3).

    Args:
        registered: The client's; without any, loopback alone is good.
        uri: What the request names.
    """
    if not registered:
        return _LOOPBACK.fullmatch(uri) is not None
    return uri in registered or any(_same_but_port(uri, one) for one in registered)


def source_of(uri: str) -> str:
    """Its origin or its scheme as a Content-Security-Policy names it, where ``[::1]`` has no form."""
    web = re.match(r"https?://[^/\[]+", uri)
    return web[0] if web else uri.partition(":")[0] + ":"


def _same_but_port(uri: str, registered: str) -> bool:
    asked, known = _ANY_PORT.fullmatch(uri), _ANY_PORT.fullmatch(registered)
    return asked is not None and known is not None and asked.groups() == known.groups()

"""Who can reach a local issuer: with the default secrets, or where people sign in, anyone who does
gets tokens.
"""

import ipaddress
import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.types import Scope

from bearerguard.checks import is_loopback
from bearerguard.events import logger
from bearerguard.testing.local_client import DEFAULT_CLIENTS, LocalClient

_RESERVED: Final = ("test", "example", "invalid", "localhost", "example.com", "example.net", "example.org")
_HOST: Final = re.compile(r"(\[[0-9A-Fa-f:]+\]|[A-Za-z0-9.-]+)(?::[0-9]*)?")  # RFC 9110 §7.2
_TEST_CLIENT: Final = "testclient"  # how that of Starlette names itself, in this process
_OF_PROXIES: Final = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip")
_DEFAULT_SECRETS: Final = {(client.id, client.secret) for client in DEFAULT_CLIENTS if client.secret}


class Exposure:
    """Warns once where an issuer with a default secret can be reached from elsewhere.

    Args:
        clients: The registered applications.
    """

    def __init__(self, clients: Iterable[LocalClient]) -> None:
        known = sorted({(client.id, client.secret) for client in clients} & _DEFAULT_SECRETS)
        self._clients = ", ".join(name for name, _ in known)
        self._has_warned = not known

    def check_address(self, base_url: str) -> None:
        """The host is neither loopback nor one of the names that RFC 2606 reserves for tests."""
        host = urlsplit(base_url).hostname or ""
        if not is_loopback(host) and not any(f".{host}".endswith(f".{name}") for name in _RESERVED):
            self._warn(f"at {host}")

    def check_caller(self, scope: Scope) -> None:
        """A request came from another machine."""
        host = scope["client"][0] if scope.get("client") else ""
        if not self._has_warned and _is_loopback(host) is False:
            self._warn(f"asked from {host}")

    def _warn(self, where: str) -> None:
        if not self._has_warned:
            self._has_warned = True
            logger.warning(
                "a LocalIssuer %s has the default secrets of %s: anyone who reaches it gets tokens; "
                "give it clients=[LocalClient(id, secret)] of its own",
                where,
                self._clients,
            )


def is_from_this_machine(request: Request, own_host: str | None) -> bool:
    """Whether the caller is on this machine, and knows it by this name.

    Not so where the caller's address is unknown, where a proxy took part, and where the name is
    neither loopback nor the issuer's: a name of somebody else may have been rebound to 127.0.0.1.
    Does not notice a proxy that adds no header of its own.
    """
    caller = request.client.host if request.client else ""
    if not (_is_loopback(caller) or caller == _TEST_CLIENT) or any(header in request.headers for header in _OF_PROXIES):
        return False
    hosts = request.headers.getlist("host")
    named = _HOST.fullmatch(hosts[0]) if len(hosts) == 1 else None
    host = named[1].strip("[]") if named else ""
    return host != "" and (is_loopback(host) or host == own_host)


def _is_loopback(host: str) -> bool | None:
    """``None`` for what is not an address, such as the name of a test client in the same process."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None
    return bool((getattr(address, "ipv4_mapped", None) or address).is_loopback)

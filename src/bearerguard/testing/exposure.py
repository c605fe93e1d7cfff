"""Who can reach a local issuer: with the default secrets, anyone who does gets tokens."""

import ipaddress
from collections.abc import Iterable
from typing import Final
from urllib.parse import urlsplit

from starlette.types import Scope

from bearerguard.checks import is_loopback
from bearerguard.events import logger
from bearerguard.testing.local_client import DEFAULT_CLIENTS, LocalClient

_RESERVED: Final = ("test", "example", "invalid", "localhost", "example.com", "example.net", "example.org")
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
        if not self._has_warned and is_another_machine(host):
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


def is_another_machine(host: str) -> bool:
    """Whether the address of a caller is not loopback. A name is a test client's, in this process."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return not (getattr(address, "ipv4_mapped", None) or address).is_loopback

"""Shipped for users' own tests: a local issuer, a clock that tests advance, spoiled tokens.

Names are loaded on first use, so that the pytest plugin costs nothing in a test run that does not need it.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from bearerguard.testing.fake_clock import FakeClock
    from bearerguard.testing.local_client import LocalClient
    from bearerguard.testing.local_issuer import LocalIssuer
    from bearerguard.testing.loopback import Loopback
    from bearerguard.testing.shape import Directory
    from bearerguard.testing.signing_key import SigningKey

_HOMES: Final = {
    "Directory": "shape",
    "FakeClock": "fake_clock",
    "LocalClient": "local_client",
    "LocalIssuer": "local_issuer",
    "Loopback": "loopback",
    "SigningKey": "signing_key",
}
__all__ = ["Directory", "FakeClock", "LocalClient", "LocalIssuer", "Loopback", "SigningKey"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)

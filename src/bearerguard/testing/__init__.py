"""Shipped for users' own tests: a local issuer, a clock that tests advance, spoiled tokens, fixtures for pytest.

Names are loaded on first use, so that the pytest plugin costs nothing in a test run that does not need it.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from bearerguard.testing.authorized import AuthorizedAsyncClients, AuthorizedClients
    from bearerguard.testing.fake_clock import FakeClock
    from bearerguard.testing.local_client import LocalClient
    from bearerguard.testing.local_issuer import LocalIssuer
    from bearerguard.testing.loopback import Loopback
    from bearerguard.testing.shape import Directory
    from bearerguard.testing.signing_key import SigningKey
    from bearerguard.testing.stand_ins import StandIns, stand_in
    from bearerguard.testing.token_factory import AccessTokens

_HOMES: Final = {
    "AccessTokens": "token_factory",
    "AuthorizedAsyncClients": "authorized",
    "AuthorizedClients": "authorized",
    "Directory": "shape",
    "FakeClock": "fake_clock",
    "LocalClient": "local_client",
    "LocalIssuer": "local_issuer",
    "Loopback": "loopback",
    "SigningKey": "signing_key",
    "StandIns": "stand_ins",
    "stand_in": "stand_ins",
}
__all__ = [
    "AccessTokens",
    "AuthorizedAsyncClients",
    "AuthorizedClients",
    "Directory",
    "FakeClock",
    "LocalClient",
    "LocalIssuer",
    "Loopback",
    "SigningKey",
    "StandIns",
    "stand_in",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)

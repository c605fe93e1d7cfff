"""For users' own tests: a local issuer, a clock that tests advance, bad tokens, pytest fixtures.

Names are loaded when they are first used: the pytest plugin costs nothing where nobody uses it.
"""

from typing import TYPE_CHECKING, Final

from bearerguard.lazy import lazy_names

if TYPE_CHECKING:
    from bearerguard.testing.authorized import AuthorizedAsyncClients, AuthorizedClients
    from bearerguard.testing.fake_clock import FakeClock
    from bearerguard.testing.local_client import DEFAULT_CLIENTS, LocalClient
    from bearerguard.testing.local_issuer import LocalIssuer
    from bearerguard.testing.local_user import DEFAULT_USERS, LocalUser
    from bearerguard.testing.loopback import Loopback, StartFailed
    from bearerguard.testing.shape import Directory, Document, Shape, TokenContent
    from bearerguard.testing.signing_key import SigningKey
    from bearerguard.testing.spoiled import spoil, spoilable
    from bearerguard.testing.stand_ins import StandIns, stand_in
    from bearerguard.testing.token_factory import AccessTokens

__all__ = [
    "DEFAULT_CLIENTS",
    "DEFAULT_USERS",
    "AccessTokens",
    "AuthorizedAsyncClients",
    "AuthorizedClients",
    "Directory",
    "Document",
    "FakeClock",
    "LocalClient",
    "LocalIssuer",
    "LocalUser",
    "Loopback",
    "Shape",
    "SigningKey",
    "StandIns",
    "StartFailed",
    "TokenContent",
    "spoil",
    "spoilable",
    "stand_in",
]

_HOMES: Final = {
    "authorized": "AuthorizedAsyncClients AuthorizedClients",
    "fake_clock": "FakeClock",
    "local_client": "DEFAULT_CLIENTS LocalClient",
    "local_issuer": "LocalIssuer",
    "local_user": "DEFAULT_USERS LocalUser",
    "loopback": "Loopback StartFailed",
    "shape": "Directory Document Shape TokenContent",
    "signing_key": "SigningKey",
    "spoiled": "spoil spoilable",
    "stand_ins": "StandIns stand_in",
    "token_factory": "AccessTokens",
}
__getattr__, __dir__ = lazy_names(__name__, _HOMES)

"""The people who can sign in to a local issuer."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from bearerguard.errors import ConfigurationError
from bearerguard.testing.local_client import names

USER_EXAMPLE: Final = 'LocalUser(id="alice", roles=["Read.All"], scopes=["orders.read"])'


@dataclass(frozen=True)
class LocalUser:
    """A person of the sign-in page, and what tokens for that person hold. There are no passwords.

    Attributes:
        id: Subject of the tokens.
        name: Shown on the page; by default the id.
        roles: App roles of the person, such as ``Read.All``.
        scopes: Scopes that an application is granted for this person, where it asks for them.
        claims: Members added to the tokens unchanged.

    Raises:
        ConfigurationError: a value has the wrong type or is empty.
    """

    id: str
    name: str = ""
    roles: Collection[str] = ()
    scopes: Collection[str] = ()
    claims: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        """Checks the values: a TOML file is written by hand."""
        if not isinstance(self.id, str) or not self.id:
            raise ConfigurationError("id", f"expected the user's id, got {self.id!r}", example=USER_EXAMPLE)
        if not isinstance(self.name, str):
            raise ConfigurationError("name", f"expected the user's name, got {self.name!r}", example='"Alice"')
        for name in ("roles", "scopes"):
            object.__setattr__(self, name, names(name, getattr(self, name)))


DEFAULT_USERS: Final = (
    LocalUser("alice", "Alice, who reads", roles=("Read.All",), scopes=("orders.read",)),
    LocalUser("bob", "Bob, who writes", roles=("Read.All", "Write.All"), scopes=("orders.read", "orders.write")),
    LocalUser("carol", "Carol, who has no role"),
)
"""``alice`` reads, ``bob`` reads and writes, ``carol`` has neither role nor scope."""

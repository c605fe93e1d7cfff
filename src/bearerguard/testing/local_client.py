"""The applications a local issuer knows."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from bearerguard.errors import ConfigurationError

EXAMPLE: Final = 'LocalClient(id="reader", secret="reader-secret", roles=["Read.All"])'


@dataclass(frozen=True)
class LocalClient:
    """One registered application and what its tokens hold.

    Attributes:
        id: Client id.
        secret: Client secret; ``None`` where the client has keys instead. Not shown by ``repr``.
        roles: App roles it has been granted, such as ``Read.All``.
        scopes: Scopes it may request.
        public_jwks: Its public keys, a JWK Set, for ``private_key_jwt`` (RFC 7523).
        claims: Members added to its tokens unchanged.
        opaque_tokens: Whether its tokens are opaque: an API has to ask about them (RFC 7662).

    Raises:
        ConfigurationError: a value has the wrong type or is empty.
    """

    id: str
    secret: str | None = field(default=None, repr=False)
    roles: Collection[str] = ()
    scopes: Collection[str] = ()
    public_jwks: Mapping[str, Any] | None = field(default=None, repr=False)
    claims: Mapping[str, Any] = field(default_factory=dict, repr=False)
    opaque_tokens: bool = False

    def __post_init__(self) -> None:
        """Checks the values: a TOML file is written by hand."""
        if not isinstance(self.id, str) or not self.id:
            raise ConfigurationError("id", f"expected the client's id, got {self.id!r}", example=EXAMPLE)
        if self.secret is not None and (not isinstance(self.secret, str) or not self.secret):
            raise ConfigurationError("secret", f"the secret of {self.id!r} is not a string, or is empty", example=EXAMPLE)
        if not isinstance(self.opaque_tokens, bool):
            raise ConfigurationError("opaque_tokens", f"expected True or False, got {self.opaque_tokens!r}", example="True")
        for name in ("roles", "scopes"):
            object.__setattr__(self, name, _names(name, getattr(self, name)))
        keys = self.public_jwks
        if keys is not None and not (isinstance(keys, Mapping) and isinstance(keys.get("keys"), list)):
            raise ConfigurationError("public_jwks", f"expected a JWK Set, got {type(keys).__name__}", example='{"keys": [{…}]}')


def _names(parameter: str, value: object) -> tuple[str, ...]:
    names: list[Any] = list(value) if isinstance(value, (list, tuple, set, frozenset)) else [None]
    if not all(isinstance(name, str) and name for name in names):
        raise ConfigurationError(parameter, f"expected a list of names, got {value!r}", example='["Read.All"]')
    return tuple(names)


DEFAULT_CLIENTS: Final = (
    LocalClient("reader", "reader-secret", roles=("Read.All",), scopes=("orders.read",)),
    LocalClient("writer", "writer-secret", roles=("Read.All", "Write.All"), scopes=("orders.read", "orders.write")),
    LocalClient("noroles", "noroles-secret"),
)
"""``reader``, ``writer`` and ``noroles``, each with the secret ``<id>-secret``."""

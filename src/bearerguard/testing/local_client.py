"""The applications a local issuer knows."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from bearerguard.checks import checked_switch
from bearerguard.errors import ConfigurationError
from bearerguard.testing.redirect_uris import check_redirect_uri

EXAMPLE: Final = 'LocalClient(id="reader", secret="reader-secret", roles=["Read.All"])'


@dataclass(frozen=True)
class LocalClient:
    """One registered application and what its tokens hold.

    Attributes:
        id: Client id.
        secret: Client secret; ``None`` where the client has keys instead, or is public: an
            application in a browser, which gets tokens for people alone. Not shown by ``repr``.
        roles: App roles it has been granted, such as ``Read.All``.
        scopes: Scopes it may request.
        public_jwks: Its public keys, a JWK Set, for ``private_key_jwt`` (RFC 7523).
        claims: Members added to its tokens unchanged.
        opaque_tokens: Whether its tokens are opaque: an API has to ask about them (RFC 7662).
        redirect_uris: Where the sign-in page may send its users back to, exactly; by default any
            path and port of ``localhost``, ``127.0.0.1`` and ``[::1]``.

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
    redirect_uris: Collection[str] = ()

    def __post_init__(self) -> None:
        """Checks the values: a TOML file is written by hand."""
        if not isinstance(self.id, str) or not self.id:
            raise ConfigurationError("id", f"expected the client's id, got {self.id!r}", example=EXAMPLE)
        if self.secret is not None and (not isinstance(self.secret, str) or not self.secret):
            raise ConfigurationError("secret", f"the secret of {self.id!r} is not a string, or is empty", example=EXAMPLE)
        checked_switch("opaque_tokens", self.opaque_tokens)
        for name in ("roles", "scopes", "redirect_uris"):
            object.__setattr__(self, name, names(name, getattr(self, name)))
        for uri in self.redirect_uris:
            check_redirect_uri(uri)
        keys = self.public_jwks
        if keys is not None and not (isinstance(keys, Mapping) and isinstance(keys.get("keys"), list)):
            raise ConfigurationError("public_jwks", f"expected a JWK Set, got {type(keys).__name__}", example='{"keys": [{…}]}')

    @property
    def is_public(self) -> bool:
        """It can keep no secret, and has none (RFC 6749 §2.1)."""
        return self.secret is None and self.public_jwks is None


def names(parameter: str, value: object) -> tuple[str, ...]:
    """A list of names, of a setting; raises ``ConfigurationError``."""
    listed: list[Any] = list(value) if isinstance(value, (list, tuple, set, frozenset)) else [None]
    if not all(isinstance(name, str) and name for name in listed):
        raise ConfigurationError(parameter, f"expected a list of names, got {value!r}", example='["Read.All"]')
    return tuple(listed)


BROWSER: Final = LocalClient("browser")
DEFAULT_CLIENTS: Final = (
    LocalClient("reader", "reader-secret", roles=("Read.All",), scopes=("orders.read",)),
    LocalClient("writer", "writer-secret", roles=("Read.All", "Write.All"), scopes=("orders.read", "orders.write")),
    LocalClient("noroles", "noroles-secret"),
    BROWSER,
)
"""``reader``, ``writer`` and ``noroles``, each with the secret ``<id>-secret``, and ``browser``,
public, for people who sign in.
"""

"""An authorization server to develop and test against: real keys, real tokens, and faults on demand."""

from collections import Counter
from collections.abc import Collection, Mapping
from os import PathLike
from typing import Any, Final, Self

from starlette.types import Receive, Scope, Send

from bearerguard.checks import checked_audience, checked_issuer_url
from bearerguard.clock import Clock, SystemClock
from bearerguard.issuers.issuer import Issuer
from bearerguard.testing.client_assertion import ClientAssertions
from bearerguard.testing.client_authentication import ClientAuthentication
from bearerguard.testing.compact import compact
from bearerguard.testing.faults import Breakage, Endpoint, Faults
from bearerguard.testing.key_ring import KeyRing
from bearerguard.testing.local_client import DEFAULT_CLIENTS, LocalClient
from bearerguard.testing.pages import KeyHeaders, Pages
from bearerguard.testing.settings import checked_algorithm, checked_lifetime, clients_by_id, read_settings, unusable
from bearerguard.testing.shape import Directory, Document, Grant, Shape
from bearerguard.testing.shapes import shape_named
from bearerguard.testing.signing_key import SigningKey
from bearerguard.testing.token_endpoint import Issued, TokenEndpoint
from bearerguard.testing.token_mint import TokenMint
from bearerguard.testing.trusted import Site, trusted_issuers

_ALL: Final[tuple[Endpoint, ...]] = ("metadata", "jwks", "token")


class LocalIssuer:
    """An ASGI application that is an OAuth 2.0 authorization server for the client-credentials grant.

    In process: ``httpx.AsyncClient(transport=httpx.ASGITransport(issuer))``, and the same transport for ``ResourceServer``.
    Over a socket: ``uvicorn.run(issuer, port=9000)`` with ``base_url="http://127.0.0.1:9000"``. It is made for development:
    anyone who reaches it and knows a client's secret gets tokens, and its keys live in memory only.

    Args:
        base_url: Where it is reached, without a trailing slash; for the shape ``generic`` this is the issuer itself, and may
            have a path and a trailing slash.
        shape: ``generic`` (RFC 9068), ``entra_v1``, ``entra_v2``, ``azure_b2c``, ``auth0``, ``keycloak``, ``cognito``, ``okta``,
            or a shape of one's own.
        audience: APIs that tokens may be asked for; the first is the default.
        clients: Registered applications; by default ``reader``, ``writer`` and ``noroles``, each with secret ``<id>-secret``.
        algorithm: Of the first signing key, ``RS256`` by default.
        lifetime: Of a token in seconds; by default the vendor's.
        directory: Names of the vendor's customer: tenant, realm, user pool …
        cache_control: ``Cache-Control`` of the key set, none by default.
        etag: Whether the key set has an ``ETag`` and conditional requests are answered with 304.
        clock: Times of tokens; by default the system's.
        twin_of: Another issuer whose keys (unless ``algorithm`` is given), clock, faults and counters this one has too: one
            operator that issues several kinds of token.

    Attributes:
        requests: How often ``metadata``, ``jwks`` and ``token`` were asked, refused and failing requests included.
        clients: The registered applications by id.
        directory: Names of the vendor's customer.
        clock: Times of tokens.

    Raises:
        ConfigurationError: a value is wrong.
    """

    def __init__(
        self,
        base_url: str = "https://issuer.test",
        *,
        shape: str | Shape = "generic",
        audience: str | Collection[str] = "api://orders",
        clients: Collection[LocalClient] = DEFAULT_CLIENTS,
        algorithm: str | None = None,
        lifetime: int | None = None,
        directory: Directory | None = None,
        cache_control: str | None = None,
        etag: bool = False,
        clock: Clock | None = None,
        twin_of: "LocalIssuer | None" = None,
    ) -> None:
        self._shape = shape_named(shape)
        self.directory: Final = directory or Directory()
        checked_audience("audience", audience)
        self.audiences: Final = (audience,) if isinstance(audience, str) else tuple(audience)
        self.lifetime: Final = checked_lifetime(self._shape.lifetime if lifetime is None else lifetime)
        self.clients: Final = clients_by_id(clients)
        self.requests: Final[Counter[Endpoint]] = twin_of.requests if twin_of else Counter()
        self.clock: Final[Clock] = clock or (twin_of.clock if twin_of else SystemClock())
        own_keys = KeyRing("RS256" if algorithm is None else checked_algorithm(algorithm))
        self._keys: KeyRing = twin_of._keys if twin_of and algorithm is None else own_keys
        self._faults: Faults = twin_of._faults if twin_of else Faults()
        self._mint = TokenMint(self._shape, self.directory, self._keys, self.clock)
        self._key_headers = KeyHeaders(cache_control, etag=etag)
        self.move_to(base_url)

    def move_to(self, base_url: str) -> None:
        """Answer at another base URL: for a server that chooses its port when it starts. Keys and counters stay.

        Raises:
            ConfigurationError: it is no URL of an issuer.
        """
        checked_issuer_url("base_url", base_url, allow_http=True)
        self.base_url = base_url if self.shape == "generic" else base_url.rstrip("/")
        self.documents: tuple[Document, ...] = self._shape.documents(self.base_url, self.directory)
        names = [url for document in self.documents for url in (document.token_endpoint, document.issuer)]
        endpoint = TokenEndpoint(
            self._shape,
            audiences=self.audiences,
            authentication=ClientAuthentication(self.clients, ClientAssertions(names, self.clock)),
            mint=self._mint_issued,
            clock=self.clock,
        )
        self._app = Pages(self.documents, self.jwks, endpoint, self._faults, self.requests).application(self._key_headers)

    @classmethod
    def from_toml(cls, path: str | PathLike[str], **settings: Any) -> Self:
        """An issuer from a TOML file; keywords given here win over the file.

        The file holds the keywords of this class, and a table ``[[clients]]`` with ``id``, ``secret``, ``roles``, ``scopes``
        for each client.

        Raises:
            ConfigurationError: the file is no TOML or has a member that is no keyword.
            OSError: the file cannot be read.
        """
        try:
            return cls(**{**read_settings(path), **settings})
        except TypeError as error:
            raise unusable(path, error) from None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One ASGI connection."""
        await self._app(scope, receive, send)

    def now(self) -> int:
        """The second in which a token minted now is issued."""
        return int(self.clock.now())

    # --- where things are

    @property
    def shape(self) -> str:
        """Name of its shape."""
        return self._shape.name

    @property
    def issuer(self) -> str:
        """``iss`` of its tokens."""
        return self.documents[0].issuer

    @property
    def metadata_url(self) -> str:
        """Its OpenID Connect discovery document."""
        return self.documents[0].urls[0]

    @property
    def jwks_uri(self) -> str:
        """Its JWK Set."""
        return self.documents[0].jwks_uri

    @property
    def token_endpoint(self) -> str:
        """Where clients ask for tokens."""
        return self.documents[0].token_endpoint

    def jwks(self, document: Document | None = None) -> dict[str, Any]:
        """The published JWK Set, as the shape shows it; of another document than the first where a tenant has two."""
        shown = document or self.documents[0]
        return {"keys": [self._shape.jwk(jwk, shown) for jwk in self._keys.public_jwks()]}

    def trusted(self, **settings: Any) -> tuple[Issuer, ...]:
        """The records with which a ``ResourceServer`` trusts this issuer, built by the preset of its shape.

        Args:
            settings: Keywords of the preset, such as ``algorithms`` or ``require_at_jwt``.
        """
        site = Site(self.base_url, self.issuer, self.directory, self.audiences[0], tuple(self.clients))
        return trusted_issuers(self.shape, site, **settings)

    # --- tokens

    def mint(
        self,
        client_id: str | None = None,
        *,
        roles: Collection[str] | None = None,
        scopes: Collection[str] | None = None,
        audience: str | None = None,
        user: str | None = None,
        lifetime: int | None = None,
        claims: Mapping[str, Any] | None = None,
        header: Mapping[str, Any] | None = None,
        key: SigningKey | None = None,
        algorithm: str | None = None,
    ) -> str:
        """A token as the token endpoint would issue it, or as no issuer would.

        The claims are the same for the same clock and the same number of tokens before.

        Args:
            client_id: The application, by default the first that is registered; its roles and scopes are the defaults.
            roles: App roles in place of the client's.
            scopes: Scopes in place of the client's.
            audience: ``aud``; by default the issuer's first.
            user: The token acts for this user, an id of the vendor's kind, instead of for the application itself.
            lifetime: In seconds; negative for an expired token.
            claims: Claims to add or replace; ``None`` removes one.
            header: Header members to add or replace; ``None`` removes one.
            key: A key of one's own, published or not, in place of the issuer's current one.
            algorithm: Another algorithm that the key can sign with, such as ``PS256``.

        Raises:
            ValueError: the key cannot sign with the algorithm.
        """
        client_id = next(iter(self.clients), "reader") if client_id is None else client_id
        client = self.clients.get(client_id, LocalClient(client_id))
        standard = client.scopes if self._shape.has_scopes or user else ()
        grant = self._mint.grant(
            self.issuer,
            client_id,
            roles=tuple(client.roles if roles is None else roles),
            scopes=tuple(standard if scopes is None else scopes),
            audience=audience or self.audiences[0],
            lifetime=self.lifetime if lifetime is None else lifetime,
        )
        all_claims = {**(self._shape.for_user(grant, user) if user else {}), **client.claims, **(claims or {})}
        return self._mint.token(grant, claims=all_claims, header=header, key=key, algorithm=algorithm)

    def sign(self, header: Mapping[str, Any] | bytes, payload: Mapping[str, Any] | bytes, key: SigningKey | None = None) -> str:
        """A compact JWS over exactly this header and payload, given as objects or as raw bytes.

        Nothing is added: without ``alg`` and ``kid`` in ``header`` the token has none. A header ``alg`` that the key can sign
        with is used, else the key's own.
        """
        return compact(header, payload, key or self._keys.current)

    def _mint_issued(self, issued: Issued) -> tuple[str, Grant]:
        client = issued.client
        grant = self._mint.grant(
            self.issuer,
            client.id,
            roles=tuple(client.roles),
            scopes=issued.scopes,
            audience=issued.audience,
            lifetime=self.lifetime,
            by_key=issued.by_key,
        )
        return self._mint.token(grant, claims=client.claims), grant

    # --- keys and faults

    @property
    def signing_key(self) -> SigningKey:
        """The key that signs at the moment."""
        return self._keys.current

    def rotate_keys(self, *, keep_old: bool = True, algorithm: str | None = None) -> str:
        """Sign with a new key from now on.

        Args:
            keep_old: Whether the old keys stay in the key set; a real issuer may drop them at that very moment.
            algorithm: Of the new key; by default that of the last one.

        Returns:
            The new ``kid``.
        """
        return self._keys.rotate(keep_old=keep_old, algorithm=algorithm).kid

    def withdraw(self, kid: str) -> None:
        """Take a key out of the key set. Raises ``ValueError`` where no published key has this ``kid``."""
        self._keys.withdraw(kid)

    def go_down(self, *endpoints: Endpoint) -> None:
        """Answer 503 from now on, everywhere or at ``metadata``, ``jwks`` or ``token`` alone.

        An ASGI application cannot refuse a connection; to see that, stop the server.
        """
        self._faults.go_down(*(endpoints or _ALL))

    def slow(self, seconds: float, *endpoints: Endpoint) -> None:
        """Wait so long before each answer, everywhere or at these endpoints."""
        self._faults.slow(seconds, *(endpoints or _ALL))

    def break_keys(self, kind: Breakage = "html") -> None:
        """Answer something else in place of the key set: a name of :data:`bearerguard.testing.faults.BREAKAGES`."""
        self._faults.break_keys(kind)

    def come_back(self) -> None:
        """Turn every fault off."""
        self._faults.mend()

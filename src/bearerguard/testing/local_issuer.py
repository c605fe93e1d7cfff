"""An authorization server to develop and test against: real keys and tokens, faults on demand."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import replace
from os import PathLike
from typing import Any, ClassVar, Final, Self
from urllib.parse import urlsplit

from starlette.types import Receive, Scope, Send

from bearerguard.checks import checked_audience, checked_issuer_url
from bearerguard.clock import Clock, SystemClock
from bearerguard.issuers.issuer import Issuer
from bearerguard.testing.drills import Drills
from bearerguard.testing.endpoints import endpoints
from bearerguard.testing.explain_page import ExplainPage
from bearerguard.testing.exposure import Exposure
from bearerguard.testing.faults import Faults
from bearerguard.testing.issuer_state import Address, Operations
from bearerguard.testing.key_ring import KeyRing
from bearerguard.testing.local_client import DEFAULT_CLIENTS, LocalClient
from bearerguard.testing.local_user import DEFAULT_USERS, LocalUser
from bearerguard.testing.pages import KeyHeaders, Pages
from bearerguard.testing.settings import by_id, checked_algorithm, checked_lifetime, read_settings, unusable
from bearerguard.testing.shape import Directory, Document, Shape, Site
from bearerguard.testing.shapes import shape_named
from bearerguard.testing.signing_key import SigningKey
from bearerguard.testing.token_mint import TokenMint
from bearerguard.testing.token_store import TokenStore


class LocalIssuer(Drills):
    """An OAuth 2.0 authorization server to develop and test against, as an ASGI application.

    Applications get tokens of their own by client credentials. People sign in on a page where they
    choose a test user, and their application gets a token for that user by an authorization code
    with PKCE; that page answers this machine alone.

    In process, give ``httpx.ASGITransport(issuer)`` to clients and to ``ResourceServer`` as their
    ``transport``. On a socket, run ``uvicorn.run(issuer, port=9000)`` with
    ``base_url="http://127.0.0.1:9000"``. It is for development: anyone who reaches it and knows a
    client's secret gets tokens, and its keys live in memory only. It warns once where it can be
    reached from elsewhere with a default secret.

    Args:
        base_url: Where it is reached, without a trailing slash. For the shape ``generic`` this is
            the issuer itself, and may have a path and a trailing slash.
        shape: ``generic`` (RFC 9068), ``entra_v1``, ``entra_v2``, ``azure_b2c``, ``auth0``,
            ``keycloak``, ``cognito``, ``okta``, ``entra_external``, ``zitadel``, ``authentik``,
            ``hydra``, ``duende``, ``adfs``, ``cloudflare_access``, or a :class:`Shape` of your own.
        audience: APIs that tokens may be asked for; the first is the default.
        clients: Registered applications; by default ``reader``, ``writer`` and ``noroles``, each
            with the secret ``<id>-secret``, and ``browser``, a public one for people.
        users: Who can sign in; by default ``alice`` (reads), ``bob`` (reads and writes) and
            ``carol`` (no role).
        algorithm: Of the first signing key, ``RS256`` by default.
        lifetime: Of a token in seconds; by default the vendor's.
        directory: Names of the vendor's customer: tenant, realm, user pool …
        cache_control: ``Cache-Control`` of the key set, none by default.
        etag: Whether the key set has an ``ETag`` and conditional requests are answered with 304.
        clock: Times of tokens; by default the system's.
        twin_of: Another issuer. This one shares its clock, faults and counters, and its keys unless
            ``algorithm`` is given: one operator that issues several kinds of token.

    Attributes:
        audiences: APIs that tokens may be asked for.
        clients: The registered applications by id.
        directory: Names of the vendor's customer.
        lifetime: Of a token in seconds.
        users: The people by id.
        vendor: How the vendor's issuers look.

    Raises:
        ConfigurationError: a value is wrong.
    """

    _is_reachable: ClassVar[bool] = True

    def __init__(
        self,
        base_url: str = "https://issuer.test",
        *,
        shape: str | Shape = "generic",
        audience: str | Collection[str] = "api://orders",
        clients: Collection[LocalClient] = DEFAULT_CLIENTS,
        users: Collection[LocalUser] = DEFAULT_USERS,
        algorithm: str | None = None,
        lifetime: int | None = None,
        directory: Directory | None = None,
        cache_control: str | None = None,
        etag: bool = False,
        clock: Clock | None = None,
        twin_of: "LocalIssuer | None" = None,
    ) -> None:
        super().__init__(_operations(twin_of._operations if twin_of else None, algorithm, clock))
        self.vendor: Final = shape_named(shape)
        self.directory: Final = directory or Directory()
        checked_audience("audience", audience)
        self.audiences: Final = (audience,) if isinstance(audience, str) else tuple(audience)
        self.lifetime: Final = checked_lifetime(self.vendor.lifetime if lifetime is None else lifetime)
        self.clients: Final = by_id("clients", clients)
        self.users: Final = by_id("users", users)
        self._mint: Final = TokenMint(self.vendor, self.directory, self._operations)
        self._exposure: Final = Exposure(self.clients.values())
        self._key_headers: Final = KeyHeaders(cache_control, etag=etag)
        self.move_to(base_url)

    def move_to(self, base_url: str) -> None:
        """Answer at another base URL: for a server that chooses its port when it starts.

        Keys and counters stay.

        Raises:
            ConfigurationError: it is not the URL of an issuer.
        """
        checked_issuer_url("base_url", base_url, allow_http=True)
        if self._is_reachable:
            self._exposure.check_address(base_url)
        here = base_url if self.shape == "generic" else base_url.rstrip("/")
        documents = self.vendor.documents(here, self.directory)
        self._address = Address(here, documents, self._pages(here, documents).application(self._key_headers))

    def _pages(self, here: str, documents: tuple[Document, ...]) -> Pages:
        served = endpoints(
            self.vendor,
            documents,
            audiences=self.audiences,
            clients=self.clients,
            users=self.users,
            operations=self._operations,
            mint=lambda issued: self._mint.issue(issued, self.issuer, self.lifetime),
        )
        explained = ExplainPage(lambda: self.trusted(jwks=self.jwks()), self.audiences[0], self.clock.now)
        for_people = {f"{urlsplit(here).path.rstrip('/')}/explain": explained.answer}
        return Pages(documents, self.jwks, served, self._operations, for_people)

    @classmethod
    def from_toml(cls, path: str | PathLike[str], **settings: Any) -> Self:
        """An issuer from a TOML file; keywords given here win over the file.

        The file holds the keywords of this class, for each client a table ``[[clients]]`` with
        ``id``, ``secret``, ``roles`` and ``scopes``, and for each user a table ``[[users]]`` with
        ``id``, ``name``, ``roles`` and ``scopes``.

        Raises:
            ConfigurationError: the file is not TOML, or a member of it is not a keyword.
            OSError: the file cannot be read.
        """
        try:
            return cls(**{**read_settings(path), **settings})
        except TypeError as error:
            raise unusable(path, error) from None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One ASGI connection."""
        self._exposure.check_caller(scope)
        await self._address.app(scope, receive, send)

    def now(self) -> int:
        """The second in which a token minted now is issued."""
        return int(self.clock.now())

    # --- where things are

    @property
    def shape(self) -> str:
        """Name of its shape."""
        return self.vendor.name

    @property
    def base_url(self) -> str:
        """Where it is reached."""
        return self._address.base_url

    @property
    def documents(self) -> tuple[Document, ...]:
        """Its metadata documents; its tokens belong to the first."""
        return self._address.documents

    @property
    def issuer(self) -> str:
        """``iss`` of its access tokens."""
        return self.documents[0].access_token_issuer or self.documents[0].issuer

    @property
    def metadata_url(self) -> str:
        """Its OpenID Connect discovery document; empty where the vendor has none."""
        return next(iter(self.documents[0].urls), "")

    @property
    def jwks_uri(self) -> str:
        """Its JWK Set."""
        return self.documents[0].jwks_uri

    @property
    def token_endpoint(self) -> str:
        """Where clients ask for tokens."""
        return self.documents[0].token_endpoint

    @property
    def authorization_endpoint(self) -> str:
        """Where people sign in; empty where the vendor has no such place for other applications."""
        return self.documents[0].authorization_endpoint

    @property
    def introspection_endpoint(self) -> str:
        """Where APIs ask about tokens (RFC 7662); empty where the vendor has none."""
        return self.documents[0].introspection_endpoint

    @property
    def revocation_endpoint(self) -> str:
        """Where clients revoke their tokens (RFC 7009); empty where the vendor has none."""
        return self.documents[0].revocation_endpoint

    def jwks(self, document: Document | None = None) -> dict[str, Any]:
        """The published JWK Set in the vendor's form, of the first document or of the one given."""
        shown = document or self.documents[0]
        return {"keys": [self.vendor.jwk(jwk, shown) for jwk in self._operations.keys.public_jwks()]}

    def trusted(self, **settings: Any) -> tuple[Issuer, ...]:
        """The records by which a ``ResourceServer`` trusts this issuer: the vendor's preset.

        Args:
            settings: Keywords of the preset, such as ``algorithms`` or ``require_at_jwt``.
        """
        site = Site(self.base_url, self.issuer, self.directory, self.audiences[0], tuple(self.clients))
        plain = {"insecure_allow_http": True} if self.base_url.startswith("http://") else {}
        return self.vendor.trusted(site, **plain, **settings)

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
        opaque: bool | None = None,
    ) -> str:
        """A token as the token endpoint would issue it, or with changes as no issuer would.

        The claims are the same for the same clock and the same number of tokens before.

        Args:
            client_id: The application, by default the first that is registered. Its roles and
                scopes are the defaults.
            roles: App roles in place of the client's.
            scopes: Scopes in place of the client's.
            audience: ``aud``; by default the issuer's first.
            user: The token acts for the user of this id, instead of for the application itself.
            lifetime: In seconds; negative for an expired token.
            claims: Claims to add or replace; ``None`` removes one.
            header: Header members to add or replace; ``None`` removes one.
            key: A key of your own, published or not, in place of the issuer's current one.
            algorithm: Another algorithm that the key can sign with, such as ``PS256``.
            opaque: Whether to return an opaque string, which only the introspection endpoint can
                read; by default what the client gets. ``header``, ``key`` and ``algorithm`` then
                have no effect.

        Raises:
            ValueError: the key cannot sign with the algorithm.
        """
        client = self._client(client_id)
        standard = client.scopes if ("user" if user else "application") in self.vendor.scopes_of else ()
        content = self._mint.content(
            self.issuer,
            client.id,
            roles=tuple(client.roles if roles is None else roles),
            scopes=tuple(standard if scopes is None else scopes),
            audience=self.vendor.audience(self.audiences[0], self.audiences) if audience is None else audience,
            lifetime=self.lifetime if lifetime is None else lifetime,
            user=user or "",
        )
        changes = {**client.claims, **(claims or {})}
        is_opaque = client.opaque_tokens if opaque is None else opaque
        return self._mint.access_token(content, claims=changes, opaque=is_opaque, header=header, key=key, algorithm=algorithm)

    def mint_id_token(
        self,
        client_id: str | None = None,
        *,
        user: str = "alice",
        lifetime: int | None = None,
        claims: Mapping[str, Any] | None = None,
        header: Mapping[str, Any] | None = None,
    ) -> str:
        """An ID token, as the vendor gives it to a client beside the access token.

        An API must refuse it, although the same keys sign it. Cloudflare Access has none; here it
        gives its global session token.

        Args:
            client_id: The application it is for, by default the first that is registered.
            user: Whom it describes.
            lifetime: In seconds.
            claims: Claims to add or replace; ``None`` removes one.
            header: Header members to add or replace; ``None`` removes one.
        """
        client = self._client(client_id)
        content = self._mint.content(
            self.issuer,
            client.id,
            roles=tuple(client.roles),
            scopes=(),
            audience=self.audiences[0],
            lifetime=self.lifetime if lifetime is None else lifetime,
            user=user,
        )
        return self._mint.id_token(content, claims=claims or {}, header=header)

    def sign(self, header: Mapping[str, Any] | bytes, payload: Mapping[str, Any] | bytes, key: SigningKey | None = None) -> str:
        """A compact JWS over exactly this header and payload, given as objects or as raw bytes.

        Nothing is added: without ``alg`` and ``kid`` in ``header`` the token has none. The key
        signs with the header's ``alg`` where it can, else with its own.
        """
        return (key or self.signing_key).compact(header, payload)

    def _client(self, client_id: str | None) -> LocalClient:
        name = next(iter(self.clients), "reader") if client_id is None else client_id
        return self.clients.get(name, LocalClient(name))


def _operations(twin: Operations | None, algorithm: str | None, clock: Clock | None) -> Operations:
    own_keys = KeyRing("RS256" if algorithm is None else checked_algorithm(algorithm))
    if twin is None:
        return Operations(own_keys, Faults(), Counter(), clock or SystemClock(), TokenStore(own_keys))
    shared = replace(twin, clock=clock or twin.clock)
    return shared if algorithm is None else replace(shared, keys=own_keys, tokens=TokenStore(own_keys))

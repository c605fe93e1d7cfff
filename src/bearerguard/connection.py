"""Whom a resource server trusts, and where keys and time come from: one value, swapped whole."""

from dataclasses import dataclass, field

from bearerguard.bounded_http import AsyncTransport
from bearerguard.clock import Clock
from bearerguard.errors import ConfigurationError
from bearerguard.events import EventHook
from bearerguard.introspection.introspection import Introspection
from bearerguard.introspection.introspector import Introspector
from bearerguard.issuers.issuer import Issuer
from bearerguard.keys.fetch import Fetcher
from bearerguard.keys.key_set_fetch import KeySetFetch
from bearerguard.keys.key_source import KeySource
from bearerguard.keys.remote_key_source import RemoteKeySource
from bearerguard.keys.static_key_source import StaticKeySource
from bearerguard.token.claims import Expectations
from bearerguard.token.jws import Parser
from bearerguard.token.registration import Registration, Registrations
from bearerguard.token.token_cache import TokenCache


@dataclass(frozen=True, slots=True, eq=False)
class Connection:
    """Settings, and what is learnt under them: keys, verified tokens, familiar headers.

    ``dataclasses.replace(connection, issuers=…)`` makes another that has learnt nothing yet. A
    request uses one connection from start to end, so that no token verified under old settings is
    remembered under new ones.

    Attributes:
        issuers: Whose tokens are accepted.
        audience: Identifiers of the API, for issuers without an audience of their own.
        leeway: Seconds that clocks may differ.
        token_cache_size: Verified tokens to remember.
        transport: For the key fetch; ``None`` for httpx's own.
        clock: Wall time for claims, and both times for ages.
        on_event: Told of each key fetch.
        introspection: How to ask about tokens that are not JWTs, if at all.
        registrations: Each issuer with its expectations and its keys.
        parser: Reads tokens.
        cache: The verified tokens.
        introspector: Asks about tokens, and remembers the answers; ``None`` without introspection.

    Raises:
        ConfigurationError: an issuer is listed twice, its static keys are unusable, or JWTs of
            several issuers would be shown to one introspection endpoint.
    """

    issuers: tuple[Issuer, ...]
    audience: frozenset[str]
    leeway: float
    token_cache_size: int
    transport: AsyncTransport | None
    clock: Clock
    on_event: EventHook | None
    introspection: Introspection | None = None
    registrations: Registrations = field(init=False, repr=False)
    parser: Parser = field(init=False, repr=False)
    cache: TokenCache = field(init=False, repr=False)
    introspector: Introspector | None = field(init=False, repr=False)

    def __post_init__(self) -> None:
        remote = any(issuer.jwks is None for issuer in self.issuers)
        fetcher = Fetcher(self.transport) if remote else None
        registrations = Registrations(self._register(issuer, fetcher) for issuer in self.issuers)
        object.__setattr__(self, "registrations", registrations)
        object.__setattr__(self, "parser", Parser(registrations.glance))
        object.__setattr__(self, "cache", TokenCache(self.token_cache_size, self.clock))
        object.__setattr__(self, "introspector", self._introspector())

    def _introspector(self) -> Introspector | None:
        asked = self.introspection
        if asked is None:
            return None
        if asked.also_jwt and asked.issuer is None and len({issuer.issuer for issuer in self.issuers}) > 1:
            problem = "also_jwt=True would show the tokens of every issuer to one endpoint: name the issuer whose endpoint it is"
            raise ConfigurationError("introspection", problem, example='Introspection(…, issuer="https://issuer.example")')
        return Introspector(asked, self.audience, self.leeway, self.transport, self.clock)

    def _register(self, issuer: Issuer, fetcher: Fetcher | None) -> Registration:
        keys: KeySource
        if issuer.jwks is not None or fetcher is None:
            keys = StaticKeySource(issuer.issuer, issuer.jwks or {})
        else:
            fetch = KeySetFetch(issuer, fetcher, self.clock)
            keys = RemoteKeySource(issuer.issuer, fetch, clock=self.clock, on_event=self.on_event)
        audience = self.audience if issuer.audience is None else frozenset(issuer.audience)
        accepted_elsewhere = audience | self.audience
        algorithms = frozenset(issuer.algorithms)
        expected = Expectations(issuer, audience, accepted_elsewhere, algorithms, self.leeway)
        return Registration(expected, keys)

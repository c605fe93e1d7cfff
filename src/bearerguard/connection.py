"""Whom a resource server trusts, and where keys and time come from: one value, swapped whole."""

from collections.abc import Iterator, Mapping
from dataclasses import InitVar, dataclass, field, replace
from typing import Any, Final

import anyio

from bearerguard.bounded_http import AsyncTransport
from bearerguard.checks import check_methods
from bearerguard.clock import Clock
from bearerguard.errors import ConfigurationError, show
from bearerguard.events import Event, Listeners
from bearerguard.introspection.introspection import Introspection
from bearerguard.introspection.introspector import Introspector
from bearerguard.issuers.issuer import Issuer
from bearerguard.keys.fetch import Fetcher
from bearerguard.keys.key_set_fetch import KeySetFetch
from bearerguard.keys.key_source import KeySource
from bearerguard.keys.remote_key_source import RemoteKeySource
from bearerguard.keys.static_key_source import StaticKeySource
from bearerguard.keys.warm_up import warm_up
from bearerguard.principal import Principal
from bearerguard.token.claims import Expectations
from bearerguard.token.jws import AccessToken, Parser, is_jwt
from bearerguard.token.registration import Registration, Registrations
from bearerguard.token.remembered import Remembered
from bearerguard.token.token_cache import TokenCache

_NAMED: Final = 10
_ALWAYS: Final = float("-inf")
_new: Final = tuple.__new__  # to call a NamedTuple takes twice as long
_LONGEST_END: Final = 2.0
"""Seconds. Work that was cancelled takes a few turns of the event loop to end."""


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
        listeners: Told of key fetches, and of options that weaken a check.
        introspection: How to ask about tokens that are not JWTs, if at all.
        former: Its keys are taken over where they are fetched from the same place.
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
    listeners: Listeners
    introspection: Introspection | None = None
    former: InitVar["Connection | None"] = None
    registrations: Registrations = field(init=False, repr=False)
    parser: Parser = field(init=False, repr=False)
    cache: TokenCache = field(init=False, repr=False)
    introspector: Introspector | None = field(init=False, repr=False)

    def __post_init__(self, former: "Connection | None") -> None:
        remote = any(issuer.jwks is None for issuer in self.issuers)
        fetcher = Fetcher(self.transport) if remote else None
        kept = {} if former is None else dict(former._fetched_keys())
        registrations = Registrations(self._register(issuer, fetcher, kept) for issuer in self.issuers)
        object.__setattr__(self, "registrations", registrations)
        object.__setattr__(self, "parser", Parser(registrations.glance, registrations.vouch))
        object.__setattr__(self, "cache", TokenCache(self.token_cache_size, self.clock))
        object.__setattr__(self, "introspector", self._introspector(former))
        self.in_use()
        self._tell_what_is_insecure(former)

    def __str__(self) -> str:
        """Whom it trusts, for the log."""
        names = ", ".join(repr(issuer.issuer) for issuer in self.issuers[:_NAMED])
        more = f" and {len(self.issuers) - _NAMED} more" if len(self.issuers) > _NAMED else ""
        return f"issuers {names or 'none'}{more}, audience {', '.join(map(repr, sorted(self.audience)))}"

    def in_use(self) -> "Connection":
        """From now on listeners measure by its clock."""
        self.listeners.monotonic = self.clock.monotonic
        return self

    # --- verified tokens

    def recall(self, token: bytes) -> Principal | None:
        """The caller, if this very token was found good before and still is. Never waits."""
        asked = self.introspector
        return self.cache.recall(token) if asked is None else asked.recall(token, self.cache)

    def is_asked_about(self, token: bytes) -> bool:
        """Whether the introspection endpoint alone judges this token."""
        return self.introspector is not None and not (self.issuers and is_jwt(token))

    def remember(self, text: bytes, token: AccessToken, principal: Principal, registration: Registration) -> None:
        """Keep a token that has just been verified."""
        leeway, clock = registration.expected.leeway, self.clock
        ends = token.claims["exp"] + leeway
        begins = token.claims.get("nbf", _ALWAYS) - leeway
        forgotten_at = clock.monotonic() + (ends - clock.now())
        self.cache.remember(text, _new(Remembered, (principal, token.key, registration.keys, begins, ends, forgotten_at)))

    # --- from one to the next

    def trusting(self, issuers: tuple[Issuer, ...], audience: frozenset[str]) -> "Connection":
        """A connection that trusts these issuers and keeps what still holds: keys and answers.

        Raises:
            ConfigurationError: as for a new one.
        """
        return replace(self, issuers=issuers, audience=audience, former=self)

    def retire(self, successor: "Connection") -> None:
        """End what runs for issuers that ``successor`` does not trust. May be called from any
        thread.
        """
        kept = {registration.keys for registration in successor.registrations.all}
        for registration in self.registrations.all:
            if registration.keys not in kept:
                registration.keys.retire()
        if self.introspector is not None and self.introspector is not successor.introspector:
            self.introspector.retire()

    async def warm_up(self) -> None:
        """Fetch all keys that are not known yet; see ``ResourceServer.warm_up``."""
        asked = self.introspector
        async with anyio.create_task_group() as tasks:
            if asked is not None and not asked.status().ready:
                tasks.start_soon(asked.probe)
            await warm_up(registration.keys for registration in self.registrations.all)

    async def aclose(self) -> None:
        """Forget tokens and answers, and end what is under way in this event loop."""
        sources = [registration.keys for registration in self.registrations.all]
        self.cache.clear()
        if self.introspector is not None:
            self.introspector.close()
        for source in sources:
            source.close()
        with anyio.move_on_after(_LONGEST_END, shield=True):  # the loop may be closed right after this
            for source in sources:
                await source.ended()
            if self.introspector is not None:
                await self.introspector.ended()

    def _tell_what_is_insecure(self, former: "Connection | None") -> None:
        known = () if former is None else former.issuers
        for issuer in self.issuers:
            for option in () if issuer in known else issuer.insecure_options:
                self.listeners(Event("insecure_option", issuer.issuer, option))
        if former is None and self.introspection is not None and self.introspection.insecure_allow_http:
            self.listeners(Event("insecure_option", self.introspection.record.issuer, "insecure_allow_http"))

    def _introspector(self, former: "Connection | None") -> Introspector | None:
        asked = self.introspection
        if asked is None:
            return None
        if asked.also_jwt and asked.issuer is None and len({issuer.issuer for issuer in self.issuers}) > 1:
            problem = "also_jwt=True would show the tokens of every issuer to one endpoint: name the issuer whose endpoint it is"
            raise ConfigurationError("introspection", problem, example='Introspection(…, issuer="https://issuer.example")')
        # its answers are for this audience, and those about JWTs count as long as no issuer is known
        if former is not None and former.audience == self.audience and bool(former.issuers) == bool(self.issuers):
            return former.introspector
        return Introspector(asked, self.audience, self.leeway, self.transport, self.clock, listeners=self.listeners)

    def _fetched_keys(self) -> Iterator[tuple[Any, KeySource]]:
        for registration in self.registrations.all:
            if registration.expected.issuer.jwks is None:
                yield _origin(registration.expected.issuer), registration.keys

    def _register(self, issuer: Issuer, fetcher: Fetcher | None, kept: Mapping[Any, KeySource]) -> Registration:
        keys: KeySource
        if issuer.jwks is not None or fetcher is None:
            keys = StaticKeySource(issuer.issuer, issuer.jwks or {}, listeners=self.listeners)
        elif _origin(issuer) in kept:
            keys = kept[_origin(issuer)]
        else:
            fetch = KeySetFetch(issuer, fetcher, self.clock)
            keys = RemoteKeySource(issuer.issuer, fetch, clock=self.clock, listeners=self.listeners)
        audience = self.audience if issuer.audience is None else frozenset(issuer.audience)
        accepted_elsewhere = audience | self.audience
        algorithms = frozenset(issuer.algorithms)
        expected = Expectations(issuer, audience, accepted_elsewhere, algorithms, self.leeway)
        return Registration(expected, keys)


def _origin(issuer: Issuer) -> Any:
    """Where an issuer's keys come from, and on what terms: all that ``KeySetFetch`` looks at."""
    places = issuer.issuer, issuer.metadata_url, issuer.jwks_uri
    return *places, issuer.metadata_issuers, issuer.insecure_allow_http, issuer.insecure_http_hosts


def check_parts(transport: object, clock: object, introspection: object) -> None:
    """Whether they can be what they are handed in as.

    Raises:
        ConfigurationError: one of them cannot.
    """
    if transport is not None:
        check_methods("transport", transport, ["handle_async_request"], example="httpx.AsyncHTTPTransport(…)")
    if clock is not None:
        check_methods("clock", clock, ["now", "monotonic"], example="SystemClock()")
    if introspection is not None and not isinstance(introspection, Introspection):
        raise ConfigurationError(
            "introspection", f"expected an Introspection, got {show(introspection)}", example="Introspection(…)"
        )

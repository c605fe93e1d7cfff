"""The rooms, wired: the file to read first. One request is one straight line.

``recall`` is the warm path, a token that was verified before. ``verify`` is the cold one::

    parse ─ issuer known? ─ claims ─ key ─ signature ─ principal
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Final

import anyio
import httpx

from bearerguard import error_codes as codes
from bearerguard.authorization.implied_roles import ImpliedRoles
from bearerguard.checks import check_methods, checked_audience, checked_count, checked_number
from bearerguard.clock import Clock, SystemClock
from bearerguard.errors import ConfigurationError, InvalidRequest, InvalidToken, IssuerUnavailable, Refusal, show
from bearerguard.events import Event, EventHook, emit, logger
from bearerguard.issuers.issuer import Issuer
from bearerguard.keys.fetch import Fetcher
from bearerguard.keys.jwk_set import JWKSet, VerificationKey
from bearerguard.keys.key_source import KeySource, RemoteKeySource
from bearerguard.keys.key_status import KeyStatus
from bearerguard.keys.remote_keys import RemoteKeys
from bearerguard.keys.static_key_source import StaticKeySource
from bearerguard.principal import PayloadClaims, Principal
from bearerguard.token.claims import Expectations, check, times_failure
from bearerguard.token.jws import AccessToken, Parser, UnverifiedToken, verify
from bearerguard.token.registration import Registration, Registrations
from bearerguard.token.remembered import Remembered
from bearerguard.token.token_cache import TokenCache

MAX_LEEWAY: Final = 300.0
_ALWAYS: Final = float("-inf")
_MOST_REMEMBERED: Final = 10_000_000
_WARMED_AT_ONCE: Final = 16


class ResourceServer:
    """Verifies access tokens for one API (RFC 6750's resource server).

    Nothing is fetched when it is built. It may serve several applications, and event loops one after the other. Does not check
    whether a token was revoked before its ``exp``, nor whether somebody else sent the same token before.

    Args:
        issuers: Whose tokens are accepted: ``Issuer`` records, or tuples of them as presets return.
        audience: This API's identifiers; a token must name one of them.
        leeway: Seconds that clocks may differ, 0 to 300.
        implied_roles: Roles that another role brings with it, such as ``{"ReadWrite.All": ["Read.All", "Write.All"]}``.
        token_cache_size: Verified tokens to remember; 0 turns it off.
        transport: Used for the key fetch instead of httpx's own: a proxy, a private CA, a test. Never closed here.
        clock: Wall time for claims, monotonic time for ages.
        on_event: Called for each token accepted or refused and each key fetch, in the event loop: it must not block.

    Raises:
        ConfigurationError: a value is wrong; the message names it.
    """

    def __init__(
        self,
        issuers: Issuer | Iterable[Issuer | tuple[Issuer, ...]],
        audience: str | Collection[str],
        *,
        leeway: float = 60.0,
        implied_roles: Mapping[str, Collection[str]] | None = None,
        token_cache_size: int = 10_000,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Clock | None = None,
        on_event: EventHook | None = None,
    ) -> None:
        self.issuers = _flattened(issuers)
        self.audience = checked_audience("audience", audience)
        self._leeway = checked_number("leeway", leeway, 0.0, MAX_LEEWAY, example="60")
        self._on_event = on_event
        self._implied_roles = ImpliedRoles(implied_roles)
        self._token_cache_size = checked_count("token_cache_size", token_cache_size, _MOST_REMEMBERED)
        _check_parts(transport, clock, on_event)
        self._connect(self.issuers, transport, clock or SystemClock())

    def _connect(self, issuers: tuple[Issuer, ...], transport: httpx.AsyncBaseTransport | None, clock: Clock) -> None:
        """Where keys and time come from; nothing of an earlier connection is kept. ``testing.stand_ins`` connects anew."""
        self._clock = clock
        self._cache = TokenCache(self._token_cache_size, clock)
        fetcher = Fetcher(transport) if any(issuer.jwks is None for issuer in issuers) else None
        self._registrations = Registrations(self._register(issuer, fetcher) for issuer in issuers)
        self._parser = Parser(self._registrations.glance)

    # --- judging tokens

    async def authenticate(self, token: str | bytes) -> Principal:
        """The caller, from the text of an access token (without ``Bearer``).

        Raises:
            AccessTokenError: the token is refused; ``code`` tells why.
            IssuerUnavailable: no key is at hand and none can be fetched now.
        """
        text = token if isinstance(token, bytes) else _ascii(token)
        return self.recall(text) or await self.verify(text)

    def recall(self, token: bytes) -> Principal | None:
        """The caller, where this very token was verified before and is still good; no waiting, no network."""
        principal = self._cache.recall(token)
        if self._on_event is not None and principal is not None:
            emit(self._on_event, Event("token_accepted", principal.issuer))
        return principal

    async def verify(self, token: bytes) -> Principal:
        """The caller, from a token that is verified in full.

        Raises:
            AccessTokenError: the token is refused; ``code`` tells why.
            IssuerUnavailable: no key is at hand and none can be fetched now.
        """
        unverified = self._parser.parse(token)
        registration = self._registrations.of(unverified.claims)
        check(unverified, registration.expected, self._clock.now())
        key_set = registration.keys.known()
        candidates = () if key_set is None else _candidates(key_set, unverified, registration)
        access_token = verify(unverified, candidates)
        if access_token is None:
            access_token = await self._with_another_key(unverified, registration, key_set, candidates)
        self._parser.remember(unverified)
        principal = self._principal(access_token, registration)
        if self._cache.is_on:
            self._remember(token, access_token, principal, registration)
        if self._on_event is not None:
            emit(self._on_event, Event("token_accepted", principal.issuer))
        return principal

    async def _with_another_key(
        self,
        token: UnverifiedToken,
        registration: Registration,
        key_set: JWKSet | None,
        candidates: tuple[VerificationKey, ...],
    ) -> AccessToken:
        """The token, verified by a key that is not at hand yet; the only place that may wait for the network."""
        keys, kid = registration.keys, token.header.kid
        verified: AccessToken | None = None
        for_this_token = waited = False
        if key_set is None:
            key_set, for_this_token = await keys.obtain()
            waited = True
            candidates = _candidates(key_set, token, registration)
            verified = verify(token, candidates)
        if verified is None and not for_this_token and (not candidates or kid is None):
            newer = await keys.look_again(kid, key_set)  # the key may be newer than the set
            if newer is not key_set:
                key_set, waited = newer, True
                candidates = _candidates(key_set, token, registration)
                verified = verify(token, candidates)
        if verified is None:
            raise _no_key(token, candidates, key_set)
        if waited and (late := times_failure(token, registration.expected, self._clock.now())):
            raise late
        return verified

    def _principal(self, token: AccessToken, registration: Registration) -> Principal:
        claims, profile = token.claims, registration.expected.issuer.profile
        roles, client = profile.roles_in(claims), profile.client_in(claims)
        return Principal(
            claims["iss"],
            claims.get("sub", ""),
            client,
            profile.tenant_of(claims),
            self._implied_roles.effective(roles),
            profile.scopes_held(claims),
            client is not None and profile.is_application(claims, roles),
            claims["exp"],
            PayloadClaims(token.payload),
            registration.keys.age,
        )

    def _remember(self, text: bytes, token: AccessToken, principal: Principal, registration: Registration) -> None:
        leeway = registration.expected.leeway
        ends = token.claims["exp"] + leeway
        begins = token.claims.get("nbf", _ALWAYS) - leeway
        forgotten_at = self._clock.monotonic() + (ends - self._clock.now())
        self._cache.remember(text, Remembered(principal, token.key, registration.keys, begins, ends, forgotten_at))

    # --- around it

    async def warm_up(self) -> None:
        """Fetch the keys of all issuers that are not known yet. Never raises: an issuer that is down is tried again by requests.

        Waits for the fetches, 10 s at most for each; run it in the background where a start must not wait.
        """
        limiter = anyio.CapacityLimiter(_WARMED_AT_ONCE)
        async with anyio.create_task_group() as tasks:
            for registration in self._registrations.all:
                tasks.start_soon(_warm, registration.keys, limiter)

    def status(self) -> tuple[KeyStatus, ...]:
        """The state of each issuer's keys, in the order of ``issuers``."""
        return tuple(registration.keys.status() for registration in self._registrations.all)

    def report(self, error: Refusal) -> None:
        """Tell the operator of a refusal: the log gets the full text, ``on_event`` the code. Never the token."""
        if isinstance(error, IssuerUnavailable):
            logger.warning("%s", error.operator_text)
        else:
            logger.info("refused: %s", error.operator_text)
        emit(self._on_event, Event("token_refused", getattr(error, "issuer", ""), error.code))

    async def aclose(self) -> None:
        """Forget verified tokens and end key fetches under way. The object stays usable; a later request fetches anew."""
        self._cache.clear()
        for registration in self._registrations.all:
            registration.keys.close()

    def _register(self, issuer: Issuer, fetcher: Fetcher | None) -> Registration:
        keys: KeySource
        if issuer.jwks is not None or fetcher is None:
            keys = StaticKeySource(issuer.issuer, issuer.jwks or {})
        else:
            fetch = RemoteKeys(issuer, fetcher, self._clock)
            keys = RemoteKeySource(issuer.issuer, fetch, clock=self._clock, on_event=self._on_event)
        audience = self.audience if issuer.audience is None else frozenset(issuer.audience)
        algorithms = frozenset(issuer.algorithms)
        return Registration(Expectations(issuer, audience, audience | self.audience, algorithms, self._leeway), keys)


def _candidates(key_set: JWKSet, token: UnverifiedToken, registration: Registration) -> tuple[VerificationKey, ...]:
    """The keys that may have signed this token: by name and algorithm, and of its issuer where keys name theirs (R97)."""
    found = key_set.candidates(token.header.kid, token.header.algorithm)
    profile = registration.expected.issuer.profile
    if not profile.key_issuers:
        return found
    return tuple([key for key in found if key.issuer is None or profile.accepts_key_of(key.issuer, token.claims)])


def _no_key(token: UnverifiedToken, candidates: tuple[VerificationKey, ...], key_set: JWKSet) -> InvalidToken:
    if candidates:
        return InvalidToken(codes.INVALID_SIGNATURE)
    wanted = f"a key for `alg` {token.header.algorithm} among `kid` {key_set.kids}"
    return InvalidToken(codes.UNKNOWN_KEY, expected=wanted, actual=token.header.kid, at="header.kid")


async def _warm(keys: KeySource, limiter: anyio.CapacityLimiter) -> None:
    async with limiter:
        if keys.known() is None:
            try:
                await keys.obtain()
            except IssuerUnavailable as error:
                logger.warning("starting without keys: %s", error.operator_text)


def _ascii(token: str) -> bytes:
    try:
        return token.encode("ascii")
    except UnicodeEncodeError:
        raise InvalidRequest(codes.MALFORMED_AUTHORIZATION, expected="ASCII") from None


def _flattened(issuers: Issuer | Iterable[Issuer | tuple[Issuer, ...]]) -> tuple[Issuer, ...]:
    entries = [issuers] if isinstance(issuers, Issuer) or not isinstance(issuers, Iterable) else list(issuers)
    flat = [issuer for entry in entries for issuer in (entry if isinstance(entry, tuple) else (entry,))]
    if not flat or not all(isinstance(issuer, Issuer) for issuer in flat):
        raise ConfigurationError("issuers", f"expected one or several issuers, got {issuers!r}", example='[entra(tenant_id="…")]')
    return tuple(flat)


def _check_parts(transport: object, clock: object, on_event: object) -> None:
    if transport is not None:
        check_methods("transport", transport, ["handle_async_request"], example="httpx.AsyncHTTPTransport(…)")
    if clock is not None:
        check_methods("clock", clock, ["now", "monotonic"], example="SystemClock()")
    if on_event is not None and not callable(on_event):
        raise ConfigurationError("on_event", f"expected a function of an Event, got {show(on_event)}", example="events.append")

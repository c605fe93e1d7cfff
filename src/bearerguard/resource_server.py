"""The rooms, wired: the file to read first. One request is one straight line.

``recall`` is the warm path, a token that was verified before. ``judge`` is the cold one::

    parse ─ issuer known? ─ claims ─ key ─ signature ─ principal

A token that is not a JWT takes another line, where ``introspection=`` is set::

    remembered? ─ ask the issuer's endpoint ─ claims ─ principal
"""

import os
import threading
from collections.abc import Collection, Coroutine, Iterable, Mapping
from types import EllipsisType
from typing import Any, Final, NoReturn, Self, Unpack

from bearerguard import error_codes as codes
from bearerguard.after_fork import renew_after_fork
from bearerguard.authorization.implied_roles import ImpliedRoles
from bearerguard.bounded_http import AsyncTransport
from bearerguard.checks import checked_audience, checked_count, checked_number
from bearerguard.clock import Clock, SystemClock
from bearerguard.connection import Connection, check_parts
from bearerguard.environment.server_variables import Parts, server_from
from bearerguard.environment.variables import Variables
from bearerguard.errors import ConfigurationError, IssuerUnavailable, Refusal
from bearerguard.events import Event, EventHook, Listeners, checked_hooks, logger, token_accepted, token_refused, token_revoked
from bearerguard.introspection.endpoint_news import IntrospectionStatus
from bearerguard.introspection.introspection import Introspection
from bearerguard.introspection.introspector import Introspector
from bearerguard.issuers.issuer import Issuer, listed
from bearerguard.keys.key_status import KeyStatus
from bearerguard.principal import PayloadClaims, Principal
from bearerguard.revocation.hook import RevocationHook, Revoked
from bearerguard.token.another_key import verified_by_another_key
from bearerguard.token.caller import caller_in, named_by, named_in
from bearerguard.token.claims import check, times_failure
from bearerguard.token.credentials import octets_of
from bearerguard.token.jws import AccessToken, verify
from bearerguard.token.registration import Registration
from bearerguard.token.signer import candidates as candidates_in

MAX_LEEWAY: Final = 300.0
_MOST_REMEMBERED: Final = 10_000_000


class ResourceServer:
    """Verifies access tokens for one API (RFC 6750's resource server).

    Nothing is fetched when it is built. It may serve several applications, and several event loops.
    Does not check who sent a token, nor, without ``revoked`` or ``introspection`` with
    ``also_jwt``, whether it was revoked before its ``exp``.

    Args:
        issuers: Whose tokens are accepted: ``Issuer`` records, or tuples of them as presets return.
            May be left out with ``introspection``: then every token is asked about.
        audience: This API's identifiers; a token must name one of them.
        leeway: Seconds that clocks may differ, 0 to 300.
        implied_roles: Roles that another role includes, such as
            ``{"ReadWrite.All": ["Read.All", "Write.All"]}``.
        token_cache_size: Verified tokens to remember; 0 turns it off.
        transport: Used for the key fetch instead of httpx's own: a proxy, a private certificate
            authority, a test. It is never closed here.
        clock: Wall time for claims, and both times for ages.
        on_event: A function of an ``Event``, or several. It is called where the event happens,
            mostly in the event loop, and must not block.
        introspection: How to ask about tokens that are not JWTs; without it they are refused.
        revoked: Whether a verified token was revoked: a ``Denylist``, or a function of the
            ``Principal``, async or not, that gives true or false. Asked for each request.
        revoked_timeout: Seconds that an async ``revoked`` may take. Where it fails or takes longer,
            the request is refused with 503.
        insecure_revoked_fails_open: Accept the token in that case. It is logged.

    Raises:
        ConfigurationError: a value is wrong; the message names it.
    """

    def __init__(
        self,
        issuers: Issuer | Iterable[Issuer | tuple[Issuer, ...]] = (),
        audience: str | Collection[str] = (),
        *,
        leeway: float = 60.0,
        implied_roles: Mapping[str, Collection[str]] | None = None,
        token_cache_size: int = 10_000,
        transport: AsyncTransport | None = None,
        clock: Clock | None = None,
        on_event: EventHook | Iterable[EventHook] | None = None,
        introspection: Introspection | None = None,
        revoked: Revoked | None = None,
        revoked_timeout: float = 1.0,
        insecure_revoked_fails_open: bool = False,
    ) -> None:
        check_parts(transport, clock, introspection)
        self._listeners = Listeners(checked_hooks(on_event))
        self._revocation = (
            None if revoked is None else RevocationHook(revoked, timeout=revoked_timeout, fails_open=insecure_revoked_fails_open)
        )
        if revoked is not None and insecure_revoked_fails_open:
            self._listeners(Event("insecure_option", code="insecure_revoked_fails_open"))
        self._implied_roles = ImpliedRoles(implied_roles)
        self._connection = Connection(  # swapped whole by ``testing.stand_ins``
            issuers=listed(issuers, needed=introspection is None),
            audience=checked_audience("audience", audience),
            leeway=checked_number("leeway", leeway, 0.0, MAX_LEEWAY, example="60"),
            token_cache_size=checked_count("token_cache_size", token_cache_size, _MOST_REMEMBERED),
            transport=transport,
            clock=clock or SystemClock(),
            listeners=self._listeners,
            introspection=introspection,
        )
        self.after_fork()
        renew_after_fork(self)

    def after_fork(self) -> None:
        """In a forked child: no other thread is exchanging settings there."""
        self._swapping = threading.RLock()

    @classmethod
    def from_env(
        cls, environ: Mapping[str, str] | None = None, *, prefix: str = "BEARERGUARD_API_", **parts: Unpack[Parts]
    ) -> Self:
        """Settings from variables of the environment; an empty variable counts as missing.

        The names below follow ``prefix``:

        - ``PRESET``, such as ``entra``, and each option of it in upper case: ``TENANT_ID``;
        - or ``ISSUERS="old new"`` for several, then ``OLD_PRESET``, ``OLD_TENANT_ID``,
          ``NEW_PRESET`` and so on; there ``OLD_AUDIENCE`` is the ``audience`` of that issuer alone;
        - ``AUDIENCE``, several with spaces between them;
        - optional: ``LEEWAY``, ``TOKEN_CACHE_SIZE``, ``IMPLIED_ROLES`` (JSON), ``DENYLIST_FILE``;
        - optional, for introspection: ``INTROSPECTION_ENDPOINT``, ``INTROSPECTION_CLIENT_ID``,
          ``INTROSPECTION_CLIENT_SECRET`` or ``…_SECRET_FILE``, and each other option of
          ``Introspection``; ``PRESET`` may then be left out;
        - optional, for the key fetch: ``PROXY`` (URL) and ``CA_FILE`` (PEM; its certificate
          authorities are trusted besides the usual ones).

        Lists have spaces between their names, switches are ``1`` or ``0``, claim paths and objects
        are JSON. Only variables that begin with ``prefix`` are read: ``AZURE_TENANT_ID`` and its
        like never decide whose tokens are accepted.

        Args:
            environ: The variables; default: those of this process.
            prefix: What their names begin with: capitals, and an underscore at the end.
            parts: What no variable can hold: ``transport``, ``clock``, ``on_event``.

        Raises:
            ConfigurationError: names the variables that are missing, wrong, unknown or
                contradictory, and shows valid values.
            TypeError: an option in ``parts`` is unknown.
        """
        variables = Variables(os.environ if environ is None else environ)
        del environ  # secrets of the whole program: not for crash reports that show local variables
        return server_from(cls, variables, prefix, parts)  # type: ignore[no-any-return]

    def reconfigure(
        self,
        *,
        issuers: Issuer | Iterable[Issuer | tuple[Issuer, ...]] | EllipsisType = ...,
        audience: str | Collection[str] | EllipsisType = ...,
    ) -> None:
        """Change whom the API trusts, while requests run. What is left out stays as it is.

        ::

            api.reconfigure(issuers=[old, new])  # at first both, then the new one alone

        All of it takes effect at once, in this process: each worker needs a call of its own. A
        request is judged by the old settings or by the new ones, never by some of each; one that
        was waiting meanwhile is judged again. Verified tokens are forgotten, so that those of a
        withdrawn issuer or audience are refused from now on. Issuers that stay keep their keys, if
        these come from the same place, and what is under way for the others is ended. May be called
        from any thread. Nothing is fetched: ``await api.warm_up()`` fetches keys of new issuers
        before a request has to wait for them.

        Args:
            issuers: As for a new ``ResourceServer``.
            audience: The same.

        Raises:
            ConfigurationError: a value is wrong, or none was given; the old settings stay.
        """
        if issuers is ... and audience is ...:
            raise ConfigurationError("issuers or audience", "expected at least one of them", example='audience="api://orders"')
        while True:
            former = self._connection
            trusted = former.issuers if issuers is ... else listed(issuers, needed=former.introspection is None)
            named = former.audience if audience is ... else checked_audience("audience", audience)
            successor = former.trusting(trusted, named)
            with self._swapping:  # another thread, or a signal's handler in this one, may have come first
                if self._connection is former:
                    self._connection = successor
                    break
        former.retire(successor)
        logger.warning("reconfigured: %s; before: %s", successor, former)

    @property
    def issuers(self) -> tuple[Issuer, ...]:
        """Whose tokens are accepted."""
        return self._connection.issuers

    @property
    def audience(self) -> frozenset[str]:
        """Identifiers of this API."""
        return self._connection.audience

    @property
    def connection(self) -> Connection:
        """For this library's own tools, which explain a token or stand in for an issuer."""
        return self._connection

    @property
    def listeners(self) -> Listeners:
        """Who is told of events; instruments may be added at any time."""
        return self._listeners

    def effective_roles(self, roles: frozenset[str]) -> frozenset[str]:
        """These roles and those that they imply."""
        return self._implied_roles.effective(roles)

    # --- judging tokens

    async def authenticate(self, token: str | bytes) -> Principal:
        """The caller, from the text of an access token (without ``Bearer``).

        Tells ``on_event`` what came of it.

        Raises:
            AccessTokenError: the token is refused, or is ``None``; ``code`` tells why.
            ConfigurationError: it is not the text of a token.
            IssuerUnavailable: no key is at hand and none can be fetched now.
        """
        if self._listeners.hooks:
            return await self._told(token)
        text = octets_of(token)
        return self.recall(text) or (await self.judge(text))[0]

    async def _told(self, token: str | bytes) -> Principal:
        monotonic = self._connection.clock.monotonic
        began = monotonic()
        try:
            text = octets_of(token)
            remembered = self.recall(text)
            principal, cached = (remembered, True) if remembered is not None else await self.judge(text)
        except ConfigurationError:
            raise
        except Exception as error:
            self._listeners(token_refused(error, seconds=monotonic() - began))
            raise
        self._listeners(token_accepted(principal, cached=cached, seconds=monotonic() - began))
        return principal

    def recall(self, token: bytes) -> Principal | None:
        """The caller, if this very token was verified before and is still good. Never waits.

        ``None`` also where ``revoked`` is a function: it may be async, so that ``judge`` asks it.
        """
        revocation = self._revocation
        if revocation is None:
            return self._connection.recall(token)
        principal = self._connection.recall(token) if revocation.never_waits else None
        return principal if principal is not None and revocation.clears(principal) else None

    async def judge(self, token: bytes) -> tuple[Principal, bool]:
        """The caller. The token is verified in full or asked about, unless the outcome is
        remembered.

        Returns:
            The caller, and whether the token was remembered.

        Raises:
            AccessTokenError: the token is refused; ``code`` tells why.
            IssuerUnavailable: no key is at hand and none can be fetched now, the introspection
                endpoint gives no usable answer, or nobody knows whether the token was revoked.
        """
        while True:
            connection = self._connection
            try:
                if self._revocation is None:
                    judged = await self._genuine(token, connection), False
                else:
                    judged = await self._not_revoked(token, connection, self._revocation)
            except IssuerUnavailable:
                if connection is self._connection:
                    raise
                continue
            if connection is self._connection:
                return judged  # else whom to trust was exchanged meanwhile

    async def _not_revoked(self, token: bytes, connection: Connection, revocation: RevocationHook) -> tuple[Principal, bool]:
        """The caller, unless the token was revoked, and whether the token was remembered."""
        remembered = connection.recall(token)
        principal = remembered or await self._genuine(token, connection)
        try:
            pending = revocation.check(principal)
            if pending is not None:
                await pending
        except Refusal as refusal:
            refusal.caller = named_by(principal)
            if refusal.reason is codes.TOKEN_REVOKED:
                self._listeners(token_revoked(principal))
            raise
        return principal, remembered is not None

    def _genuine(self, token: bytes, connection: Connection) -> Coroutine[Any, Any, Principal]:
        """The caller, by the token's signature, the introspection endpoint, or both."""
        asked = connection.introspector
        if asked is None:
            return self._verified(token, connection)
        if connection.is_asked_about(token):
            return asked.authenticate(token, self.effective_roles)
        return self._confirmed(token, connection, asked)

    async def _confirmed(self, token: bytes, connection: Connection, asked: Introspector) -> Principal:
        """The caller, from a JWT that the introspection endpoint may have to confirm."""
        principal = await self._verified(token, connection)
        if asked.asks_about(principal.issuer):
            try:
                await asked.confirm(token, principal)
            except Refusal as refusal:
                refusal.caller = named_by(principal)
                raise
        return principal

    async def _verified(self, token: bytes, connection: Connection) -> Principal:
        """The caller, from a JWT that an issuer's key signed."""
        unverified = connection.parser.parse(token)
        registration: Registration | None = None
        access_token: AccessToken | None = None
        try:
            registration = connection.registrations.of(unverified.claims)
            check(unverified, registration.expected, connection.clock.now())
            key_set = registration.keys.known()
            candidates = () if key_set is None else candidates_in(key_set, unverified, registration.expected.issuer.profile)
            access_token = verify(unverified, candidates)
            if access_token is None:
                access_token = await verified_by_another_key(unverified, registration, key_set)
                if late := times_failure(unverified, registration.expected, connection.clock.now()):
                    raise late
        except Refusal as refusal:
            refusal.caller = named_in(unverified, registration, verified=access_token is not None)
            raise
        connection.parser.remember(unverified)
        profile, claims = registration.expected.issuer.profile, PayloadClaims(access_token.payload)
        principal = caller_in(access_token.claims, claims, profile, self.effective_roles, registration.keys.age)
        if connection.cache.is_on:
            connection.remember(token, access_token, principal, registration)
        return principal

    # --- around it

    def __reduce__(self) -> NoReturn:
        """Neither pickled nor copied.

        Raises:
            TypeError: always; it says what to do instead.
        """
        raise TypeError(
            "a ResourceServer cannot be pickled or copied: it holds the locks and the keys of one process. Build it in each"
            " process that needs it: at the top of a module that the process imports, or in the function that it runs"
        )

    async def warm_up(self) -> None:
        """Fetch all keys that are not known yet, and wait for them: 10 s at most in all.

        Never raises. Slower fetches go on in the background, and requests try an issuer again that
        is down. If a start must not wait, run it in the background. An introspection endpoint that
        has failed and never answered is asked about a made-up token, else it is not asked.
        """
        await self._connection.warm_up()

    def status(self) -> tuple[KeyStatus, ...]:
        """The state of each issuer's keys, in the order of ``issuers``."""
        return tuple(registration.keys.status() for registration in self._connection.registrations.all)

    def introspection_status(self) -> IntrospectionStatus | None:
        """The state of the introspection endpoint; ``None`` without introspection."""
        asked = self._connection.introspector
        return None if asked is None else asked.status()

    def report(self, error: Refusal) -> None:
        """Tell the operator of a refusal: the log gets the full text, never the token.

        For those who call ``authenticate`` themselves; the middleware does it for each request.
        """
        logger.info("%s", error.operator_text)

    async def aclose(self) -> None:
        """Forget tokens and answers, and end what is under way. A later request fetches anew.

        When it returns, nothing of that is left in this event loop, which may be closed then. Hooks
        of ``on_event`` that write in the background have written: those with a method ``aclose``.
        """
        await self._connection.aclose()
        await self._listeners.aclose()

"""Asks about tokens within limits, and remembers the answers.

A remembered answer costs one look-up. All requests of one event loop that bring the same token
share one question, which runs beside them, so that no caller can cancel it for the others.
"""

import copy
import random
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from hashlib import sha256
from secrets import token_urlsafe
from threading import Lock
from typing import Any, Final, TypeAlias

from bearerguard import error_codes as codes
from bearerguard.after_fork import renew_after_fork
from bearerguard.background import is_closed
from bearerguard.bounded_http import AsyncTransport
from bearerguard.clock import Clock, Instant, instant
from bearerguard.errors import AccessTokenError, InvalidToken, NamedCaller, Refusal
from bearerguard.events import Listeners
from bearerguard.flights import Flights
from bearerguard.introspection.answer import Described, EndpointFailed
from bearerguard.introspection.endpoint import Endpoint
from bearerguard.introspection.endpoint_news import EndpointNews, IntrospectionStatus
from bearerguard.introspection.introspection import Introspection
from bearerguard.introspection.judgement import Judgement
from bearerguard.introspection.memory import AnswerMemory
from bearerguard.introspection.pace import Pace
from bearerguard.introspection.question import IntrospectionUnavailable, Question
from bearerguard.principal import PayloadClaims, Principal
from bearerguard.strict_json import parse_object
from bearerguard.token.caller import caller_in
from bearerguard.token.jws import MAX_TOKEN, bad_characters, too_large
from bearerguard.token.token_cache import TokenCache

Effective: TypeAlias = Callable[[frozenset[str]], frozenset[str]]
_Judge: TypeAlias = Callable[[Described, Instant], Principal]
_LEAST_WAIT: Final = 1.0


class Introspector:
    """What is learnt from one endpoint, for one API.

    Args:
        settings: How to ask.
        audience: The API's identifiers.
        leeway: Seconds that clocks may differ.
        transport: Where ``settings`` name none.
        clock: Judges answers and their age.
        listeners: Told of each answer of the endpoint, and of each failure.
        jitter: Numbers from 0 to below 1.
    """

    def __init__(
        self,
        settings: Introspection,
        audience: frozenset[str],
        leeway: float,
        transport: AsyncTransport | None,
        clock: Clock,
        *,
        listeners: Listeners,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._settings = settings
        self._judgement = Judgement(settings, audience, leeway)
        self._endpoint = Endpoint(settings, transport, clock)
        self._clock = clock
        self._memory = AnswerMemory()
        self._pace = Pace(jitter)
        self._questions: Flights[Question] = Flights()
        self._news = EndpointNews(settings.place, settings.record.issuer, listeners)
        self._beginning = Lock()  # event loops of several threads may share the limits
        renew_after_fork(self)

    def after_fork(self) -> None:
        """In a forked child: the parent's questions are not answered here."""
        self._memory.after_fork()
        self._questions = Flights()
        self._beginning = Lock()

    # --- what requests ask

    def recall(self, token: bytes, verified: TokenCache) -> Principal | None:
        """The caller, if this very token was found good before and that still counts. Never waits."""
        if b"." not in token:
            return self._remembered(token)
        principal = verified.recall(token)
        if principal is not None:
            is_good = not self.asks_about(principal.issuer) or self._remembered(token) is not None
            return principal if is_good else None
        # what is remembered of a JWT that was asked about does not stand for its signature
        return None if self._settings.also_jwt else self._remembered(token)

    def asks_about(self, issuer: str) -> bool:
        """Whether verified JWTs of this issuer are asked about."""
        return self._settings.also_jwt and self._settings.named_issuer in (None, issuer)

    async def authenticate(self, token: bytes, effective: Effective) -> Principal:
        """The caller, from a token that only the endpoint can judge.

        Args:
            token: Its octets.
            effective: Adds the roles that others imply.

        Raises:
            AccessTokenError: the token is refused.
            IssuerUnavailable: the endpoint gives no usable answer, or is not asked now.
        """

        def judged(said: Described, asked_at: Instant) -> Principal:
            claims = self._judgement.claims(said.claims, None, self._clock.now())
            readable = PayloadClaims(said.body)
            return caller_in(claims, readable, self._settings.record.profile, effective, self._age_since(asked_at))

        return await self._asked(token, judged)

    async def confirm(self, token: bytes, principal: Principal) -> None:
        """Ask about a JWT that was verified.

        Raises:
            AccessTokenError: the endpoint says that it is not good.
            IssuerUnavailable: the endpoint gives no usable answer, or is not asked now.
        """

        def judged(said: Described, _asked_at: Instant) -> Principal:
            self._judgement.claims(said.claims, _plain(principal.claims), self._clock.now())
            return principal

        await self._asked(token, judged)

    def close(self) -> None:
        """Forget all answers. Requests that wait for one get ``IssuerUnavailable``."""
        self._memory.clear()
        self._questions.end()
        self._questions.disown()  # an answer that is still to come is not remembered

    async def ended(self) -> None:
        """Wait until the questions that ``close`` ended in this event loop are over."""
        await self._questions.ended()

    def retire(self) -> None:
        """Forget all answers, and end all questions. May be called from any thread."""
        self._memory.clear()
        self._questions.end_all()

    # --- one question

    def _remembered(self, token: bytes) -> Principal | None:
        return self._memory.recall(sha256(token).digest(), self._clock.now(), self._clock.monotonic())

    async def _asked(self, token: bytes, judge: _Judge) -> Principal:
        check_text(token)
        digest, now = sha256(token).digest(), instant(self._clock)
        remembered = self._memory.recall(digest, now.wall, now.monotonic)
        if remembered is not None:
            return remembered
        refusal = self._memory.refusal(digest, now)
        if refusal is not None:
            raise copy.copy(refusal)  # with a traceback of its own
        question = self._questions.here(digest) or self._begin(token, digest, judge, now)
        await question.done.wait()
        if isinstance(question.outcome, Principal):
            return question.outcome
        raise self._unavailable(_LEAST_WAIT, "it was cut off") if question.outcome is None else copy.copy(question.outcome)

    def _begin(self, token: bytes, digest: bytes, judge: _Judge, now: Instant) -> Question:
        question = Question(name=digest, digest=digest, was_good=self._memory.was_good(digest))
        with self._beginning:
            self._questions.drop_closed()
            wait = self._pace.wait(was_good=question.was_good, in_flight=len(self._questions), now=now)
            if wait is None:
                self._pace.began(now)
                self._questions.begin(question, partial(self._ask, token=token.decode("ascii"), judge=judge))
                return question
        raise self._unavailable(wait.seconds, wait.why)

    async def _ask(self, question: Question, *, token: str, judge: _Judge) -> None:
        asked_at = instant(self._clock)
        try:
            said = await self._endpoint.ask(token)
        except EndpointFailed as why:
            failure = why
        except Exception as error:  # noqa: BLE001  a defect must neither hang nor let pass; it may quote the token
            failure = EndpointFailed("unexpected", f"unexpected {type(error).__name__}")
        else:
            self._answered(question, said, asked_at, judge)
            _forget(token, question.outcome)
            return
        if not is_closed(question.loop):  # else its loop failed, not the endpoint
            question.outcome = self._failed(failure, question, asked_at)

    def _answered(self, question: Question, said: Described | None, asked_at: Instant, judge: _Judge) -> None:
        now = instant(self._clock)
        self._pace.succeeded()
        self._news.answered(now, now.monotonic - asked_at.monotonic)
        try:
            if said is None:
                raise InvalidToken(codes.INACTIVE_TOKEN, verified=True)
            principal = judge(said, asked_at)
        except AccessTokenError as refusal:
            question.outcome = told = self._vouched(refusal, {} if said is None else said.claims)
            if self._questions.holds(question):  # else everything was forgotten meanwhile
                self._memory.remember_bad(question.digest, told, asked_at)
        else:
            question.outcome = principal
            if self._questions.holds(question):
                left = min(self._settings.cache_for, principal.expires_at - asked_at.wall)
                self._memory.remember_good(question.digest, principal, asked_at.after(left))

    def _age_since(self, asked_at: Instant) -> Callable[[], float]:
        clock = self._clock
        return lambda: instant(clock).since(asked_at)

    # --- its state

    def status(self) -> IntrospectionStatus:
        """What is known of the endpoint."""
        under_way, remembered = len(self._questions), self._memory.good_answers
        return self._news.status(self._settings.place, instant(self._clock), under_way=under_way, remembered=remembered)

    @property
    def settings(self) -> Introspection:
        """How the endpoint is asked."""
        return self._settings

    @property
    def judgement(self) -> Judgement:
        """How its answers are judged."""
        return self._judgement

    async def said_of(self, token: bytes) -> Described | None:
        """For tools: what the endpoint says of a token. No limits; not judged, not remembered.

        Raises:
            AccessTokenError: it cannot be a token.
            EndpointFailed: there is no usable answer.
        """
        check_text(token)
        return await self._endpoint.ask(token.decode("ascii"))

    async def probe(self) -> None:
        """Ask about a token that nobody issued, to see whether the endpoint answers. Never raises."""
        with suppress(Refusal):
            await self._asked(token_urlsafe().encode(), _nobody)

    def _failed(self, why: EndpointFailed, question: Question, asked_at: Instant) -> IntrospectionUnavailable:
        now = instant(self._clock)
        seconds = now.monotonic - asked_at.monotonic
        if why.of_one_token:
            self._news.failed_on_one_token(why, seconds)
            return self._unavailable(_LEAST_WAIT, str(why))
        wait = self._pace.failed(was_good=question.was_good, now=now)
        self._news.failed(why, now, seconds, wait)
        return self._unavailable(wait, str(why))

    def _unavailable(self, wait: float, why: str) -> IntrospectionUnavailable:
        refusal = IntrospectionUnavailable(self._settings.place, retry_after=max(wait, _LEAST_WAIT), last_error=why)
        refusal.caller = NamedCaller(self._settings.record.issuer)
        return refusal

    def _vouched(self, refusal: AccessTokenError, said: Mapping[str, Any]) -> AccessTokenError:
        """Mark a refusal as verified: the endpoint said so, not the caller."""
        record, subject = self._settings.record, said.get("sub")
        client, named = record.profile.client_of(said) or "", subject if isinstance(subject, str) else ""
        refusal.caller = NamedCaller(record.issuer, client, named, verified=True)
        refusal.verified = True
        return refusal.with_traceback(None)


def check_text(token: bytes) -> None:
    """Refuse what cannot be a token (RFC 6750 §2.1), before anything is sent."""
    if len(token) > MAX_TOKEN:
        raise too_large(token)
    bad = bad_characters(token)
    if bad is not None:
        raise bad
    if not token:
        raise InvalidToken(codes.OPAQUE_TOKEN)


def _nobody(_said: Described, _asked_at: Instant) -> Principal:
    """Whatever the endpoint says of a token that nobody issued."""
    raise InvalidToken(codes.INACTIVE_TOKEN, verified=True)


def _plain(claims: Mapping[str, Any]) -> dict[str, Any]:
    """With dicts and lists as JSON has them: a principal's claims are read-only at every level."""
    return parse_object(claims.payload) if isinstance(claims, PayloadClaims) else dict(claims)


def _forget(token: str, outcome: object) -> None:
    """An answer may hold the token it is about, and refusals are logged."""
    if isinstance(outcome, AccessTokenError) and token in f"{outcome.actual} {outcome.caller}":
        outcome.actual, outcome.caller = "the token itself", NamedCaller()

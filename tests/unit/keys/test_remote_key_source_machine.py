"""The key source on real event loops, under any order of what may happen to it.

Requests, rotations, outages, cancellations and pauses; sleep and clocks set back; hosts that freeze in the middle of a fetch;
event loops that end, politely or not.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any

import anyio.lowlevel
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from bearerguard.background import BEAT
from bearerguard.clock import Instant, instant
from bearerguard.errors import IssuerUnavailable
from bearerguard.keys.fetch import FetchFailed
from bearerguard.keys.jwk_set import JWKSet
from bearerguard.keys.key_set_fetch import FetchedKeys, Validators
from bearerguard.keys.remote_key_source import RemoteKeySource
from bearerguard.testing import FakeClock
from support.key_sets import ISSUER, fetched, kids_of, look, settled

DAY = 86_400.0
LONG_AGO = Instant(0.0, -10 * DAY)
OVERDUE = 10.0
LIFETIME = 600.0
REFRESH_AT = 480.0  # without jitter
SPACING = (0.0, 5.0, 10.0, 20.0, 30.0)
PAUSES = st.sampled_from([0.0, 0.5, 1.0, 2.0, 4.5, 5.0, 9.5, 10.5, 30.0, 60.0, 300.0, 480.0, 600.0, 3600.0, DAY])
NAMES = "abcdef"
KIDS = st.sampled_from([*NAMES, "x", "y", None])


class ModelIssuer:
    """An issuer, and the account of what it may be asked and what was learnt from it."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.published = {"a"}
        self.down = False
        self.slow: anyio.Event | None = None
        self.lost = False  # whatever is under way comes to nothing
        self.in_flight = 0
        self.begun = LONG_AGO
        self.violations: list[str] = []
        self.confirmed_at: Instant | None = None
        self.confirmed: set[str | None] = set()
        self.ever_seen: set[str | None] = set()
        self.failures = 0
        self.cut_short = False
        self.failed_at, self.back_off = LONG_AGO, 0.0
        self.in_vain, self.in_vain_at = 0, LONG_AGO

    async def __call__(self, validators: Validators | None, /) -> FetchedKeys:
        for_a_kid = not self.refresh_is_due
        self.judge_the_fetch(for_a_kid=for_a_kid)
        self.in_flight += 1
        self.begun = begun = self.now
        self.cut_short = True  # unless it ends by itself
        answer = self.says(validators)
        try:
            await (self.slow.wait() if self.slow else anyio.lowlevel.checkpoint())
        finally:
            self.in_flight -= 1
        if self.lost:
            answer = FetchFailed("timeout", "no complete answer within 5 s")
            if since(begun, self.now) > 2 * BEAT:  # the loop stood still for most of that
                raise answer
        self.cut_short = False
        if isinstance(answer, FetchFailed):
            self.failures += 1
            self.failed_at, self.back_off = self.now, min(2.0 ** (self.failures - 1), 60.0)
            raise answer
        names = {key.kid for key in answer.key_set.keys} if answer.key_set else self.confirmed
        self.learnt(names, begun, for_a_kid=for_a_kid)
        return answer

    def judge_the_fetch(self, *, for_a_kid: bool) -> None:
        """Noted, not raised: the source takes whatever a fetch raises for an outage."""
        if self.in_flight:
            self.violations.append("two fetches at the same time")
        if not self.may_try:
            self.violations.append("a fetch within the back-off")
        if for_a_kid and not self.spacing_allows:
            self.violations.append("a fetch for an unknown kid within the spacing")

    def says(self, validators: Validators | None) -> FetchedKeys | FetchFailed:
        etag = ",".join(sorted(self.published))
        if self.down:
            return FetchFailed("status", "status 503")
        if validators is not None and validators.headers == {"if-none-match": etag}:
            return fetched(etag=etag)
        return fetched(*sorted(self.published), etag=etag)

    def learnt(self, names: set[str | None], asked_at: Instant, *, for_a_kid: bool) -> None:
        if names - self.ever_seen:
            self.in_vain, self.in_vain_at = 0, LONG_AGO
        elif for_a_kid:
            self.in_vain = 1 if since(self.in_vain_at, self.now) >= 300.0 else self.in_vain + 1
            self.in_vain_at = self.now
        self.ever_seen |= names
        self.confirmed, self.confirmed_at = names, asked_at
        self.failures, self.back_off = 0, 0.0

    @property
    def now(self) -> Instant:
        return instant(self.clock)

    @property
    def age(self) -> float:
        return float("inf") if self.confirmed_at is None else since(self.confirmed_at, self.now)

    @property
    def refresh_is_due(self) -> bool:
        return self.age >= REFRESH_AT

    @property
    def may_try(self) -> bool:
        return since(self.failed_at, self.now) >= self.back_off

    @property
    def spacing_allows(self) -> bool:
        return since(self.in_vain_at, self.now) >= SPACING[min(self.in_vain, 4)]

    @property
    def may_be_waited_for(self) -> bool:
        """Whether there is a reason to wait for a fetch past the lifetime of a set that could serve."""
        is_overdue = bool(self.in_flight) and since(self.begun, self.now) >= OVERDUE
        is_forgotten = since(self.failed_at, self.now) >= self.back_off + 60.0
        return self.failures == 0 or is_forgotten or self.cut_short or is_overdue


def since(earlier: Instant, now: Instant) -> float:
    """Seconds by the clock that saw more of them."""
    return max(now.wall - earlier.wall, now.monotonic - earlier.monotonic)


class KeySourceMachine(RuleBasedStateMachine):
    """Requests on one side, the issuer on the other."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.clock = FakeClock()
        self.issuer = ModelIssuer(self.clock)
        self.keys = RemoteKeySource(ISSUER, self.issuer, clock=self.clock, jitter=lambda: 0.5)
        self.waiting: list[asyncio.Task[None]] = []
        self.looked_for: dict[str | None, Instant] = {}

    def teardown(self) -> None:
        self.the_event_loop_ends(politely=True)
        self.loop.close()

    # --- the issuer

    @rule(name=st.sampled_from(NAMES), keep=st.booleans())
    def the_issuer_rotates(self, name: str, keep: bool) -> None:
        self.issuer.published = {*(self.issuer.published if keep else ()), name}

    @rule(down=st.booleans())
    def the_issuer_fails_or_heals(self, down: bool) -> None:
        self.issuer.down = down

    @rule()
    def answers_become_slow(self) -> None:
        self.issuer.slow = self.issuer.slow or anyio.Event()

    @rule()
    def answers_arrive(self) -> None:
        async def arrive() -> None:
            if self.issuer.slow is not None:
                self.issuer.slow.set()
                self.issuer.slow = None

        self.run(arrive())

    # --- the machine

    @rule(pause=PAUSES)
    def the_machine_sleeps(self, pause: float) -> None:
        self.clock.step_wall_clock(pause)

    @rule(pause=PAUSES)
    def the_wall_clock_is_set_back(self, pause: float) -> None:
        self.clock.step_wall_clock(-pause)

    @rule(pause=PAUSES)
    def the_host_freezes(self, pause: float) -> None:
        """The event loop stands still; then the time limit of whatever was under way has run out."""
        self.clock.advance(pause)
        self.issuer.lost = True
        self.answers_arrive()
        self.issuer.lost = False

    @rule(politely=st.booleans())
    def the_event_loop_ends(self, politely: bool) -> None:
        """With its tasks cancelled, as ``asyncio.run`` does, or simply closed."""
        if politely:
            for task in (left := asyncio.all_tasks(self.loop)):
                task.cancel()
            if left:
                self.loop.run_until_complete(asyncio.wait(left))
        self.loop.close()
        self.loop = asyncio.new_event_loop()
        self.waiting.clear()
        self.issuer.in_flight = 0
        self.issuer.slow = None

    # --- the requests

    @rule(pause=PAUSES, requests=st.integers(1, 3))
    def requests_come(self, pause: float, requests: int) -> None:
        self.clock.advance(pause)
        self.run(*(self.request() for _ in range(requests)))

    @rule(pause=PAUSES, kids=st.lists(KIDS, min_size=1, max_size=3))
    def tokens_with_unknown_kids_come(self, pause: float, kids: list[str | None]) -> None:
        self.clock.advance(pause)
        self.run(*(self.request(kid, looks=True) for kid in kids))

    @precondition(lambda self: self.waiting)
    @rule(which=st.integers(0, 100))
    def a_caller_goes_away(self, which: int) -> None:
        gone = self.waiting.pop(which % len(self.waiting))
        self.loop.call_soon(gone.cancel)
        self.run()

    @rule()
    def the_source_is_closed(self) -> None:
        async def close() -> None:
            self.keys.close()

        self.run(close())

    @rule()
    def the_issuer_is_well_again(self) -> None:
        """Whatever happened before: a minute later a request is served, and what is due has been fetched."""
        self.issuer.down = False
        self.answers_arrive()
        self.requests_come(60.0, 1)
        assert not self.waiting
        assert self.keys.known() is not None
        assert self.issuer.age < REFRESH_AT

    # --- what holds for each

    async def request(self, kid: str | None = None, *, looks: bool = False) -> None:
        current = self.keys.known()
        if current is None:
            assert self.issuer.age >= LIFETIME, "a request has to wait although the set is in its lifetime"
            assert self.issuer.age >= DAY or self.issuer.may_be_waited_for, "a request has to wait although a try has failed"
            try:
                current = await self.keys.obtain()
            except IssuerUnavailable as error:
                self.judge_refusal(error)
                return
        self.judge(current)
        if looks:
            await self.look(kid, current)

    async def look(self, kid: str | None, current: JWKSet) -> None:
        issuer, now = self.issuer, self.issuer.now
        nothing_stands_in_the_way = not issuer.in_flight and not issuer.down and not issuer.slow
        looked_lately = since(self.looked_for.get(kid, LONG_AGO), now) <= 10.0
        allowed = issuer.may_try and issuer.spacing_allows and not looked_lately
        self.looked_for[kid] = now
        found = await look(self.keys, kid, current)
        assert kids_of(found) == issuer.confirmed
        self.looked_for[kid] = issuer.now
        if nothing_stands_in_the_way and allowed and kid in issuer.published:
            assert kid in kids_of(found), "a new key was not found at once"

    def judge_refusal(self, error: IssuerUnavailable) -> None:
        assert self.issuer.age >= DAY, "a good set was forgotten before its limit"
        assert 1 <= error.retry_after <= 60

    def judge(self, served: JWKSet) -> None:
        assert self.issuer.age < DAY, "a set older than a day was served"
        assert kids_of(served) == self.issuer.confirmed, "the set served is not what the issuer said last"

    def run(self, *work: Coroutine[Any, Any, None]) -> None:
        """Let these begin, and everything go on as far as it can."""

        async def begin() -> None:
            self.waiting += [asyncio.ensure_future(each) for each in work]
            await settled()

        self.loop.run_until_complete(begin())
        for task in [task for task in self.waiting if task.done()]:
            self.waiting.remove(task)
            task.result()

    @invariant()
    def the_issuer_is_asked_within_the_rules(self) -> None:
        assert self.issuer.violations == []

    @invariant()
    def nobody_waits_for_nothing(self) -> None:
        assert self.issuer.in_flight or not self.waiting

    @invariant()
    def the_status_tells_the_truth(self) -> None:
        status = self.keys.status()
        assert status.ready is (self.issuer.age < DAY)
        assert set(status.keys) == (self.issuer.confirmed if status.ready else set())
        assert bool(status.last_error) is bool(self.issuer.failures)


KeySourceMachine.TestCase.settings = settings(max_examples=150, stateful_step_count=50)
TestKeySource = KeySourceMachine.TestCase

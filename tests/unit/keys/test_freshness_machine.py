"""The state machine against a simple account of what it may do, under any order of requests, outages, pauses and sleep."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from bearerguard.clock import Instant
from bearerguard.keys.freshness import Decision, Freshness

DAY = 86_400.0
LONG_AGO = Instant(0.0, -10 * DAY)
SPACING = (0.0, 5.0, 10.0, 20.0, 30.0)
OVERDUE = 10.0
FORGOTTEN = 60.0  # after the back-off
A_LITTLE = 1e-5  # what sums and differences of wall times may differ by
KIDS = st.sampled_from(["a", "b", "c", None])
PAUSES = st.one_of(
    st.sampled_from([0.0, 0.5, 1.0, 4.9, 5.0, 10.0, 30.0, 60.0, 300.0, 600.0, 3600.0, DAY]),
    st.floats(0.0, 2 * DAY, allow_nan=False),
)


def passed(since: Instant, now: Instant) -> float:
    """Seconds by the clock that saw more of them."""
    return max(now.wall - since.wall, now.monotonic - since.monotonic)


def is_over(since: Instant, seconds: float, now: Instant) -> bool:
    """The same, compared to the last bit as a deadline is."""
    return now.wall >= since.wall + seconds or now.monotonic >= since.monotonic + seconds


class FreshnessMachine(RuleBasedStateMachine):
    """Plays the key source: begins what it is told to begin, and reports how it went."""

    def __init__(self) -> None:
        super().__init__()
        self.now = Instant(1_767_268_800.0, 1_000.0)
        self.jitter = 0.5
        self.state = Freshness(lambda: self.jitter)
        self.in_flight: str = ""  # why the fetch under way was begun
        self.begun = LONG_AGO
        self.confirmed_at: Instant | None = None
        self.lifetime = 0.0
        self.cut_short = False  # the last fetch to end without success was no failure of the issuer
        self.failures = 0
        self.failed_at = LONG_AGO
        self.in_vain = 0
        self.in_vain_at = LONG_AGO
        self.remembered: dict[str | None, Instant] = {}

    # --- what happens

    @rule(seconds=PAUSES, jitter=st.floats(0.0, 1.0, exclude_max=True))
    def time_passes(self, seconds: float, jitter: float) -> None:
        self.now = self.now.after(seconds)
        self.jitter = jitter

    @rule(seconds=PAUSES)
    def the_machine_sleeps(self, seconds: float) -> None:
        self.now = Instant(self.now.wall + seconds, self.now.monotonic)

    @rule(seconds=PAUSES)
    def the_wall_clock_is_set_back(self, seconds: float) -> None:
        self.now = Instant(self.now.wall - seconds, self.now.monotonic)

    @rule()
    def request(self) -> None:
        decision = self.state.decide(self.now, under_way=self.begun if self.in_flight else None)
        if decision is Decision.REFUSE:
            assert not self.usable
            assert self.failures, "a request was refused although nothing has failed"
            assert passed(self.failed_at, self.now) < min(1.2 * 2 ** (self.failures - 1), 60.0) + A_LITTLE
            assert 0.0 < self.state.retry_after(self.now) <= 60.0 + A_LITTLE
        if decision in (Decision.SERVE, Decision.SERVE_AND_FETCH):
            assert self.usable
            assert not self.has_to_wait, "a request did not wait for a fetch that ends only while requests run"
        if decision is Decision.WAIT and self.usable:
            assert self.age >= self.lifetime - A_LITTLE, "a request waited although the set is in its lifetime"
            assert self.may_wait
        begins = decision is Decision.SERVE_AND_FETCH or (decision is Decision.WAIT and not self.in_flight)
        if begins:
            assert self.may_try
            assert not self.usable or self.age >= 0.72 * self.lifetime - A_LITTLE, "a refresh before its time"
            self.begin("refresh")

    @rule(kid=KIDS)
    def unknown_kid(self, kid: str | None) -> None:
        # any look sets free what is over, and that stays free when a clock is set back later
        self.remembered = {other: since for other, since in self.remembered.items() if not is_over(since, 10.0, self.now)}
        in_vain = kid is not None and self.state.looks_in_vain(kid, self.now)
        allowed = self.state.may_look_again(kid, self.now, in_flight=bool(self.in_flight))
        if kid is not None and not self.in_flight:
            assert in_vain is not allowed
        if kid in self.remembered:
            assert not allowed
            return
        if self.in_flight:
            assert allowed
        else:
            assert allowed == (self.may_try_exactly and self.spacing_allows)
        if allowed and not self.in_flight:
            self.begin("unknown")

    def begin(self, why: str) -> None:
        self.in_flight, self.begun = why, self.now

    @precondition(lambda self: self.in_flight)
    @rule(lifetime=st.none() | st.floats(-100.0, 100_000.0, allow_nan=False), new_key=st.booleans(), kid=KIDS)
    def the_issuer_answers(self, lifetime: float | None, new_key: bool, kid: str | None) -> None:
        asked_at = self.begun
        validity = self.state.succeeded(asked_at, lifetime)
        self.lifetime = 600.0 if lifetime is None else min(max(lifetime, 60.0), 3600.0)
        assert 0.72 * self.lifetime <= validity.refresh_at.monotonic - asked_at.monotonic + A_LITTLE
        assert validity.refresh_at.monotonic - asked_at.monotonic <= 0.88 * self.lifetime + A_LITTLE
        self.confirmed_at, self.failures, self.cut_short = asked_at, 0, False
        if new_key:
            self.state.found_new_key()
            self.in_vain, self.in_vain_at = 0, LONG_AGO
        elif self.in_flight == "unknown":
            self.state.looked_in_vain(self.now)
            self.in_vain = 1 if is_over(self.in_vain_at, 300.0, self.now) else self.in_vain + 1
            self.in_vain_at = self.now
            self.state.remember_unknown(kid, self.now)
            self.remembered[kid] = self.now
        self.in_flight = ""

    @precondition(lambda self: self.in_flight)
    @rule()
    def the_fetch_fails(self) -> None:
        self.state.failed(self.now)
        self.failures += 1
        self.failed_at, self.cut_short = self.now, False
        self.in_flight = ""

    @precondition(lambda self: self.in_flight)
    @rule(seconds=PAUSES)
    def the_host_freezes_and_the_fetch_comes_to_nothing(self, seconds: float) -> None:
        """Its event loop stood still, or ended."""
        self.now = self.now.after(seconds)
        self.state.was_cut_short()
        self.cut_short = True
        self.in_flight = ""

    @precondition(lambda self: not self.in_flight)
    @rule()
    def the_issuer_heals(self) -> None:
        """Whatever happened: a minute after the last failure the next request may ask, and is served."""
        self.now = self.now.after(60.0)
        decision = self.state.decide(self.now, under_way=None)
        assert decision is not Decision.REFUSE
        if decision is not Decision.SERVE:
            self.begin("refresh")
            self.the_issuer_answers(None, new_key=False, kid=None)
        assert self.state.decide(self.now, under_way=None) is Decision.SERVE

    # --- the account

    @property
    def age(self) -> float:
        return float("inf") if self.confirmed_at is None else passed(self.confirmed_at, self.now)

    @property
    def usable(self) -> bool:
        return self.confirmed_at is not None and not is_over(self.confirmed_at, DAY, self.now)

    @property
    def may_wait(self) -> bool:
        """Past the lifetime: whether there is a reason to wait for a fetch."""
        if self.cut_short or (self.in_flight and passed(self.begun, self.now) >= OVERDUE - A_LITTLE):
            return True
        assert self.confirmed_at is not None
        ahead = self.in_flight and passed(self.confirmed_at, self.begun) < self.lifetime - A_LITTLE
        is_forgotten = passed(self.failed_at, self.now) >= self.shortest_back_off + FORGOTTEN - A_LITTLE
        return (self.failures == 0 or is_forgotten) and not ahead

    @property
    def has_to_wait(self) -> bool:
        """Past the lifetime, and what is fetched in the background does not come to its end there."""
        if self.age < self.lifetime + A_LITTLE:
            return False
        if self.in_flight:
            return self.cut_short or passed(self.begun, self.now) >= OVERDUE + A_LITTLE
        longest_back_off = min(1.2 * 2 ** (self.failures - 1), 60.0)
        is_forgotten = passed(self.failed_at, self.now) >= longest_back_off + FORGOTTEN + A_LITTLE
        return self.may_try_exactly and (self.cut_short or self.failures == 0 or is_forgotten)

    @property
    def may_try(self) -> bool:
        """No fetch under way, and the shortest back-off that the jitter allows is over."""
        return not self.in_flight and passed(self.failed_at, self.now) >= self.shortest_back_off - A_LITTLE

    @property
    def shortest_back_off(self) -> float:
        return min(0.8 * 2 ** (self.failures - 1), 48.0) if self.failures else 0.0

    @property
    def may_try_exactly(self) -> bool:
        return self.now.has_reached(self.state.next_try)

    @property
    def spacing_allows(self) -> bool:
        return is_over(self.in_vain_at, SPACING[min(self.in_vain, 4)], self.now)

    @invariant()
    def a_good_set_is_kept_to_its_limit_and_not_longer(self) -> None:
        assert self.state.is_usable(self.now) is self.usable

    @invariant()
    def the_back_off_is_a_minute_at_most(self) -> None:
        assert self.state.retry_after(self.failed_at) <= 60.0 + A_LITTLE
        assert self.may_try_exactly or self.failures


FreshnessMachine.TestCase.settings = settings(max_examples=200, stateful_step_count=50)
TestFreshness = FreshnessMachine.TestCase

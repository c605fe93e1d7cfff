"""The state machine against a simple account of what it may do, under any order of requests, outages and pauses."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from bearerguard.keys.freshness import Decision, Freshness

DAY = 86_400.0
SPACING = (0.0, 5.0, 10.0, 20.0, 30.0)
KIDS = st.sampled_from(["a", "b", "c", None])
PAUSES = st.one_of(
    st.sampled_from([0.0, 0.5, 1.0, 4.9, 5.0, 10.0, 30.0, 60.0, 300.0, 600.0, 3600.0, DAY]),
    st.floats(0.0, 2 * DAY, allow_nan=False),
)


class FreshnessMachine(RuleBasedStateMachine):
    """Plays the key source: begins what it is told to begin, and reports how it went."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1_000.0
        self.jitter = 0.5
        self.state = Freshness(lambda: self.jitter)
        self.in_flight: str = ""  # why the fetch under way was begun
        self.confirmed_at: float | None = None
        self.lifetime = 0.0
        self.ahead = False  # the fetch under way is a refresh that was begun within the lifetime
        self.failures = 0
        self.failed_at = -DAY
        self.in_vain = 0
        self.in_vain_at = -DAY
        self.remembered: dict[str | None, float] = {}

    # --- what happens

    @rule(seconds=PAUSES, jitter=st.floats(0.0, 1.0, exclude_max=True))
    def time_passes(self, seconds: float, jitter: float) -> None:
        self.now += seconds
        self.jitter = jitter

    @rule()
    def request(self) -> None:
        decision = self.state.decide(self.now, in_flight=bool(self.in_flight))
        if decision is Decision.REFUSE:
            assert not self.usable
            assert self.failures, "a request was refused although nothing has failed"
            assert self.now - self.failed_at < min(1.2 * 2 ** (self.failures - 1), 60.0)
            assert 0.0 < self.state.retry_after(self.now) <= 60.0
        if decision in (Decision.SERVE, Decision.SERVE_AND_FETCH):
            assert self.usable
        if decision is Decision.WAIT and self.usable:
            assert self.age >= self.lifetime, "a request waited although the set is in its lifetime"
            assert self.failures == 0, "a request waited although a try had failed before"
            assert not (self.in_flight and self.ahead), "a request waited for the refresh ahead"
        begins = decision is Decision.SERVE_AND_FETCH or (decision is Decision.WAIT and not self.in_flight)
        if begins:
            assert self.may_try
            assert not self.usable or self.age >= 0.72 * self.lifetime - 1e-6, "a refresh before its time"
            self.in_flight = "refresh"
            self.ahead = decision is Decision.SERVE_AND_FETCH and self.age < self.lifetime

    @rule(kid=KIDS)
    def unknown_kid(self, kid: str | None) -> None:
        known_to_be_unknown = self.now < self.remembered.get(kid, -DAY)
        in_vain = kid is not None and self.state.looks_in_vain(kid, self.now)
        allowed = self.state.may_look_again(kid, self.now, in_flight=bool(self.in_flight))
        if kid is not None and not self.in_flight:
            assert in_vain is not allowed
        if known_to_be_unknown:
            assert not allowed
        elif self.in_flight:
            assert allowed
        else:
            assert allowed == (self.may_try_exactly and self.spacing_allows)
        if allowed and not self.in_flight:
            self.in_flight = "unknown"
            self.ahead = False

    @precondition(lambda self: self.in_flight)
    @rule(lifetime=st.none() | st.floats(-100.0, 100_000.0, allow_nan=False), new_key=st.booleans(), kid=KIDS)
    def the_issuer_answers(self, lifetime: float | None, new_key: bool, kid: str | None) -> None:
        validity = self.state.succeeded(self.now, lifetime)
        self.lifetime = 600.0 if lifetime is None else min(max(lifetime, 60.0), 3600.0)
        assert self.now + 0.72 * self.lifetime <= validity.refresh_at <= self.now + 0.88 * self.lifetime
        self.confirmed_at, self.failures = self.now, 0
        if new_key:
            self.state.found_new_key()
            self.in_vain, self.in_vain_at = 0, -DAY
        elif self.in_flight == "unknown":
            self.state.looked_in_vain(self.now)
            self.in_vain = 1 if self.now - self.in_vain_at >= 300.0 else self.in_vain + 1
            self.in_vain_at = self.now
            self.state.remember_unknown(kid, self.now)
            self.remembered[kid] = self.now + 10.0
        self.in_flight = ""

    @precondition(lambda self: self.in_flight)
    @rule()
    def the_fetch_fails(self) -> None:
        self.state.failed(self.now)
        self.failures += 1
        self.failed_at = self.now
        self.in_flight = ""

    @precondition(lambda self: not self.in_flight)
    @rule()
    def the_issuer_heals(self) -> None:
        """Whatever happened: a minute after the last failure the next request may ask, and is served."""
        self.now += 60.0
        decision = self.state.decide(self.now, in_flight=False)
        assert decision is not Decision.REFUSE
        if decision is not Decision.SERVE:
            self.in_flight = "refresh"
            self.the_issuer_answers(None, new_key=False, kid=None)
        assert self.state.decide(self.now, in_flight=False) is Decision.SERVE

    # --- the account

    @property
    def age(self) -> float:
        return float("inf") if self.confirmed_at is None else self.now - self.confirmed_at

    @property
    def usable(self) -> bool:
        return self.confirmed_at is not None and self.now < self.confirmed_at + DAY

    @property
    def may_try(self) -> bool:
        """No fetch under way, and the shortest back-off that the jitter allows is over."""
        shortest = min(0.8 * 2 ** (self.failures - 1), 48.0) if self.failures else 0.0
        return not self.in_flight and self.now - self.failed_at >= shortest - 1e-6

    @property
    def may_try_exactly(self) -> bool:
        return self.now >= self.state.next_try

    @property
    def spacing_allows(self) -> bool:
        return self.now >= self.in_vain_at + SPACING[min(self.in_vain, 4)]

    @invariant()
    def a_good_set_is_kept_to_its_limit_and_not_longer(self) -> None:
        assert self.state.is_usable(self.now) is self.usable

    @invariant()
    def the_back_off_is_a_minute_at_most(self) -> None:
        assert self.state.next_try <= self.failed_at + 60.0
        assert self.may_try_exactly or self.failures


FreshnessMachine.TestCase.settings = settings(max_examples=200, stateful_step_count=50)
TestFreshness = FreshnessMachine.TestCase

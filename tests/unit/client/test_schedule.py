"""When a token is asked for: numbers first, then any order of events."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from bearerguard.client.schedule import DROPS, HeldToken, Proceed, Refuse, Schedule
from bearerguard.client.token_response import IssuedToken
from bearerguard.client_authentication.secret import Secret
from bearerguard.errors import TokenRequestError

DOWN = TokenRequestError("token_endpoint_unreachable", temporary=True)
REFUSED = TokenRequestError("invalid_client", status=401)


def schedule(jitter: float = 0.5) -> Schedule:
    return Schedule(lambda: jitter)


def issued(lifetime: float = 3600.0, text: str = "token") -> IssuedToken:
    return IssuedToken(Secret(text), lifetime)


def begun(state: Schedule, now: float) -> int:
    decision = state.decide(now)
    assert isinstance(decision, Proceed)
    assert decision.begin is not None
    return decision.begin


def holding(lifetime: float = 3600.0, jitter: float = 0.5) -> Schedule:
    state = schedule(jitter)
    state.succeeded(begun(state, 0.0), issued(lifetime), asked_at=0.0, now=0.0)
    return state


def serves(state: Schedule, now: float) -> bool:
    decision = state.decide(now)
    return isinstance(decision, Proceed) and decision.token is not None


# --- a first token


def test_the_first_request_begins_a_flight_and_the_others_wait_for_it() -> None:
    state = schedule()
    assert state.decide(0.0) == Proceed(None, begin=1)
    assert state.decide(0.0) == Proceed(None, begin=None)


@pytest.mark.parametrize(("jitter", "share"), [(0.0, 0.72), (0.999999, 0.88)])
def test_a_token_is_renewed_between_72_and_88_percent_of_its_lifetime(jitter: float, share: float) -> None:
    state = holding(1000.0, jitter)
    assert state.decide(share * 1000 - 0.1) == Proceed(state.held, begin=None)
    assert state.decide(share * 1000 + 0.1) == Proceed(state.held, begin=2)


def test_while_it_is_renewed_the_old_token_serves_and_no_second_flight_begins() -> None:
    state = holding(1000.0)
    begun(state, 900.0)
    assert state.decide(900.0) == Proceed(state.held, begin=None)


@pytest.mark.parametrize(("lifetime", "until"), [(3600.0, 3590.0), (300.0, 290.0), (60.0, 54.0), (1.0, 0.9)])
def test_a_token_is_not_sent_in_the_last_tenth_or_ten_seconds_of_its_life(lifetime: float, until: float) -> None:
    """It must still be good when it arrives."""
    state = holding(lifetime)
    state.failed(begun(state, until - 0.01), DOWN, until - 0.01)
    assert serves(state, until - 0.001)
    assert not serves(state, until)


def test_the_lifetime_counts_from_when_the_token_was_asked_for() -> None:
    state = schedule()
    state.succeeded(begun(state, 100.0), issued(100.0), asked_at=100.0, now=104.0)
    assert state.held is not None
    assert state.held.usable_until == 190.0


def test_a_token_that_expired_on_its_way_is_a_failure() -> None:
    state = schedule()
    flight = begun(state, 0.0)
    with pytest.raises(TokenRequestError) as raised:
        state.succeeded(flight, issued(1.0), asked_at=0.0, now=2.0)
    assert raised.value.temporary
    assert state.held is None


# --- failures


def test_after_failures_the_endpoint_is_left_alone_for_1_2_4_up_to_60_seconds() -> None:
    state = schedule()
    now = 0.0
    waits = []
    for _ in range(8):
        state.failed(begun(state, now), DOWN, now)
        waits.append(state.retry_after(now))
        assert isinstance(state.decide(now + waits[-1] - 0.001), Refuse)
        now += waits[-1]
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60]


def waits_after(state: Schedule, *errors: TokenRequestError) -> list[float]:
    now, waits = 0.0, []
    for error in errors:
        state.failed(begun(state, now), error, now)
        waits.append(state.retry_after(now))
        assert isinstance(state.decide(now + waits[-1] - 0.001), Refuse)
        now += waits[-1]
    return waits


def test_after_a_refusal_that_cannot_pass_the_endpoint_is_left_alone_for_one_to_five_minutes() -> None:
    """No retry loop on invalid_client; but asked again, since somebody may mend the
    registration."""
    assert waits_after(schedule(), *[REFUSED] * 5) == [60, 120, 240, 300, 300]


@pytest.mark.parametrize("error", ["invalid_client", "unauthorized_client", "invalid_scope", "invalid_target", "access_denied"])
def test_every_refusal_of_the_server_is_kept_for_a_minute(error: str) -> None:
    assert waits_after(schedule(), TokenRequestError(error, status=400)) == [60]


@pytest.mark.parametrize("error", ["token_endpoint_failed", "invalid_token_response"])
def test_what_is_no_answer_of_a_token_endpoint_is_asked_again_soon(error: str) -> None:
    """A gateway's 404 page while a new version is rolled out refuses nobody."""
    assert waits_after(schedule(), *[TokenRequestError(error, status=404)] * 3) == [1, 2, 4]


def test_a_refusal_after_an_outage_and_an_outage_after_a_refusal_begin_anew() -> None:
    assert waits_after(schedule(), DOWN, DOWN, DOWN, REFUSED, REFUSED, DOWN, DOWN) == [1, 2, 4, 60, 120, 1, 2]


def test_retry_after_of_a_refusal_may_be_longer_than_its_wait_but_not_shorten_it() -> None:
    """RFC 9110 §10.2.3."""
    assert waits_after(schedule(), TokenRequestError("invalid_client", retry_after=5)) == [60]
    assert waits_after(schedule(), TokenRequestError("invalid_client", retry_after=200)) == [200]


@pytest.mark.parametrize(("jitter", "wait"), [(0.0, 48), (0.999999, 72)])
def test_the_wait_after_a_refusal_is_jittered(jitter: float, wait: float) -> None:
    assert waits_after(schedule(jitter), REFUSED) == [pytest.approx(wait, abs=1e-3)]


@pytest.mark.parametrize("jitter", [0.0, 0.5, 0.999999])
def test_a_request_each_second_with_a_wrong_secret_asks_a_few_times_an_hour(jitter: float) -> None:
    state = schedule(jitter)
    asked = 0
    for second in range(3600):
        decision = state.decide(float(second))
        if isinstance(decision, Proceed):
            assert decision.begin is not None
            asked += 1
            state.failed(decision.begin, REFUSED, float(second))
    assert asked <= 18


@pytest.mark.parametrize(("jitter", "wait"), [(0.0, 0.8), (0.999999, 1.2)])
def test_the_wait_after_a_failure_is_jittered(jitter: float, wait: float) -> None:
    state = schedule(jitter)
    state.failed(begun(state, 0.0), DOWN, 0.0)
    assert state.retry_after(0.0) == pytest.approx(wait, abs=1e-3)


def test_no_jitter_goes_beyond_a_minute() -> None:
    state = schedule(0.999999)
    now = 0.0
    for _ in range(12):
        state.failed(begun(state, now), DOWN, now)
        now += state.retry_after(now)
    assert state.retry_after(now - 60) <= 60


@pytest.mark.parametrize(("asked", "wait"), [(0, 1), (30, 30), (300, 300), (86_400, 300), (10**20, 300)])
def test_retry_after_is_honoured_up_to_five_minutes(asked: int, wait: float) -> None:
    """RFC 9110 §10.2.3; an endpoint must not put itself away for a day."""
    state = schedule()
    state.failed(begun(state, 0.0), TokenRequestError("slow_down", status=429, temporary=True, retry_after=asked), 0.0)
    assert state.retry_after(0.0) == wait


def test_until_the_next_try_everybody_is_given_the_same_failure() -> None:
    state = schedule()
    state.failed(begun(state, 0.0), DOWN, 0.0)
    assert state.decide(0.25) == Refuse(DOWN, 0.75)


def test_a_good_token_keeps_serving_while_its_renewal_fails() -> None:
    state = holding(1000.0)
    now = 800.0
    while now < 989.0:
        state.failed(begun(state, now), DOWN, now)
        assert state.decide(now) == Proceed(state.held, begin=None)
        now += state.retry_after(now)
    assert serves(state, 989.9)


def test_a_success_ends_the_back_off() -> None:
    state = schedule()
    for now in (0.0, 10.0, 20.0):
        state.failed(begun(state, now), DOWN, now)
    state.succeeded(begun(state, 30.0), issued(10.0), asked_at=30.0, now=30.0)
    state.failed(begun(state, 39.5), DOWN, 39.5)
    assert state.retry_after(39.5) == 1


@pytest.mark.parametrize("error", ["invalid_client", "invalid_scope"])
def test_a_refusal_that_cannot_pass_gets_no_second_try(error: str) -> None:
    assert schedule().pause_before_second_try(TokenRequestError(error)) is None


def test_a_failure_that_may_pass_gets_a_second_try_after_half_a_second_or_what_is_asked() -> None:
    assert schedule().pause_before_second_try(DOWN) == 0.5
    assert schedule().pause_before_second_try(TokenRequestError("x", temporary=True, retry_after=7)) == 7


# --- late answers


def test_a_late_answer_does_not_replace_a_newer_token() -> None:
    """Flights are numbered, so that a slow old answer cannot replace a newer one."""
    state = schedule()
    old = begun(state, 0.0)
    state.failed(old, DOWN, 10.0)
    newer = state.succeeded(begun(state, 20.0), issued(text="newer"), asked_at=20.0, now=20.0)
    state.succeeded(old, issued(text="older"), asked_at=0.0, now=21.0)
    assert state.held is newer


def test_a_late_answer_is_welcome_where_there_is_no_newer_one() -> None:
    state = schedule()
    old = begun(state, 0.0)
    state.failed(old, DOWN, 10.0)
    state.succeeded(old, issued(), asked_at=0.0, now=10.5)
    assert serves(state, 10.5)


def test_a_late_failure_does_not_end_another_flight() -> None:
    state = schedule()
    old = begun(state, 0.0)
    state.failed(old, DOWN, 10.0)
    begun(state, 20.0)
    state.failed(old, DOWN, 21.0)
    assert state.decide(21.0) == Proceed(None, begin=None)


# --- refused by an API


def test_of_many_refusals_of_one_token_only_the_first_drops_it() -> None:
    state = holding()
    assert all(state.refused(1, 10.0) for _ in range(1000))
    assert state.decide(10.0) == Proceed(None, begin=2)


def test_a_refusal_of_a_token_that_was_replaced_drops_nothing() -> None:
    state = holding()
    state.refused(1, 10.0)
    newer = state.succeeded(begun(state, 10.0), issued(), asked_at=10.0, now=10.0)
    assert state.refused(1, 11.0)
    assert state.held is newer


def test_an_api_that_refuses_every_token_does_not_become_a_storm_on_the_endpoint() -> None:
    state = holding()
    flights = 0
    for tenth in range(6_000):  # ten minutes
        now = tenth / 10
        decision = state.decide(now)
        assert isinstance(decision, Proceed)
        if decision.begin is not None:
            flights += 1
            state.succeeded(decision.begin, issued(), asked_at=now, now=now)
        assert state.held is not None
        state.refused(state.held.flight, now)
    assert flights <= DROPS + 60


def test_a_token_that_may_not_be_dropped_yet_goes_on_serving() -> None:
    state = holding()
    for _ in range(DROPS):
        assert state.held is not None
        assert state.refused(state.held.flight, 0.0)
        state.succeeded(begun(state, 0.0), issued(), asked_at=0.0, now=0.0)
    assert state.held is not None
    assert not state.refused(state.held.flight, 0.0)
    assert serves(state, 0.0)
    assert state.refused(state.held.flight, 10.0)


def test_claims_are_kept_until_a_token_was_issued_with_them() -> None:
    """Continuous Access Evaluation."""
    state = holding()
    state.refused(1, 10.0, '{"access_token":{}}')
    state.failed(begun(state, 10.0), DOWN, 10.0)
    assert state.claims == '{"access_token":{}}'
    state.succeeded(begun(state, 20.0), issued(), asked_at=20.0, now=20.0)
    assert state.claims == ""


# --- any order of events


class AnyOrder(RuleBasedStateMachine):
    """Requests, answers, losses and refusals in any order; time moves on."""

    def __init__(self) -> None:
        super().__init__()
        self.random = 0.5
        self.state = Schedule(lambda: self.random)
        self.now = 1000.0
        self.in_the_air: int | None = None
        self.lost: list[tuple[int, float]] = []
        self.asked_at = 0.0
        self.next_try = float("-inf")
        self.newest = 0

    @rule(seconds=st.floats(0, 4000), random=st.floats(0, 1, exclude_max=True))
    def time_passes(self, seconds: float, random: float) -> None:
        self.now += seconds
        self.random = random

    @rule()
    def a_request_comes(self) -> None:
        decision = self.state.decide(self.now)
        if isinstance(decision, Refuse):
            assert self.in_the_air is None
            assert 0 < decision.retry_after < 300.001
            return
        if decision.token is not None:
            assert self.now < decision.token.usable_until
        else:
            assert decision.begin is not None or self.in_the_air is not None
        if decision.begin is not None:
            assert self.in_the_air is None
            assert self.now >= self.next_try
            self.in_the_air, self.asked_at = decision.begin, self.now

    @precondition(lambda self: self.in_the_air is not None)
    @rule(lifetime=st.floats(0.001, 86_400))
    def a_token_arrives(self, lifetime: float) -> None:
        assert self.in_the_air is not None
        flight, self.in_the_air = self.in_the_air, None
        self._arrives(flight, lifetime, self.asked_at, was_lost=False)

    @precondition(lambda self: self.in_the_air is not None)
    @rule(retry_after=st.integers(0, 100_000), temporary=st.booleans())
    def a_flight_fails(self, retry_after: int, temporary: bool) -> None:
        assert self.in_the_air is not None
        self.state.failed(self.in_the_air, TokenRequestError("x", temporary=temporary, retry_after=retry_after), self.now)
        self.in_the_air = None
        self.next_try = self.now + min(max(0.8 if temporary else 48.0, retry_after), 300) * 0.999

    @precondition(lambda self: self.in_the_air is not None)
    @rule()
    def a_flight_is_given_up(self) -> None:
        assert self.in_the_air is not None
        self.lost.append((self.in_the_air, self.asked_at))
        self.a_flight_fails(0, True)

    @precondition(lambda self: bool(self.lost))
    @rule(lifetime=st.floats(0.001, 86_400), good=st.booleans())
    def a_lost_flight_answers_after_all(self, lifetime: float, good: bool) -> None:
        flight, asked_at = self.lost.pop()
        if good:
            self._arrives(flight, lifetime, asked_at, was_lost=True)
        else:
            self.state.failed(flight, DOWN, self.now)

    @precondition(lambda self: self.state.held is not None)
    @rule(back=st.integers(0, 2))
    def an_api_refuses(self, back: int) -> None:
        held = self.state.held
        assert held is not None
        gone = self.state.refused(held.flight - back, self.now)
        assert (self.state.held is None) == (back == 0 and gone)

    def _arrives(self, flight: int, lifetime: float, asked_at: float, *, was_lost: bool) -> None:
        before, newest = self.state.held, self.newest
        try:
            held = self.state.succeeded(flight, IssuedToken(Secret("t"), lifetime), asked_at=asked_at, now=self.now)
        except TokenRequestError as error:
            self.state.failed(flight, error, self.now)
            if not was_lost:
                self.next_try = self.now + 0.8 * 0.999
            return
        assert held.refresh_at < held.usable_until
        if flight > newest:
            assert self.state.held is held
            self.next_try = float("-inf")
        else:
            assert self.state.held is before

    @invariant()
    def the_newest_token_is_kept(self) -> None:
        held: HeldToken | None = self.state.held
        if held is not None:
            assert held.flight >= self.newest
            self.newest = held.flight


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(max_examples=200, stateful_step_count=40)

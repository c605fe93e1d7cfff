"""Points in time, as an operator reads them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bearerguard.token.moment import Moment, distance, utc
from support.sealed import NOW


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (NOW, "2026-01-01T12:00:00Z"),
        (NOW + 0.999, "2026-01-01T12:00:00Z"),
        (253_402_300_799, "9999-12-31T23:59:59Z"),
        (253_402_300_800, "253402300800"),
        (2**40 - 1, "1099511627775"),
        (-1, "-1"),
    ],
)
def test_a_time_is_written_in_utc_as_far_as_calendars_reach(seconds: float, text: str) -> None:
    """Style: times in UTC; a time below 2^40 may be the year 36812."""
    assert utc(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (0.9, "0 s"),
        (1, "1 s"),
        (-59, "59 s"),
        (60, "1 min"),
        (192, "3 min 12 s"),
        (3600, "1 h"),
        (3601, "1 h 1 s"),
        (3661, "1 h 1 min"),
        (86_400 + 7200, "1 d 2 h"),
        (400 * 86_400 + 3661, "400 d 1 h"),
    ],
)
def test_a_distance_has_its_two_largest_units(seconds: float, text: str) -> None:
    """Exact enough to act on."""
    assert distance(seconds) == text


def test_a_moment_shows_time_and_distance() -> None:
    """What stands in a refusal."""
    assert repr(Moment(NOW - 192, NOW)) == "2026-01-01T11:56:48Z, 3 min 12 s ago"
    assert repr(Moment(NOW, NOW)) == "2026-01-01T12:00:00Z, 0 s ago"
    assert repr(Moment(NOW + 7200, NOW)) == "2026-01-01T14:00:00Z, 2 h ahead"


@given(st.floats(min_value=0, max_value=2**40), st.floats(min_value=0, max_value=2**40))
def test_any_time_a_token_may_hold_can_be_shown(at: float, now: float) -> None:
    """A refusal must not fail on its own words."""
    assert repr(Moment(at, now))

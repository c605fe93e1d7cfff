"""A token endpoint that may be held up, the token that all share, and failures that are told after one try."""

import pytest

from bearerguard.client.schedule import Schedule
from bearerguard.client.shared_token import SharedToken
from bearerguard.testing import FakeClock
from support.held_up_endpoint import HeldUpEndpoint, shared


@pytest.fixture
def clock() -> FakeClock:
    """Of ``tokens``."""
    return FakeClock()


@pytest.fixture
def endpoint() -> HeldUpEndpoint:
    """What ``tokens`` asks."""
    return HeldUpEndpoint()


@pytest.fixture
def tokens(clock: FakeClock, endpoint: HeldUpEndpoint) -> SharedToken:
    """One token for all."""
    return shared(clock, endpoint)


@pytest.fixture
def one_try(monkeypatch: pytest.MonkeyPatch) -> None:
    """No second try half a second later; nor a time limit too short for one, which a busy machine would exceed."""
    monkeypatch.setattr(Schedule, "pause_before_second_try", lambda _schedule, _error: None)

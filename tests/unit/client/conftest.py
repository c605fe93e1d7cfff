"""Failures that are told after one try."""

import pytest

from bearerguard.client.schedule import Schedule


@pytest.fixture
def one_try(monkeypatch: pytest.MonkeyPatch) -> None:
    """No second try half a second later; nor a time limit too short for one, which a busy machine would exceed."""
    monkeypatch.setattr(Schedule, "pause_before_second_try", lambda _schedule, _error: None)

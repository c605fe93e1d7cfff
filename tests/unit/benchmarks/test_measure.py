"""Costs as ratios of interleaved rounds."""

import gc

from benchmarks.measure import Rounds, Spread, calling, frozen, interleave, spread

ROUNDS = Rounds({"bare": [10, 20], "ours": [12, 26], "peer": [40, 80], "unit": [2, 4]})


def test_a_spread_is_a_median_within_its_quartiles() -> None:
    assert spread([5, 1, 4, 2, 3]) == Spread(3, 2, 4)
    assert str(Spread(123.4, 45.67, 0.891)) == "123 (45.7 to 0.89)"
    assert Spread(2, 1, 3) * 0.5 == Spread(1, 0.5, 1.5)


def test_ratios_are_made_within_a_round() -> None:
    """A machine that slows down slows all subjects down."""
    assert ROUNDS.ratio("peer", "bare") == Spread(4, 4, 4)
    assert ROUNDS.cost("unit") == Spread(3, 2.5, 3.5)
    assert ROUNDS.added("ours", "bare", "unit").median == 1.25
    assert ROUNDS.added_nanoseconds("ours", "bare").median == 4
    assert ROUNDS.times_added("peer", "bare", "ours", "bare").median == 12.5


def test_each_subject_runs_in_each_round() -> None:
    calls = {"quick": 0, "slow": 0}

    def call(name: str) -> None:
        calls[name] += 1
        if name == "slow":
            sum(range(500))

    figures = interleave({name: calling(lambda name=name: call(name)) for name in calls}, rounds=3)  # type: ignore[misc]

    assert all(len(figures._figures[name]) == 3 for name in calls)
    assert calls["quick"] > calls["slow"] > 3
    assert figures.ratio("slow", "quick").median > 1


def test_what_was_there_before_is_not_collected() -> None:
    gc.unfreeze()
    with frozen():
        assert gc.get_freeze_count() > 0
        assert gc.isenabled()
    assert gc.get_freeze_count() == 0


def test_what_was_frozen_before_is_so_afterwards() -> None:
    gc.freeze()
    with frozen():
        pass
    assert gc.get_freeze_count() > 0

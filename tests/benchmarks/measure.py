"""Costs as ratios, measured in interleaved rounds, so that a machine that slows down slows all of them down.

Each round gives every subject a few slices of about the same time; a ratio is made within a round, and the median over all rounds
is what counts, with the quartiles as its spread. The garbage collector is on, so that everybody pays for his own garbage, but it
does not look at what was there before. Only the standard library is used: the code also runs where the project is not installed.
"""

import gc
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import repeat
from random import Random
from time import perf_counter_ns
from typing import Final, TypeAlias

Subject: TypeAlias = Callable[[int], int]
"""Runs itself so many times and gives the nanoseconds for all of them."""

SLICE: Final = 400_000
"""Nanoseconds that a subject gets at a time: so few that most slices are not interrupted, even on a busy machine."""
IN_A_ROW: Final = 5
"""Slices of a subject in one round, of which the fastest counts: in the first ones the interpreter adapts to the subject."""


@dataclass(frozen=True, slots=True)
class Spread:
    """A median and the quartiles around it."""

    median: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{_short(self.median)} ({_short(self.low)} to {_short(self.high)})"

    def __mul__(self, factor: float) -> "Spread":
        return Spread(self.median * factor, self.low * factor, self.high * factor)


def spread(values: Sequence[float]) -> Spread:
    """Median and quartiles of at least two values."""
    low, median, high = statistics.quantiles(values, n=4, method="inclusive")
    return Spread(median, low, high)


class Rounds:
    """Nanoseconds a call of each subject, one figure for each round."""

    def __init__(self, figures: Mapping[str, Sequence[float]]) -> None:
        self._figures = figures

    def cost(self, name: str) -> Spread:
        """Nanoseconds a call."""
        return spread(self._figures[name])

    def ratio(self, name: str, over: str) -> Spread:
        """What a call costs in calls of another subject."""
        return spread([one / other for one, other in zip(self._figures[name], self._figures[over], strict=True)])

    def added(self, name: str, bare: str, over: str) -> Spread:
        """What ``name`` costs more than ``bare``, in calls of a third subject."""
        rows = zip(self._figures[name], self._figures[bare], self._figures[over], strict=True)
        return spread([(one - nothing) / unit for one, nothing, unit in rows])

    def added_nanoseconds(self, name: str, bare: str) -> Spread:
        """What ``name`` costs more than ``bare``."""
        return spread([one - nothing for one, nothing in zip(self._figures[name], self._figures[bare], strict=True)])

    def times_added(self, name: str, bare: str, ours: str, our_bare: str) -> Spread:
        """How many times what ``ours`` adds to ``our_bare`` is what ``name`` adds to ``bare``."""
        rows = zip(*(self._figures[subject] for subject in (name, bare, ours, our_bare)), strict=True)
        return spread([(one - nothing) / (other - its_nothing) for one, nothing, other, its_nothing in rows])


def calling(function: Callable[[], object]) -> Subject:
    """A plain function as a subject; what the loop itself costs is less than 10 ns a call."""

    def subject(calls: int) -> int:
        started = perf_counter_ns()
        for _ in repeat(None, calls):
            function()
        return perf_counter_ns() - started

    return subject


def interleave(subjects: Mapping[str, Subject], *, rounds: int) -> Rounds:
    """Measure subjects side by side."""
    calls = {name: _calls_in_a_slice(subject) for name, subject in subjects.items()}
    figures: dict[str, list[float]] = {name: [] for name in subjects}
    order = list(subjects)
    shuffle = Random(rounds).shuffle  # noqa: S311  the same order each time
    with frozen():
        for _ in range(rounds):
            shuffle(order)  # nobody always runs behind the same neighbour
            for name in order:
                gc.collect()  # nobody runs in the garbage of another
                fastest = min(subjects[name](calls[name]) for _ in range(IN_A_ROW))
                figures[name].append(fastest / calls[name])
    return Rounds(figures)


@contextmanager
def frozen() -> Iterator[None]:
    """Whatever exists is out of the garbage collector's sight within; afterwards, what was so before."""
    before = gc.get_freeze_count()
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
        if before:  # a test process, whose tests were collected and frozen
            gc.collect()
            gc.freeze()


def _calls_in_a_slice(subject: Subject) -> int:
    subject(3)  # first calls import, fetch and remember
    calls = 1
    while (taken := subject(calls)) < SLICE // 4:
        calls *= 2
    return max(1, round(calls * SLICE / taken))


def _short(value: float) -> str:
    """Three digits that count."""
    if abs(value) >= 100:
        return f"{value:.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"

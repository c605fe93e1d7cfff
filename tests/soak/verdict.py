"""What a run has shown: answers that were not expected, counters that do not add up, memory that grew."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from soak.caller import Answer

MOST_GROWTH: Final = 2.0
"""MiB, from the first third of the warm part of the run to its last: what an allocator may do by itself."""
_SHOWN: Final = 5


@dataclass
class Tally:
    """Every answer of a run.

    Attributes:
        seconds: How long answers took, by kind of request.
        answers: Statuses and codes, by kind of request.
        unexpected: What should not have come back, and when.
    """

    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    answers: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    unexpected: list[str] = field(default_factory=list)

    def add(self, kind: str, answer: Answer, expected: frozenset[str], when: float) -> None:
        """One more answer.

        Args:
            kind: Of request.
            answer: To it.
            expected: Right answers: at the time of the request or at that of the answer.
            when: Part of the run that is over.
        """
        self.seconds[kind].append(answer.seconds)
        self.answers[kind][answer.kind] += 1
        if answer.kind not in expected:
            self.unexpected.append(f"{kind} at {when:.2f} of the run: {answer.kind}, expected {' or '.join(sorted(expected))}")
        elif answer.status == 503 and not answer.retry_after:
            self.unexpected.append(f"{kind} at {when:.2f} of the run: a 503 without Retry-After")

    def total(self) -> Counter[str]:
        """All answers by status and code."""
        return sum(self.answers.values(), Counter[str]())


def problems(
    tally: Tally, counted: Mapping[str, int], audited: int, growth: Mapping[int, tuple[float, float]], log: str
) -> Iterator[str]:
    """Everything that is wrong.

    Args:
        tally: What the callers got.
        counted: What the workers' listeners counted.
        audited: Lines in the audit logs.
        growth: MiB of each worker, at first and at last.
        log: What the server has written.
    """
    yield from tally.unexpected[:_SHOWN]
    if len(tally.unexpected) > _SHOWN:
        yield f"and {len(tally.unexpected) - _SHOWN} more answers that were not expected"
    total = tally.total()
    for kind in sorted({*total, *counted}):
        if total[kind] != counted.get(kind, 0):
            yield f"{kind}: the callers got {total[kind]}, events tell of {counted.get(kind, 0)}"
    if audited != total.total():
        yield f"the audit logs have {audited} lines, and the callers got {total.total()} answers"
    for worker, (before, after) in growth.items():
        if not after - before <= MOST_GROWTH:  # not a number is not fine
            yield f"worker {worker} grew from {before:.1f} to {after:.1f} MiB after it was warm"
    for complaint in ("Traceback", "was destroyed", "was never awaited"):
        if complaint in log:
            yield f"the server's log says {complaint!r}:\n{log[-4000:]}"


def table(tally: Tally) -> Iterator[str]:
    """Answers and latencies, one line for each kind of request."""
    yield "| request | count | answers | median | 99 % | most |"
    yield "|---|---|---|---|---|---|"
    for kind, answers in tally.answers.items():
        told = ", ".join(f"{answer}: {number}" if len(answers) > 1 else answer for answer, number in answers.most_common())
        times = sorted(tally.seconds[kind])
        parts = " | ".join(f"{at(times, share) * 1000:.1f} ms" for share in (0.5, 0.99, 1.0))
        yield f"| {kind} | {answers.total()} | {told} | {parts} |"


def at(ordered: Sequence[float], share: float) -> float:
    """The value that this share of all does not exceed."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]

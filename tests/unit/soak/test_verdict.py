"""A soak fails for each promise that is broken."""

from collections import Counter
from typing import Any, Final

import pytest

from soak.caller import Answer
from soak.memory import Memory
from soak.verdict import Tally, at, problems, table

GOOD: Final = frozenset({"200"})


def tally() -> Tally:
    """Three answers as they should be."""
    fine = Tally()
    for _ in range(2):
        fine.add("good", Answer(200, "", retry_after=False, seconds=0.5), GOOD, 0.5)
    down = Answer(503, "issuer_unavailable", retry_after=True, seconds=1.0)
    fine.add("down", down, frozenset({"503 issuer_unavailable"}), 0.5)
    return fine


def found(seen: Tally, **changes: Any) -> list[str]:
    fine: dict[str, Any] = {
        "counted": Counter({"200": 2, "503 issuer_unavailable": 1}),
        "audited": 3,
        "growth": {1: (60.0, 61.0)},
        "log": "",
    }
    return list(problems(seen, **{**fine, **changes}))


def test_a_run_that_keeps_every_promise_has_no_problem() -> None:
    assert found(tally()) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"counted": Counter({"200": 1, "503 issuer_unavailable": 1})},
        {"counted": Counter({"200": 2, "503 issuer_unavailable": 1, "401 missing_token": 1})},
        {"audited": 2},
        {"growth": {1: (60.0, 62.5)}},
        {"growth": {1: (60.0, float("nan"))}},
        {"log": "Task was destroyed but it is pending!"},
    ],
    ids=["fewer events", "more events", "a line lost", "growth", "not measured", "a complaint"],
)
def test_each_broken_promise_is_one(changes: dict[str, Any]) -> None:
    assert len(found(tally(), **changes)) == 1


@pytest.mark.parametrize(
    "answer",
    [
        Answer(500, "", retry_after=False, seconds=0.1),
        Answer(401, "unknown_key", retry_after=False, seconds=0.1),
        Answer(503, "issuer_unavailable", retry_after=False, seconds=0.1),
    ],
    ids=["5xx", "refused", "no Retry-After"],
)
def test_an_answer_that_is_not_expected_is_one(answer: Answer) -> None:
    seen = Tally()
    seen.add("good", answer, frozenset({"200", "503 issuer_unavailable"}), 0.5)
    assert len(found(seen, counted=seen.total(), audited=1)) == 1


def test_growth_is_from_the_first_to_the_last_third_of_the_warm_part() -> None:
    memory = Memory({7: [(0.1, 10.0), (0.45, 20.0), (0.55, 22.0), (0.7, 99.0), (0.9, 23.0)]})
    assert memory.growth(0.4) == {7: (21.0, 23.0)}


def test_latencies_are_shown() -> None:
    assert at([1.0, 2.0, 3.0, 4.0], 0.5) == 2.0
    assert list(table(tally()))[2:] == [
        "| good | 2 | 200 | 500.0 ms | 500.0 ms | 500.0 ms |",
        "| down | 1 | 503 issuer_unavailable | 1000.0 ms | 1000.0 ms | 1000.0 ms |",
    ]

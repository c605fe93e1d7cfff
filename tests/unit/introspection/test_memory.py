"""Answers, remembered."""

from bearerguard.clock import Instant
from bearerguard.error_codes import INACTIVE_TOKEN
from bearerguard.errors import InvalidToken
from bearerguard.introspection import memory
from bearerguard.introspection.memory import AnswerMemory
from bearerguard.principal import Principal

NOON = Instant(1_767_268_800.0, 1_000.0)
CALLER = Principal("https://issuer.test", "reader")
REFUSAL = InvalidToken(INACTIVE_TOKEN)


def _recalled(answers: AnswerMemory, now: Instant, digest: bytes = b"a") -> Principal | None:
    return answers.recall(digest, now.wall, now.monotonic)


def test_a_good_answer_counts_until_its_moment_on_either_clock() -> None:
    answers = AnswerMemory()
    answers.remember_good(b"a", CALLER, NOON.after(60))

    assert _recalled(answers, NOON.after(59.9)) is CALLER
    assert _recalled(answers, NOON.after(60)) is None
    assert _recalled(answers, Instant(NOON.wall - 3600, NOON.monotonic + 60)) is None
    assert _recalled(answers, Instant(NOON.wall + 60, NOON.monotonic)) is None


def test_a_token_that_was_good_is_still_known_as_such() -> None:
    answers = AnswerMemory()
    answers.remember_good(b"a", CALLER, NOON)

    assert _recalled(answers, NOON) is None
    assert answers.was_good(b"a")
    assert not answers.was_good(b"b")


def test_a_bad_answer_counts_for_five_seconds_and_ends_a_good_one() -> None:
    answers = AnswerMemory()
    answers.remember_good(b"a", CALLER, NOON.after(60))
    answers.remember_bad(b"a", REFUSAL, NOON)

    assert _recalled(answers, NOON) is None
    assert not answers.was_good(b"a")
    assert answers.refusal(b"a", NOON.after(4.9)) is REFUSAL
    assert answers.refusal(b"a", NOON.after(5)) is None


def test_a_good_answer_ends_a_bad_one() -> None:
    answers = AnswerMemory()
    answers.remember_bad(b"a", REFUSAL, NOON)
    answers.remember_good(b"a", CALLER, NOON.after(60))

    assert answers.refusal(b"a", NOON) is None


def test_both_parts_are_bounded_and_the_oldest_answer_goes_first() -> None:
    answers = AnswerMemory()
    for number in range(memory.MOST_GOOD + 1):
        answers.remember_good(str(number).encode(), CALLER, NOON.after(60))
    for number in range(memory.MOST_BAD + 1):
        answers.remember_bad(f"bad {number}".encode(), REFUSAL, NOON)

    assert repr(answers) == f"<{memory.MOST_GOOD} good answers, {memory.MOST_BAD} bad ones>"
    assert _recalled(answers, NOON, b"0") is None
    assert _recalled(answers, NOON, b"1") is CALLER
    assert answers.refusal(b"bad 0", NOON) is None
    assert answers.refusal(b"bad 1", NOON) is REFUSAL


def test_as_many_answers_are_kept_as_the_page_says() -> None:
    assert (memory.MOST_GOOD, memory.MOST_BAD) == (10_000, 1_000)


def test_an_answer_that_is_given_again_is_the_youngest() -> None:
    answers = AnswerMemory()
    for number in range(memory.MOST_GOOD):
        answers.remember_good(str(number).encode(), CALLER, NOON.after(60))
    for number in range(memory.MOST_BAD):
        answers.remember_bad(f"bad {number}".encode(), REFUSAL, NOON)

    answers.remember_good(b"5", CALLER, NOON.after(60))
    answers.remember_bad(b"bad 5", REFUSAL, NOON)
    assert (answers.was_good(b"0"), answers.refusal(b"bad 0", NOON)) == (True, REFUSAL)
    for number in range(6):
        answers.remember_good(f"new {number}".encode(), CALLER, NOON.after(60))
        answers.remember_bad(f"bad new {number}".encode(), REFUSAL, NOON)

    assert [answers.was_good(name) for name in (b"4", b"5", b"6")] == [False, True, False]
    assert [answers.refusal(name, NOON) is None for name in (b"bad 4", b"bad 5", b"bad 6")] == [True, False, True]


def test_it_forgets_everything() -> None:
    answers = AnswerMemory()
    answers.remember_good(b"a", CALLER, NOON.after(60))
    answers.remember_bad(b"b", REFUSAL, NOON)
    answers.clear()

    assert _recalled(answers, NOON) is None
    assert answers.refusal(b"b", NOON) is None
    assert not answers.was_good(b"a")

"""A denylist: one line revokes, in memory or in a file that workers share."""

import gc
import json
import os
import threading
import weakref
from pathlib import Path
from typing import Any, Final

import pytest

from bearerguard import ConfigurationError, Principal
from bearerguard.principal import PayloadClaims
from bearerguard.revocation import Denylist
from bearerguard.revocation.denylist_file import entries_of
from bearerguard.testing import FakeClock
from support.forked import held_by_another_thread, holds_in_a_child

ISSUER: Final = "https://issuer.example"
NOW: Final = 1_800_000_000.0


def caller(*, subject: str = "ann", client_id: str | None = "billing", issuer: str = ISSUER, **claims: Any) -> Principal:
    members = {"jti": "t-1", "iat": NOW - 60, **claims}
    payload = json.dumps({name: value for name, value in members.items() if value is not None}).encode()
    return Principal(issuer, subject, client_id, claims=PayloadClaims(payload))


CALLER: Final = caller()


def denylist(**entry: Any) -> Denylist:
    found = Denylist(clock=FakeClock(NOW))
    found.revoke(**entry)
    return found


def test_an_empty_list_revokes_nothing() -> None:
    assert Denylist()(CALLER) is False


@pytest.mark.parametrize(
    "entry",
    [
        {"token_id": "t-1"},
        {"subject": "ann"},
        {"client_id": "billing"},
        {"issued_before": NOW},
        {"subject": "ann", "client_id": "billing", "token_id": "t-1", "issued_before": NOW, "issuer": ISSUER, "until": NOW + 1},
    ],
)
def test_what_meets_every_condition_is_revoked(entry: dict[str, Any]) -> None:
    assert denylist(**entry)(CALLER) is True


@pytest.mark.parametrize(
    "entry",
    [
        {"token_id": "t-2"},
        {"subject": "Ann"},
        {"client_id": "billing2"},
        {"issued_before": NOW - 60},
        {"subject": "ann", "client_id": "other"},
        {"token_id": "t-1", "subject": "bob"},
        {"subject": "ann", "issued_before": NOW - 61},
        {"subject": "ann", "issuer": "https://other.example"},
        {"issued_before": NOW, "issuer": "https://other.example"},
        {"subject": "ann", "until": NOW},
    ],
)
def test_what_misses_one_condition_is_not(entry: dict[str, Any]) -> None:
    assert denylist(**entry)(CALLER) is False


def test_a_token_of_microsoft_entra_is_found_by_its_uti() -> None:
    assert denylist(token_id="u-1")(caller(jti=None, uti="u-1"))
    assert not denylist(token_id="u-1")(caller(jti=None, uti=["u-1"]))


@pytest.mark.parametrize("issued_at", [None, True, "1799999999", [], {}])
def test_a_token_that_does_not_tell_when_it_was_issued_counts_as_issued_before(issued_at: Any) -> None:
    """Absence is never success."""
    assert denylist(issued_before=NOW - 3600)(caller(iat=issued_at))


def test_an_entry_ends_when_it_says_so_and_is_then_forgotten() -> None:
    clock = FakeClock(NOW)
    found = Denylist(clock=clock)
    found.revoke(subject="ann", until=NOW + 10)
    assert found(CALLER)
    clock.advance(10)
    assert not found(CALLER)
    found.revoke(subject="bob")
    assert len(found) == 1


def test_one_entry_does_not_hide_another() -> None:
    found = denylist(subject="ann", client_id="other")
    found.revoke(subject="ann", issuer=ISSUER)

    assert found(CALLER)


@pytest.mark.parametrize(
    "entry",
    [
        {},
        {"issuer": ISSUER},
        {"until": NOW},
        {"subject": ""},
        {"subject": 1},
        {"client_id": ["billing"]},
        {"token_id": b"t-1"},
        {"issued_before": "now"},
        {"issued_before": True},
        {"issued_before": float("nan")},
        {"subject": "ann", "until": float("inf")},
    ],
)
def test_an_entry_that_would_mean_nothing_is_an_error(entry: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        Denylist().revoke(**entry)


def test_threads_may_revoke_at_once() -> None:
    found = Denylist()

    def revoke_many(start: int) -> None:
        for number in range(start, start + 20):
            found.revoke(subject=f"s-{number}")

    threads = [threading.Thread(target=revoke_many, args=(start,)) for start in range(0, 80, 20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(found) == 80


# --- in a file


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "denylist.jsonl").write_text('{"subject": "bob"}\n\n{"client_id": "old"}', encoding="utf-8")
    return tmp_path / "denylist.jsonl"


def test_a_file_has_one_entry_in_each_line(path: Path) -> None:
    found = Denylist.from_file(path)

    assert len(found) == 2
    assert found(caller(subject="bob"))
    assert not found(CALLER)


def test_another_worker_finds_a_new_entry_within_a_second(path: Path) -> None:
    clock = FakeClock(NOW)
    here, there = Denylist.from_file(path, clock=clock), Denylist.from_file(path, clock=clock)
    here.revoke(subject="ann", issuer=ISSUER, until=NOW + 3600)
    assert here(CALLER)
    clock.advance(1)

    assert there(CALLER)
    assert there(caller(client_id="old"))
    assert here(CALLER)


def test_a_file_that_is_replaced_is_read_again(path: Path) -> None:
    clock = FakeClock(NOW)
    found = Denylist.from_file(path, clock=clock)
    other = path.with_suffix(".new")
    other.write_text('{"subject": "ann"}\n', encoding="utf-8")
    other.replace(path)
    clock.advance(1)

    assert found(CALLER)
    assert not found(caller(subject="bob"))


def test_another_working_directory_changes_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a daemon has it once it runs."""
    clock = FakeClock(NOW)
    monkeypatch.chdir(path.parent)
    found = Denylist.from_file(path.name, clock=clock)
    monkeypatch.chdir("/")
    clock.advance(1)

    assert found(caller(subject="bob"))


BROKEN: Final = [
    "{",
    "[]",
    '{"subject": "ann"} x',
    '{"sub": "ann"}',
    '{"subject": "a", "subject": "b"}',
    "{}",
    '{"subject": null}',
]


@pytest.mark.parametrize("line", BROKEN)
def test_a_wrong_line_stops_the_start_and_later_every_request(path: Path, line: str) -> None:
    """Half a list is no list: what raises in the hook refuses."""
    clock = FakeClock(NOW)
    found = Denylist.from_file(path, clock=clock)
    good = path.read_bytes()
    path.write_text(f'{{"subject": "x"}}\n{line}\n', encoding="utf-8")
    with pytest.raises(ConfigurationError):
        Denylist.from_file(path)
    clock.advance(1)
    for _ in range(2):
        with pytest.raises(ConfigurationError):
            found(CALLER)
    path.write_bytes(good + b"\n")
    clock.advance(1)

    assert not found(CALLER)


def test_a_file_that_vanishes_refuses_until_it_is_back(path: Path) -> None:
    clock = FakeClock(NOW)
    found = Denylist.from_file(path, clock=clock)
    good = path.read_bytes()
    path.unlink()
    clock.advance(1)
    with pytest.raises(ConfigurationError):
        found(CALLER)
    path.write_bytes(good)
    clock.advance(1)

    assert found(caller(subject="bob"))
    with pytest.raises(ConfigurationError):
        Denylist.from_file(path.with_suffix(".none"))


def test_the_file_is_looked_at_once_a_second_at_most(path: Path) -> None:
    clock = FakeClock(NOW)
    found = Denylist.from_file(path, clock=clock)
    path.unlink()

    assert found(caller(subject="bob"))


# --- callers that were cleared are remembered


def test_a_caller_that_was_cleared_is_refused_as_soon_as_an_entry_means_it() -> None:
    found = denylist(token_id="t-2", issuer="https://other.example")
    assert not found(CALLER)
    assert not found(CALLER)
    found.revoke(token_id="t-1")

    assert found(CALLER)


def test_a_cleared_caller_says_nothing_of_an_equal_one_with_another_token() -> None:
    """Principals are equal whatever their other claims."""
    found = denylist(token_id="t-2")
    assert not found(CALLER)

    assert found(caller(jti="t-2"))


def test_callers_that_were_cleared_take_a_bounded_memory() -> None:
    found = denylist(issued_before=1.0)
    alive = [weakref.ref(one) for one in _many_callers(found)]
    gc.collect()

    assert sum(ref() is not None for ref in alive) <= 4096


class Claims(dict[str, Any]):
    """Claims that can be looked for once nobody holds them."""


def _many_callers(found: Denylist) -> list[Claims]:
    claims = [Claims(iat=NOW) for _ in range(5000)]
    for each in claims:
        assert not found(Principal(ISSUER, "ann", "billing", claims=each))
    return claims


# --- a large file


class Slow:
    """Reads as ever, once it is told to go on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked, self.go_on = threading.Event(), threading.Event()
        monkeypatch.setattr("bearerguard.revocation.denylist.entries_of", self)

    def __call__(self, path: Path) -> Any:
        outcome = entries_of(path)
        self.asked.set()
        assert self.go_on.wait(20)
        return outcome

    def end(self) -> None:
        self.go_on.set()
        for thread in threading.enumerate():
            if thread.name == "bearerguard-denylist":
                thread.join(20)


def large(path: Path, *subjects: str) -> None:
    filling = "".join(f'{{"token_id": "token-{number:050}"}}\n' for number in range(1000))
    path.write_text(filling + "".join(f'{{"subject": "{subject}"}}\n' for subject in subjects), encoding="utf-8")


def test_a_large_file_is_read_while_requests_go_on(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = FakeClock(NOW)
    found = Denylist.from_file(path, clock=clock)
    slow = Slow(monkeypatch)
    large(path, "ann", "bob")
    clock.advance(1)

    assert not found(CALLER)  # as before
    assert slow.asked.wait(20)
    clock.advance(1)
    assert found(caller(subject="bob"))
    slow.end()
    assert found(CALLER)


def test_what_is_revoked_while_a_large_file_is_read_stays_revoked(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = FakeClock(NOW)
    found = Denylist.from_file(path, clock=clock)
    slow = Slow(monkeypatch)
    large(path, "bob")
    clock.advance(1)
    assert not found(CALLER)
    assert slow.asked.wait(20)
    found.revoke(subject="ann")  # behind what was read
    slow.end()

    assert found(CALLER)
    clock.advance(1)
    assert found(CALLER)
    slow.end()
    assert found(CALLER)
    assert len(found) == 1002


def test_a_large_file_with_a_wrong_line_refuses_once_it_is_read(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = FakeClock(NOW)
    found = Denylist.from_file(path, clock=clock)
    slow = Slow(monkeypatch)
    large(path, '"')
    clock.advance(1)
    assert not found(CALLER)
    slow.end()

    with pytest.raises(ConfigurationError):
        found(CALLER)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="of POSIX")
def test_a_pipe_in_place_of_the_file_refuses_and_nobody_waits_for_it(path: Path) -> None:
    clock = FakeClock(NOW)
    found = Denylist.from_file(path, clock=clock)
    path.unlink()
    os.mkfifo(path)
    clock.advance(1)

    with pytest.raises(ConfigurationError):
        found(CALLER)
    with pytest.raises(ConfigurationError):
        Denylist.from_file(path)


# --- forks


@pytest.mark.skipif(not hasattr(os, "fork"), reason="of POSIX")
def test_a_forked_worker_follows_the_file_while_a_thread_of_its_parent_changes_the_list(path: Path) -> None:
    clock = FakeClock(NOW)
    found = Denylist.from_file(path, clock=clock)

    def child() -> bool:
        Denylist.from_file(path).revoke(subject="ann")
        clock.advance(1)
        return found(CALLER)

    with held_by_another_thread(found._changing):
        assert holds_in_a_child(child)
    assert not found(CALLER)
    clock.advance(1)
    assert found(CALLER)

"""The audit log as a hook: nothing is lost without being told, and nothing waits for a disk."""

import io
import json
import logging
import os
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from bearerguard import ConfigurationError, Event, Issuer, ResourceServer
from bearerguard.audit_log import AuditLog
from bearerguard.testing import FakeClock, SigningKey
from support.forked import holds_in_a_child

PATIENCE: Final = 60.0  # of a loaded machine
REFUSED: Final = Event("request_refused", "https://issuer.example", "token_expired", 401, method="GET", path="/orders")


def refused(number: int) -> Event:
    return REFUSED._replace(path=f"/orders/{number}")


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def paths(path: Path) -> list[str]:
    return [line["path"] for line in lines(path)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "audit.jsonl"


@pytest.fixture
def audit(path: Path) -> Iterator[AuditLog]:
    log = AuditLog(path, clock=FakeClock())
    yield log
    log.close()


class Held(io.StringIO):
    """A stream that takes nothing before it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.go_on = threading.Event(), threading.Event()

    def write(self, text: str) -> int:
        self.asked.set()
        assert self.go_on.wait(20)
        return super().write(text)


# --- what is written


def test_each_decision_is_a_line(audit: AuditLog, path: Path) -> None:
    for number in range(1000):
        audit(refused(number))

    assert audit.flush(PATIENCE)
    assert paths(path) == [f"/orders/{number}" for number in range(1000)]


@pytest.mark.parametrize("name", ["keys_fetched", "keys_failed", "token_revoked", "insecure_option"])
def test_what_is_no_decision_leaves_no_line(audit: AuditLog, path: Path, name: Any) -> None:
    audit(Event(name))
    audit(Event("token_accepted"))

    assert audit.flush(PATIENCE)
    assert [line["event"] for line in lines(path)] == ["token_accepted"]


def test_a_stream_of_text_or_of_octets_takes_lines() -> None:
    text, octets = io.StringIO(), io.BytesIO()
    for stream in (text, octets):
        log = AuditLog(stream)  # type: ignore[arg-type]  # octets work as well
        log(REFUSED)
        log.close()

    assert json.loads(text.getvalue())["reason"] == json.loads(octets.getvalue())["reason"] == "token_expired"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="of POSIX")
def test_workers_that_share_a_pipe_do_not_mix_their_lines() -> None:
    """As the standard output of a container."""
    reading, writing = os.pipe()
    children = []
    for _ in range(3):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # from 3.12 on: of forks in a process with threads
            child = os.fork()
        if child == 0:
            try:
                log = AuditLog(open(writing, "w", encoding="utf-8"))  # noqa: SIM115  the child ends here
                for number in range(500):
                    log(REFUSED._replace(path="/" + "\x00" * number))
                log.close()
            finally:
                os._exit(0)
        children.append(child)
    os.close(writing)
    with open(reading, "rb") as pipe:
        found = [json.loads(line) for line in pipe]
    for child in children:
        os.waitpid(child, 0)

    assert len(found) == 1500


def test_the_requests_id_is_asked_for_when_the_decision_is_taken(path: Path) -> None:
    ids = iter(["r-1"])
    log = AuditLog(path, request_id=lambda: next(ids))
    log(REFUSED)
    log(REFUSED)  # StopIteration: the line counts without it
    log.close()

    assert [line["request_id"] for line in lines(path)] == ["r-1", None]


def test_lines_of_an_earlier_run_stay(path: Path) -> None:
    for number in range(2):
        log = AuditLog(path)
        log(refused(number))
        log.close()

    assert paths(path) == ["/orders/0", "/orders/1"]


def test_a_line_that_an_earlier_run_has_left_torn_spoils_no_other(path: Path) -> None:
    path.write_text('{"schema": "bear', encoding="utf-8")
    log = AuditLog(path)
    log(REFUSED)
    log.close()

    assert json.loads(path.read_text(encoding="utf-8").splitlines()[1])["path"] == "/orders"


@pytest.mark.skipif(sys.platform == "win32", reason="modes of POSIX")
def test_strangers_may_not_read_the_file(audit: AuditLog, path: Path) -> None:
    assert path.stat().st_mode & 0o007 == 0


# --- rotation, in the ways of logrotate


def test_a_file_that_is_renamed_is_followed_by_a_new_one(audit: AuditLog, path: Path) -> None:
    audit(refused(1))
    audit.flush(PATIENCE)
    path.rename(path.with_suffix(".1"))
    audit(refused(2))
    audit.flush(PATIENCE)

    assert paths(path.with_suffix(".1")) == ["/orders/1"]
    assert paths(path) == ["/orders/2"]


def test_the_file_that_was_created_in_its_place_is_used(audit: AuditLog, path: Path) -> None:
    audit(refused(1))
    audit.flush(PATIENCE)
    path.rename(path.with_suffix(".1"))
    path.touch(0o600)
    audit(refused(2))
    audit.flush(PATIENCE)

    assert paths(path) == ["/orders/2"]


def test_a_file_that_is_copied_and_truncated_begins_anew(audit: AuditLog, path: Path) -> None:
    audit(refused(1))
    audit.flush(PATIENCE)
    os.truncate(path, 0)
    audit(refused(2))
    audit.flush(PATIENCE)

    assert path.read_bytes().startswith(b"{")  # no hole where the old lines were
    assert paths(path) == ["/orders/2"]


# --- a destination that fails, or is slow


def test_a_full_disk_is_told_and_lines_wait(
    path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = [40]  # octets before the disk is full

    def write(descriptor: int, octets: bytes) -> tuple[int, OSError | None]:
        taken = os.write(descriptor, octets[: room[0]])
        room[0] -= taken
        return taken, None if taken == len(octets) else OSError(28, "No space left on device")

    log = AuditLog(path)
    monkeypatch.setattr("bearerguard.audit_log.destination._write", write)
    log(refused(1))
    log(refused(2))
    assert not log.flush(PATIENCE)
    room[0] = 1_000_000
    assert log.flush(PATIENCE)
    log.close()

    torn, *good = path.read_text(encoding="utf-8").splitlines()
    assert len(torn) == 40
    assert [json.loads(line)["path"] for line in good] == ["/orders/1", "/orders/2"]
    assert log.lost == 0
    assert [record.levelno for record in caplog.records] == [logging.ERROR, logging.WARNING]


LIMITED: Final = """
import resource, sys
from bearerguard import Event
from bearerguard.audit_log import AuditLog

log = AuditLog(sys.argv[1])
_, most = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, most))
for number in range(1000):
    log(Event("request_refused", path=str(number)))
assert not log.flush(60)
resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
assert log.flush(60)
print(log.lost)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="limits of POSIX")
def test_a_file_that_may_not_grow_gets_its_lines_once_it_may(path: Path) -> None:
    """The system itself takes a part of a line then, as it does on a full disk."""
    run = subprocess.run([sys.executable, "-c", LIMITED, str(path)], capture_output=True, text=True, timeout=60, check=True)
    texts = path.read_text(encoding="utf-8").splitlines()
    torn = [at for at, text in enumerate(texts) if not text.endswith("}")]

    assert run.stdout.strip() == "0"
    assert len(torn) == 1
    assert [json.loads(text)["path"] for at, text in enumerate(texts) if at not in torn] == [
        str(number) for number in range(1000)
    ]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="of Linux")
def test_what_a_full_disk_never_took_is_counted_and_told(caplog: pytest.LogCaptureFixture) -> None:
    log = AuditLog("/dev/full", queue_size=10)
    for number in range(600):
        log(refused(number))
        log.flush(PATIENCE) if number == 0 else None
    log.close()

    assert log.lost == 600
    assert "600 lines" in caplog.text
    assert len(caplog.records) == 2


def test_a_slow_destination_blocks_nobody_and_what_is_lost_leaves_a_line(caplog: pytest.LogCaptureFixture) -> None:
    stream = Held()
    log = AuditLog(stream, queue_size=5)
    log(refused(0))
    assert stream.asked.wait(20)
    for number in range(1, 11):
        log(refused(number))
    stream.go_on.set()
    assert log.flush(PATIENCE)
    log(refused(11))
    log.close()

    written = [json.loads(line) for line in stream.getvalue().splitlines()]
    decided = [line["path"] for line in written if line["event"] == "request_refused"]
    assert decided == [*(f"/orders/{number}" for number in range(6)), "/orders/11"]
    assert [line["lost"] for line in written if line["event"] == "lines_lost"] == [5]
    assert log.lost == 5
    assert len(caplog.records) == 1


def test_a_stream_that_fails_loses_what_it_did_not_take_and_is_told(caplog: pytest.LogCaptureFixture) -> None:
    stream = io.StringIO()
    log = AuditLog(stream)
    stream.close()
    log(refused(1))
    assert not log.flush(PATIENCE)
    log.close()

    assert log.lost == 1
    assert len(caplog.records) == 2


def test_a_line_that_cannot_be_made_loses_no_other(audit: AuditLog, path: Path, caplog: pytest.LogCaptureFixture) -> None:
    audit(REFUSED._replace(status=float("nan")))  # type: ignore[arg-type]
    audit(refused(1))
    audit.flush(PATIENCE)

    assert [line["path"] for line in lines(path) if line["event"] == "request_refused"] == ["/orders/1"]
    assert audit.lost == 1
    assert caplog.records


def test_an_error_that_nobody_expected_stops_no_later_line(
    audit: AuditLog, path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    audit(refused(1))
    audit.flush(PATIENCE)
    with monkeypatch.context() as broken:
        broken.setattr("bearerguard.audit_log.destination._write", None)
        audit(refused(2))
        assert not audit.flush(PATIENCE)
    audit(refused(3))

    assert audit.flush(PATIENCE)
    assert paths(path) == ["/orders/1", "/orders/2", "/orders/3"]
    assert [record.levelno for record in caplog.records] == [logging.ERROR, logging.WARNING]


@pytest.mark.skipif(sys.platform == "win32", reason="descriptors of POSIX")
def test_closing_a_file_that_somebody_else_has_closed_raises_nothing(path: Path) -> None:
    log = AuditLog(path)
    log(refused(1))
    log.flush(PATIENCE)
    os.close(next(int(entry) for entry in os.listdir("/dev/fd") if _is_the_file(int(entry), path)))
    log.close()
    log(refused(2))
    log.close()

    assert paths(path) == ["/orders/1", "/orders/2"]


# --- threads, forks, the end


def test_threads_may_share_it(audit: AuditLog, path: Path) -> None:
    def many(start: int) -> None:
        for number in range(start, start + 500):
            audit(refused(number))

    threads = [threading.Thread(target=many, args=(start,)) for start in range(0, 2000, 500)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    audit.flush(PATIENCE)

    assert sorted(paths(path)) == sorted(f"/orders/{number}" for number in range(2000))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="of POSIX")
def test_a_forked_child_writes_its_own_lines_and_none_of_its_parents(path: Path) -> None:
    stream = Held()
    log, held = AuditLog(path), AuditLog(stream)
    log(refused(1))
    held(refused(1))
    assert stream.asked.wait(20)
    held(refused(2))

    def child() -> bool:
        stream.go_on = threading.Event()  # of the parent: another thread of it held its lock
        stream.go_on.set()
        log(refused(3))
        held(refused(4))
        log.close()
        held.close()
        return [json.loads(line)["path"] for line in stream.getvalue().splitlines()] == ["/orders/4"]

    assert holds_in_a_child(child)
    stream.go_on.set()
    log.close()
    held.close()

    assert sorted(paths(path)) == ["/orders/1", "/orders/3"]
    assert [json.loads(line)["path"] for line in stream.getvalue().splitlines()] == ["/orders/1", "/orders/2"]


def test_it_works_on_after_it_was_closed(audit: AuditLog, path: Path) -> None:
    audit(refused(1))
    audit.close()
    audit(refused(2))
    audit.close()

    assert paths(path) == ["/orders/1", "/orders/2"]


def test_a_program_that_ends_has_written_every_line(path: Path) -> None:
    program = (
        "import sys\nfrom bearerguard import Event\nfrom bearerguard.audit_log import AuditLog\n"
        "log = AuditLog(sys.argv[1])\nfor number in range(3000): log(Event('request_refused', path=str(number)))\n"
    )
    subprocess.run([sys.executable, "-c", program, str(path)], check=True, timeout=60)

    assert paths(path) == [str(number) for number in range(3000)]


def test_one_that_is_forgotten_has_written_every_line(path: Path) -> None:
    log = AuditLog(path)
    log(refused(1))
    threads = [thread for thread in threading.enumerate() if thread.name == "bearerguard-audit-log"]
    del log
    for thread in threads:
        thread.join(20)
        assert not thread.is_alive()

    assert paths(path) == ["/orders/1"]


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
async def test_an_event_loop_waits_for_it_in_a_thread(audit: AuditLog, path: Path) -> None:
    audit(REFUSED)
    await audit.aclose()

    assert len(lines(path)) == 1


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
async def test_a_resource_server_that_closes_has_written_every_line(path: Path) -> None:
    """Some servers end their process with the signal that told them to, and run nothing after that."""
    log = AuditLog(path)
    api = ResourceServer(Issuer("https://issuer.example", jwks={"keys": [SigningKey("ES256").public_jwk()]}), "a", on_event=log)
    for number in range(2000):
        api.listeners(refused(number))
    await api.aclose()

    assert len(lines(path)) == 2000
    log.close()


# --- settings


def test_a_file_that_cannot_be_written_stops_the_start(tmp_path: Path) -> None:
    for wrong in (tmp_path, tmp_path / "nowhere" / "audit.jsonl", "", "a\0b"):
        with pytest.raises(ConfigurationError) as raised:
            AuditLog(wrong)
        assert raised.value.parameter == "destination"


@pytest.mark.parametrize(
    ("options", "parameter"),
    [({"destination": 7}, "destination"), ({"request_id": "r"}, "request_id"), ({"queue_size": -1}, "queue_size")],
)
def test_a_wrong_argument_is_named(options: dict[str, Any], parameter: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        AuditLog(**{"destination": io.StringIO(), **options})
    assert raised.value.parameter == parameter


@pytest.mark.skipif(sys.platform == "win32", reason="descriptors of POSIX")
def test_a_descriptor_that_somebody_else_has_taken_is_neither_written_nor_closed(path: Path, tmp_path: Path) -> None:
    """A daemon closes all files when it begins; the next file it opens gets the number."""
    log = AuditLog(path)
    log(refused(1))
    log.flush(PATIENCE)
    number = next(int(entry) for entry in os.listdir("/dev/fd") if _is_the_file(int(entry), path))
    other = os.open(tmp_path / "other", os.O_RDWR | os.O_CREAT)
    os.dup2(other, number)
    os.close(other)
    log(refused(2))
    log.close()

    assert paths(path) == ["/orders/1", "/orders/2"]
    assert os.fstat(number).st_size == 0
    os.close(number)


def _is_the_file(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except OSError:
        return False


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="of POSIX")
def test_a_pipe_that_nobody_reads_stops_the_start(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ConfigurationError):
        AuditLog(tmp_path / "pipe")


def test_another_working_directory_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a daemon has it once it runs."""
    monkeypatch.chdir(tmp_path)
    log = AuditLog("audit.jsonl")
    log(refused(1))
    log.flush(PATIENCE)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    log(refused(2))
    log.close()

    assert paths(tmp_path / "audit.jsonl") == ["/orders/1", "/orders/2"]


def test_a_file_whose_folder_is_gone_for_a_while_loses_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    log = AuditLog(folder / "audit.jsonl")
    log(refused(1))
    log.flush(PATIENCE)
    folder.rename(tmp_path / "elsewhere")
    log(refused(2))
    assert not log.flush(PATIENCE)
    folder.mkdir()
    assert log.flush(PATIENCE)
    log.close()

    assert paths(folder / "audit.jsonl") == ["/orders/2"]
    assert (log.lost, len(caplog.records)) == (0, 2)

"""The audit log under the real logrotate: every line is in one of the files, once."""

import gzip
import json
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from bearerguard import Event
from bearerguard.audit_log import AuditLog

pytestmark = pytest.mark.operating
RENAMING: Final = {
    "create": "create 0640",
    "nocreate": "nocreate",
    "compressed a round later": "create 0640\n  compress\n  delaycompress",
}
ROUNDS: Final = 3


def rotate(logrotate: str, home: Path, options: str) -> None:
    config = home / "logrotate.conf"
    config.write_text(f"{home}/audit.jsonl {{\n  rotate 9\n  {options}\n}}\n", encoding="utf-8")
    config.chmod(0o600)
    subprocess.run([logrotate, "--force", "--state", str(home / "state"), str(config)], check=True, timeout=60)


def numbers_in(home: Path) -> list[int]:
    return sorted(int(json.loads(line)["path"]) for file in home.glob("audit.jsonl*") for line in _text(file).splitlines())


def _text(file: Path) -> bytes:
    octets = file.read_bytes()
    return gzip.decompress(octets) if file.suffix == ".gz" else octets


@pytest.mark.parametrize("options", RENAMING.values(), ids=RENAMING)
def test_a_file_that_is_renamed_while_lines_are_written_loses_none(
    tool: Callable[[str], str], tmp_path: Path, options: str
) -> None:
    logrotate = tool("logrotate")
    log = AuditLog(tmp_path / "audit.jsonl")
    stopping, count = threading.Event(), [0]

    def write() -> None:
        while not stopping.is_set():
            for _ in range(20):
                log(Event("request_refused", path=str(count[0])))
                count[0] += 1
            log.flush()

    writing = threading.Thread(target=write)
    writing.start()
    try:
        for _ in range(ROUNDS):
            seen = count[0]
            while count[0] < seen + 100:  # something to rotate
                log.flush()
            rotate(logrotate, tmp_path, options)
    finally:
        stopping.set()
        writing.join()
        log.close()

    assert numbers_in(tmp_path) == list(range(count[0]))
    assert log.lost == 0
    assert len(list(tmp_path.glob("audit.jsonl*"))) == ROUNDS + 1


def test_a_file_that_is_copied_and_truncated_between_lines_loses_none(tool: Callable[[str], str], tmp_path: Path) -> None:
    """What is written between the copy and the truncation is lost; logrotate's manual says so of ``copytruncate``."""
    logrotate = tool("logrotate")
    log = AuditLog(tmp_path / "audit.jsonl")
    for number in range(300):
        log(Event("request_refused", path=str(number)))
        if number % 100 == 99:
            assert log.flush()
            rotate(logrotate, tmp_path, "copytruncate")
    log(Event("request_refused", path="300"))
    log.close()

    assert numbers_in(tmp_path) == list(range(301))

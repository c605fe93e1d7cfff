"""A denylist's file: one JSON object in each line."""

import json
import os
import stat
from pathlib import Path
from typing import Any, Final, NamedTuple

from bearerguard.errors import ConfigurationError, show
from bearerguard.revocation.revoked_tokens import RevokedTokens
from bearerguard.strict_json import NotStrictJson, parse_object

_LARGEST: Final = 16 * 1024 * 1024


class FileState(NamedTuple):
    """What tells one content of a file from another, without reading it."""

    inode: int
    size: int
    modified: int
    changed: int


def state_of(path: Path) -> FileState:
    """The present state.

    Raises:
        ConfigurationError: there is no regular file, or it may not be looked at.
    """
    try:
        found = os.stat(path)
    except OSError as error:
        raise _unreadable(path, error.strerror or type(error).__name__) from None
    if not stat.S_ISREG(found.st_mode):  # opening a pipe would wait
        raise _unreadable(path, "it is not a regular file")
    return FileState(found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def entries_of(path: Path) -> tuple[FileState, list[RevokedTokens]]:
    """All entries, and the state of the file before they were read.

    Raises:
        ConfigurationError: it cannot be read, or a line is wrong.
    """
    state = state_of(path)
    try:
        with path.open("rb") as file:
            text = file.read(_LARGEST + 1)
    except OSError as error:
        raise _unreadable(path, error.strerror or type(error).__name__) from None
    if len(text) > _LARGEST:
        raise _unreadable(path, f"it is larger than {_LARGEST} octets")
    return state, _entries_in(text)


def _entries_in(text: bytes) -> list[RevokedTokens]:
    entries = []
    for number, line in enumerate(text.split(b"\n"), 1):
        if line.strip():
            try:
                members: dict[str, Any] = parse_object(line.strip())
                entries.append(RevokedTokens.of(members))
            except (NotStrictJson, ConfigurationError) as error:
                raise ConfigurationError("from_file", f"line {number}: {error}", example='{"client_id": "billing"}') from None
    return entries


def append(path: Path, entry: RevokedTokens) -> None:
    """In one write, so that workers that append at once do not mix their lines."""
    line = f"\n{json.dumps(entry.members())}\n".encode()  # the last line may have no end
    with path.open("ab", buffering=0) as file:
        written = file.write(line)
    if written != len(line):
        raise OSError(f"{path} took a part of the line only: is the disk full?")


def _unreadable(path: Path, problem: str) -> ConfigurationError:
    return ConfigurationError("from_file", f"cannot read {show(str(path))}: {problem}", example='"/run/orders/denylist.jsonl"')

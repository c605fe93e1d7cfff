"""Where lines go: a file, which may be rotated while it is written, or a stream."""

import io
import os
import stat
from collections.abc import Iterator, Sequence
from os import PathLike
from typing import Any, Final, Protocol, TypeAlias

from bearerguard.checks import check_methods
from bearerguard.errors import ConfigurationError, show

_EXAMPLE: Final = '"/var/log/orders/audit.jsonl"'
_MODE: Final = 0o640  # a collector reads as its own user, in the group
_PIPE_BUF: Final = 4096  # of Linux
_FLAGS: Final = os.O_WRONLY | os.O_APPEND | os.O_CREAT
Written: TypeAlias = tuple[int, Exception | None]
"""How many lines were taken whole, and what stopped the rest."""


class Destination(Protocol):
    """Takes whole lines; called by one thread at a time."""

    @property
    def name(self) -> str:
        """For messages."""
        ...

    @property
    def keeps_what_fails(self) -> bool:
        """Whether lines that were not taken may be written again, without doubling them."""
        ...

    def write(self, lines: Sequence[bytes]) -> Written:
        """Write lines in their order. Raises nothing that a destination may cause."""
        ...

    def close(self) -> None:
        """Let go. A later write opens it again."""
        ...


def destination_of(value: object) -> Destination:
    """A path or a stream, as the user gave it.

    Raises:
        ConfigurationError: it is neither, or cannot be written to.
    """
    if isinstance(value, (str, PathLike)):
        file = _File(os.fsdecode(value))
        file.open()
        return file
    check_methods("destination", value, ["write", "flush"], example=f"{_EXAMPLE} or sys.stdout")
    return _Stream(value)


class _File:
    """Appends to a file. It is opened again when another file has taken its place.

    Several processes may append to one file: each batch of whole lines is one ``write`` with
    ``O_APPEND``, and local file systems do not mix those.
    """

    keeps_what_fails: Final = True

    def __init__(self, path: str) -> None:
        self.name = os.path.abspath(path) if path else ""  # a daemon changes the working directory later
        self._descriptor: int | None = None
        self._opened: tuple[int, int] | None = None
        self._is_torn = self._is_pipe = False

    def open(self) -> None:
        """Open it now, to see that it can be.

        Raises:
            ConfigurationError: it cannot.
        """
        if not self.name or "\0" in self.name:
            raise ConfigurationError("destination", f"expected a path, got {show(self.name)}", example=_EXAMPLE)
        try:
            self._open()
        except OSError as error:
            problem = f"cannot append to {show(self.name)}: {error.strerror or type(error).__name__}"
            raise ConfigurationError("destination", problem, example=_EXAMPLE) from None

    def write(self, lines: Sequence[bytes]) -> Written:
        """One ``write`` for all lines; to a pipe, for as many as stay together."""
        try:
            descriptor = self._current()
        except OSError as error:
            return 0, error
        whole = 0
        for group in _groups(lines) if self._is_pipe else (lines,):
            before = b"\n" if self._is_torn else b""
            taken, failure = _write(descriptor, before + b"".join(group))
            if failure is not None:
                return whole + self._whole_lines(group, taken - len(before)), failure
            self._is_torn = False
            whole += len(group)
        return whole, None

    def close(self) -> None:
        """Close the file, unless somebody else did: daemons close all files, and reuse their
        numbers.
        """
        descriptor, self._descriptor = self._descriptor, None  # first: a fork now must not keep a number that is free
        if descriptor is not None and _identity(descriptor) == self._opened:
            os.close(descriptor)

    def _whole_lines(self, lines: Sequence[bytes], taken: int) -> int:
        """How many were written whole. A torn one is written again, on a line of its own."""
        if taken < 0:
            return 0  # not even the line feed behind the last torn one
        whole = 0
        while taken >= len(lines[whole]):
            taken -= len(lines[whole])
            whole += 1
        self._is_torn = taken > 0
        return whole

    def _current(self) -> int:
        """The descriptor of the file that has the name now: logrotate renames it, or removes it."""
        if self._descriptor is not None and not (_identity(self._descriptor) == self._opened == _identity(self.name)):
            self.close()
        return self._open() if self._descriptor is None else self._descriptor

    def _open(self) -> int:
        # O_NONBLOCK: a pipe that nobody reads is an error, and does not hold up the start
        descriptor = os.open(self.name, _FLAGS | getattr(os, "O_NONBLOCK", 0), _MODE)
        if hasattr(os, "O_NONBLOCK"):
            os.set_blocking(descriptor, True)
        self._opened = _identity(descriptor)
        self._is_pipe = not stat.S_ISREG(os.fstat(descriptor).st_mode)
        self._is_torn = _ends_within_a_line(self.name)
        self._descriptor = descriptor
        return descriptor


class _Stream:
    """Writes to a stream of text or of octets, such as ``sys.stdout``.

    What fails is not written again: a stream may have kept a part of it.
    """

    keeps_what_fails: Final = False

    def __init__(self, stream: Any) -> None:
        self.name = show(getattr(stream, "name", stream))
        self._stream = stream
        self._takes_octets = isinstance(stream, (io.RawIOBase, io.BufferedIOBase))

    def write(self, lines: Sequence[bytes]) -> Written:
        """Write and flush as many lines at once as stay together: workers may share a pipe."""
        whole = 0
        for group in _groups(lines):
            octets = b"".join(group)
            try:
                self._stream.write(octets if self._takes_octets else octets.decode("ascii"))
                self._stream.flush()
            except Exception as error:  # noqa: BLE001  whatever a user's stream raises
                return whole, error
            whole += len(group)
        return whole, None

    def close(self) -> None:
        """The stream is the user's, who closes it."""


def _groups(lines: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    """Groups of lines that are small enough to be written to a pipe in one piece (POSIX, PIPE_BUF)."""
    first = size = 0
    for at, line in enumerate(lines):
        if size + len(line) > _PIPE_BUF and at > first:
            yield lines[first:at]
            first, size = at, 0
        size += len(line)
    if first < len(lines):
        yield lines[first:]


def _identity(file: int | str) -> tuple[int, int] | None:
    """Device and number of a file, by its descriptor or its path; ``None`` where there is none."""
    try:
        found = os.stat(file)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _write(descriptor: int, octets: bytes) -> tuple[int, OSError | None]:
    """How many octets were written, and what stopped the rest."""
    written = 0
    while written < len(octets):
        try:
            written += os.write(descriptor, octets[written:] if written else octets)
        except OSError as error:
            return written, error
    return written, None


def _ends_within_a_line(path: str) -> bool:
    """Whether a process has left a torn line behind, as far as the file may be read."""
    try:
        if not os.path.isfile(path):
            return False
        with open(path, "rb") as file:
            return file.seek(0, os.SEEK_END) > 0 and file.seek(-1, os.SEEK_END) >= 0 and file.read(1) != b"\n"
    except OSError:
        return False

"""The thread that writes: encoding and writing never run in an event loop."""

import atexit
import logging
from collections import deque
from collections.abc import Callable
from threading import Event as Flag
from threading import Lock, Thread
from typing import Any, Final, Generic, TypeVar

from bearerguard.after_fork import renew_after_fork
from bearerguard.audit_log.destination import Destination
from bearerguard.errors import show

Entry = TypeVar("Entry")
_logger: Final = logging.getLogger("bearerguard")
_BATCH: Final = 64  # lines; each write lets the event loop go on, which waits for the interpreter's lock meanwhile
_TRY_AGAIN: Final = 1.0
_PATIENCE: Final = 5.0


class Writer(Generic[Entry]):
    """Takes entries from any thread; makes lines of them and writes them in a thread of its own.

    The thread begins with the first entry. A forked child begins with nothing: what the parent had
    taken is the parent's to write.

    Args:
        destination: Where the lines go.
        encode: Makes a line of an entry.
        tell_lost: Makes the line that tells how many are missing.
        most: Entries that may wait. What comes beyond that is lost, and counted.

    Attributes:
        lost: Lines that this process has lost so far.
    """

    def __init__(
        self, destination: Destination, encode: Callable[[Entry], bytes], tell_lost: Callable[[int], bytes], most: int
    ) -> None:
        self.lost = 0
        self._destination = destination
        self._encode = encode
        self._tell_lost = tell_lost
        self._most = most
        self.after_fork()
        renew_after_fork(self)

    def after_fork(self) -> None:
        """In a forked child, where the parent's thread does not run."""
        self._waiting: deque[Entry] = deque()
        self._unwritten: list[bytes] = []
        self._flushes: deque[Flag] = deque()
        self._wake, self._urgent = Flag(), Flag()
        self._changing = Lock()
        self._thread: Thread | None = None
        self._is_stopping = self._is_failing = self._is_overflowing = False
        self.lost = self._told = 0
        _running.discard(self)

    def put(self, entry: Entry) -> None:
        """Hand in an entry. Never waits for the destination."""
        waiting = self._waiting
        if len(waiting) < self._most:
            waiting.append(entry)
        else:
            self._lose(1)
        if not self._wake.is_set():
            self._wake.set()
        if self._thread is None:
            self._start()

    def flush(self, timeout: float = _PATIENCE) -> bool:
        """Write what was handed in so far, and wait for it.

        Args:
            timeout: Seconds to wait at most.

        Returns:
            Whether all of it was written.
        """
        if self._thread is None:
            return not self._waiting
        done = Flag()
        self._flushes.append(done)
        self._hurry()
        return done.wait(timeout) and not self._is_failing

    def stop(self) -> None:
        """Have the thread end once it has written what is left; does not wait for that."""
        self._is_stopping = True
        self._hurry()

    def close(self) -> None:
        """Write what is left, within 5 s; what cannot be written is lost, and told.

        A later entry begins anew.
        """
        thread = self._thread
        if thread is None:
            self._write_waiting()
            self._end()
            return
        self.stop()
        thread.join(_PATIENCE)
        if thread.is_alive():
            _logger.error("the audit log %s does not take lines: %d wait, and are lost", self._name, len(self._waiting))

    # --- in the thread

    def _run(self) -> None:
        while True:
            if self._is_failing:
                self._urgent.wait(_TRY_AGAIN)
            else:
                self._wake.wait()
            self._urgent.clear()
            self._wake.clear()
            is_stopping, flushes = self._is_stopping, len(self._flushes)  # what comes later waits for the next turn
            self._write_what_can_be()
            for _ in range(flushes):
                self._flushes.popleft().set()
            if is_stopping and self._end():
                return

    def _write_what_can_be(self) -> None:
        """A thread that ended by an error would leave every later entry unwritten, without a word."""
        try:
            self._write_waiting()
        except Exception:
            if not self._is_failing:
                self._is_failing = True
                _logger.exception("the audit log %s failed; it tries again", self._name)

    def _write_waiting(self) -> None:
        """Write as many entries as wait now."""
        left = len(self._waiting)
        self._is_overflowing = self._is_overflowing and self.lost > self._told
        while left or self._unwritten or (self.lost > self._told and not self._is_failing):
            taken = min(left, _BATCH - len(self._unwritten))
            left -= taken
            self._unwritten += [line for _ in range(taken) if (line := self._line(self._waiting.popleft()))]
            missing = 0 if self._is_failing else self.lost - self._told
            told = [self._tell_lost(missing)] if missing else []
            if not self._write(told):
                return
            self._told += missing
            self._tell_overflow(missing)

    def _line(self, entry: Entry) -> bytes:
        try:
            return self._encode(entry)
        except Exception:  # whatever it is, the other lines are still to be written
            self._lose(1)
            _logger.exception("a line of the audit log could not be made")
            return b""

    def _write(self, more: list[bytes]) -> bool:
        """Write the lines made so far, and more that are made anew each time."""
        lines = self._unwritten + more
        written, failure = self._destination.write(lines)
        if not self._destination.keeps_what_fails and failure is not None:
            self._lose(len(self._unwritten[written:]))
            self._unwritten.clear()
        else:
            del self._unwritten[:written]
        if failure is None:
            self._recovered()
        elif not self._is_failing:
            self._is_failing = True
            _logger.error("the audit log %s cannot be written: %s; lines wait until it can", self._name, show(failure))
        return failure is None

    def _recovered(self) -> None:
        if self._is_failing:
            self._is_failing = False
            _logger.warning("the audit log %s is written again; %d lines are missing", self._name, self.lost - self._told)
            self._is_overflowing = True  # they are told by this

    def _tell_overflow(self, missing: int) -> None:
        if missing and not self._is_overflowing:
            self._is_overflowing = True
            _logger.error("the audit log %s lost %d lines: they came faster than it takes them", self._name, missing)

    def _end(self) -> bool:
        """Whether nothing is left to do. A thread that ends says so before its last look."""
        if self._is_failing:
            left = len(self._unwritten) + len(self._waiting)
            self._unwritten.clear()
            self._waiting.clear()
            self._lose(left)
            _logger.error("the audit log %s ends, and %d lines are lost", self._name, self.lost - self._told)
            self._told, self._is_failing = self.lost, False
        with self._changing:
            thread, self._thread = self._thread, None
            if self._waiting:
                self._thread = thread
                return False
            self._is_stopping = False
            self._destination.close()
            _running.discard(self)
            return True

    # --- in any thread

    @property
    def _name(self) -> str:
        return self._destination.name

    def _hurry(self) -> None:
        self._urgent.set()
        self._wake.set()

    def _lose(self, count: int) -> None:
        with self._changing:
            self.lost += count

    def _start(self) -> None:
        with self._changing:
            if self._thread is not None:
                return
            _running.add(self)
            thread = Thread(target=self._run, name="bearerguard-audit-log", daemon=True)
            try:
                thread.start()
            except RuntimeError:  # none may begin now: the next entry tries again, and so does the end of the program
                return
            self._thread = thread


_running: Final[set[Writer[Any]]] = set()


@atexit.register
def _close_all() -> None:
    """At the end of the program: a daemon's thread would be cut off."""
    for writer in list(_running):
        writer.close()

"""The hook: takes decisions in the event loop, and leaves the rest to a thread."""

import weakref
from collections.abc import Callable
from os import PathLike
from typing import Final, TextIO, TypeAlias

import anyio
import anyio.to_thread

from bearerguard.audit_log.destination import destination_of
from bearerguard.audit_log.line import decision, lines_lost
from bearerguard.audit_log.writer import Writer
from bearerguard.checks import checked_count
from bearerguard.clock import Clock, SystemClock
from bearerguard.errors import ConfigurationError, show
from bearerguard.events import VERDICTS, Event

_MOST: Final = 1_000_000
_Entry: TypeAlias = tuple[Event, float, object]


class AuditLog:
    """Writes one line of JSON for each decision; a hook for ``ResourceServer(on_event=…)``.

    Never blocks the event loop: a thread makes and writes the lines. While a file cannot be
    written, as many as ``queue_size`` decisions wait; what comes beyond that is lost. Losses are
    logged, are counted in ``lost``, and leave a line ``lines_lost`` once lines can be written
    again.

    A file is appended to, and may be renamed, removed or truncated by logrotate: it is opened
    again. Several processes may share one. Forks may share an ``AuditLog``.

    What a line holds is on the page OPERATING.md. Neither a token nor a query is in it. Does not
    protect the file from others who may write to it.

    Args:
        destination: Path of a file, or a stream such as ``sys.stdout``.
        request_id: Gives the present request's id; called in the event loop for each decision, such
            as the method ``get`` of a ``ContextVar``.
        queue_size: Decisions that may wait.
        clock: Wall time for the lines.

    Raises:
        ConfigurationError: the file cannot be appended to, or an argument is wrong.
    """

    def __init__(
        self,
        destination: str | PathLike[str] | TextIO,
        *,
        request_id: Callable[[], str | None] | None = None,
        queue_size: int = 10_000,
        clock: Clock | None = None,
    ) -> None:
        if request_id is not None and not callable(request_id):
            problem = f"expected a function, got {show(request_id)}"
            raise ConfigurationError("request_id", problem, example='ContextVar("request_id", default=None).get')
        self._now = (clock or SystemClock()).now
        self._request_id = request_id or (lambda: None)
        most = max(1, checked_count("queue_size", queue_size, _MOST))
        now = self._now
        self._writer: Writer[_Entry] = Writer(
            destination_of(destination), lambda entry: decision(*entry), lambda count: lines_lost(count, now()), most
        )
        self._put = self._writer.put
        weakref.finalize(self, self._writer.stop).atexit = False

    def __call__(self, event: Event) -> None:
        """Take an event. Only decisions leave a line."""
        if event.name in VERDICTS:
            self._put((event, self._now(), self._id()))

    @property
    def lost(self) -> int:
        """How many lines this process has lost."""
        return self._writer.lost

    def flush(self, timeout: float = 5.0) -> bool:
        """Wait until every decision so far is written. It blocks: not for the event loop.

        Args:
            timeout: Seconds to wait at most.

        Returns:
            Whether all are written; ``False`` also while the file cannot be written.
        """
        return self._writer.flush(timeout)

    async def aclose(self) -> None:
        """Wait until every decision so far is written; ``ResourceServer.aclose()`` does it."""
        alone = anyio.CapacityLimiter(1)  # sync endpoints that hang may have taken all the usual threads
        await anyio.to_thread.run_sync(self.flush, limiter=alone)

    def close(self) -> None:
        """Write what is left and end the thread. It happens by itself at the end of the program.

        It blocks, for 5 s at most. A later decision begins a new thread.
        """
        self._writer.close()

    def _id(self) -> object:
        try:
            return self._request_id()
        except Exception:  # noqa: BLE001  such as LookupError of a ContextVar: the decision counts without it
            return None

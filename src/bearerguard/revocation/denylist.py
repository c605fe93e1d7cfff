"""Revoked tokens, in memory or in a file that several workers share."""

from collections.abc import Iterable
from os import PathLike
from pathlib import Path
from threading import Lock, Thread
from typing import Final, Self

from bearerguard.after_fork import renew_after_fork
from bearerguard.clock import Clock, SystemClock
from bearerguard.errors import ConfigurationError
from bearerguard.principal import Principal
from bearerguard.revocation.denylist_file import FileState, append, entries_of, state_of
from bearerguard.revocation.index import Index
from bearerguard.revocation.revoked_tokens import RevokedTokens

_AT_ONCE: Final = 64 * 1024  # octets; read in 5 ms
_READ_AGAIN: Final = 1.0


class Denylist:
    """Revoked tokens, for ``ResourceServer(revoked=…)``.

    Each entry takes memory until its ``until``, so give one where tokens expire anyway. Threads may
    share it. In memory it belongs to one process: workers need ``from_file``.

    Args:
        clock: Judges ``until``.
    """

    def __init__(self, *, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._path: Path | None = None
        self._seen: FileState | None = None
        self._read_again_at = 0.0
        self._entries: list[RevokedTokens] = []
        self._index = Index(())
        self._failure: ConfigurationError | None = None
        self.after_fork()
        renew_after_fork(self)

    def after_fork(self) -> None:
        """In a forked child, where no other thread of the parent runs."""
        self._changing = Lock()
        self._is_reading = False

    @classmethod
    def from_file(cls, path: str | PathLike[str], *, clock: Clock | None = None) -> Self:
        """A list in a file, which is looked at once a second and read again when it has changed.

        Each line is a JSON object with the arguments of ``revoke``: ``{"client_id": "billing"}``.
        A file of more than 64 KiB is read in a thread, while the list of before counts.
        While the file cannot be read, or a line is wrong, every token is refused with 503: rename a
        complete file into place.

        Raises:
            ConfigurationError: it cannot be read now, or a line is wrong.
        """
        denylist = cls(clock=clock)
        denylist._path = Path(path).absolute()  # a daemon changes the working directory later
        denylist._seen, entries = entries_of(denylist._path)
        denylist._take(entries)
        denylist._read_again_at = denylist._clock.monotonic() + _READ_AGAIN
        return denylist

    def revoke(
        self,
        *,
        token_id: str | None = None,
        subject: str | None = None,
        client_id: str | None = None,
        issued_before: float | None = None,
        issuer: str | None = None,
        until: float | None = None,
    ) -> None:
        """Refuse tokens from now on; those that meet every condition given.

        A list from a file gets a line, which other workers find within a second.

        Args:
            token_id: ``jti``, or ``uti`` of Microsoft Entra.
            subject: ``sub``.
            client_id: The calling application.
            issued_before: Seconds since 1970-01-01T00:00:00Z; a token without ``iat`` counts as
                issued before.
            issuer: Only this issuer's tokens; by default any issuer's.
            until: When the entry is forgotten, in seconds since 1970-01-01T00:00:00Z; by default
                never.

        Raises:
            ConfigurationError: none of the first four is given, or a value is wrong.
            OSError: the file cannot be written.
        """
        entry = RevokedTokens(token_id, subject, client_id, issued_before, issuer, until)
        with self._changing:
            if self._path is not None:
                append(self._path, entry)
            self._take([*self._entries, entry])

    def __call__(self, principal: Principal) -> bool:
        """Whether the token was revoked.

        Raises:
            ConfigurationError: the file cannot be read, or a line is wrong.
        """
        if self._path is not None:
            self._look_at_the_file(self._path)
        index = self._index
        names = index.names
        if principal.subject not in names and principal.client_id not in names and not index.is_wide:
            return False  # most requests
        if index.cleared.get(id(principal)) is principal:
            return False
        return index.matches(principal, self._clock.now())

    def __len__(self) -> int:
        """How many entries there are."""
        return len(self._entries)

    def __bool__(self) -> bool:
        """An empty list is a list."""
        return True

    def _take(self, entries: Iterable[RevokedTokens]) -> None:
        """Swapped whole: a request sees the old list or the new one."""
        now = self._clock.now()
        self._entries = [entry for entry in entries if not entry.has_ended(now)]
        self._index = Index(self._entries)

    def _look_at_the_file(self, path: Path) -> None:
        """Once a second, also while the file is wrong: reading it takes time."""
        if self._clock.monotonic() >= self._read_again_at:
            with self._changing:
                self._read_again_at = self._clock.monotonic() + _READ_AGAIN
                self._refresh(path)
        failure = self._failure
        if failure is not None:
            raise ConfigurationError(failure.parameter, failure.problem, example=failure.example)

    def _refresh(self, path: Path) -> None:
        """Read the file if it has changed; a large one in a thread, so that the event loop goes on."""
        try:
            state = state_of(path)
        except ConfigurationError as error:
            self._seen, self._failure = None, error
            return
        if state == self._seen or self._is_reading:
            return
        if state.size > _AT_ONCE:
            self._is_reading = True
            try:
                beside = Thread(target=self._read_beside, args=(path, self._entries), name="bearerguard-denylist", daemon=True)
                beside.start()
            except RuntimeError:  # no thread may begin now
                self._is_reading = False
            else:
                return
        self._accept(_read(path))

    def _read_beside(self, path: Path, former: list[RevokedTokens]) -> None:
        outcome = _read(path)
        with self._changing:
            self._is_reading = False
            if self._entries is former:  # else an entry came meanwhile, and the file is read again
                self._accept(outcome)

    def _accept(self, outcome: tuple[FileState | None, list[RevokedTokens], ConfigurationError | None]) -> None:
        self._seen, entries, self._failure = outcome
        if self._failure is None:
            self._take(entries)


def _read(path: Path) -> tuple[FileState | None, list[RevokedTokens], ConfigurationError | None]:
    try:
        return *entries_of(path), None
    except ConfigurationError as error:
        return None, [], error

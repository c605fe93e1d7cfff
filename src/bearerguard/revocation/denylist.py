"""Revoked tokens, in memory or in a file that several workers share."""

import json
import os
from collections.abc import Iterable
from os import PathLike
from pathlib import Path
from threading import Lock
from typing import Any, Final, Self

from bearerguard.after_fork import renew_after_fork
from bearerguard.clock import Clock, SystemClock
from bearerguard.errors import ConfigurationError, show
from bearerguard.principal import Principal
from bearerguard.revocation.revoked_tokens import RevokedTokens, token_ids
from bearerguard.strict_json import NotStrictJson, parse_object

_LARGEST_FILE: Final = 16 * 1024 * 1024
_READ_AGAIN: Final = 1.0


class _Index:
    """Entries by their narrowest condition, so that most tokens cost a few look-ups."""

    __slots__ = ("by_client", "by_subject", "by_token", "names", "others")

    def __init__(self, entries: Iterable[RevokedTokens]) -> None:
        self.by_token: dict[str, list[RevokedTokens]] = {}
        self.by_subject: dict[str, list[RevokedTokens]] = {}
        self.by_client: dict[str, list[RevokedTokens]] = {}
        self.others: list[RevokedTokens] = []
        self.names: set[str] = set()
        for entry in entries:
            self.add(entry)

    def add(self, entry: RevokedTokens) -> None:
        if entry.token_id is not None:
            self.by_token.setdefault(entry.token_id, []).append(entry)
        elif entry.subject is not None:
            self.by_subject.setdefault(entry.subject, []).append(entry)
            self.names.add(entry.subject)
        elif entry.client_id is not None:
            self.by_client.setdefault(entry.client_id, []).append(entry)
            self.names.add(entry.client_id)
        else:
            self.others.append(entry)

    def candidates(self, principal: Principal) -> list[RevokedTokens]:
        """Entries whose narrowest condition the token meets, and those for all tokens."""
        found: list[RevokedTokens] = []
        if self.by_subject and principal.subject in self.by_subject:
            found += self.by_subject[principal.subject]
        if self.by_client and principal.client_id in self.by_client:
            found += self.by_client[principal.client_id]
        if self.by_token:
            for token_id in token_ids(principal):
                found += self.by_token.get(token_id, ())
        return found + self.others if self.others else found


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
        self._seen: tuple[int, ...] = ()
        self._read_again_at = 0.0
        self._entries: list[RevokedTokens] = []
        self._index = _Index(())
        self._failure: ConfigurationError | None = None
        self.after_fork()
        renew_after_fork(self)

    def after_fork(self) -> None:
        """In a forked child: another thread of the parent may have held the lock."""
        self._changing = Lock()

    @classmethod
    def from_file(cls, path: str | PathLike[str], *, clock: Clock | None = None) -> Self:
        """A list in a file, which is looked at once a second and read again when it has changed.

        Each line is a JSON object with the arguments of ``revoke``: ``{"client_id": "billing"}``.
        While the file cannot be read, or a line is wrong, every token is refused with 503: rename a
        complete file into place.

        Raises:
            ConfigurationError: it cannot be read now, or a line is wrong.
        """
        denylist = cls(clock=clock)
        denylist._path = Path(path)
        denylist._read()
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
                _append(self._path, entry)
            self._take([*self._entries, entry])

    def __call__(self, principal: Principal) -> bool:
        """Whether the token was revoked.

        Raises:
            ConfigurationError: the file cannot be read, or a line is wrong.
        """
        if self._path is not None:
            self._look_at_the_file()
        index = self._index
        if principal.subject not in index.names and principal.client_id not in index.names and not index.others:
            if not index.by_token:
                return False  # most requests
            read = principal.claims.get
            jti, uti = read("jti"), read("uti")
            if (type(jti) is not str or jti not in index.by_token) and (type(uti) is not str or uti not in index.by_token):
                return False
        now = self._clock.now()
        return any(entry.means(principal, now) for entry in index.candidates(principal))

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
        self._index = _Index(self._entries)

    def _look_at_the_file(self) -> None:
        """Once a second, also while the file is wrong: reading it takes time."""
        if self._clock.monotonic() >= self._read_again_at:
            with self._changing:
                self._read_again_at = self._clock.monotonic() + _READ_AGAIN
                try:
                    self._read()
                    self._failure = None
                except ConfigurationError as error:
                    self._failure = error
        failure = self._failure
        if failure is not None:
            raise ConfigurationError(failure.parameter, failure.problem, example=failure.example)

    def _read(self) -> None:
        """Read the file if it has changed."""
        path = self._path
        if path is None:
            return
        try:
            state = os.stat(path)
            seen = (state.st_ino, state.st_size, state.st_mtime_ns, state.st_ctime_ns)
            if seen != self._seen:
                self._seen = ()
                self._take(_entries_in(_text_of(path)))
                self._seen = seen
        except OSError as error:
            self._seen = ()
            raise _unreadable(path, error.strerror or type(error).__name__) from None


def _text_of(path: Path) -> bytes:
    with path.open("rb") as file:
        text = file.read(_LARGEST_FILE + 1)
    if len(text) > _LARGEST_FILE:
        raise _unreadable(path, f"it is larger than {_LARGEST_FILE} octets")
    return text


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


def _append(path: Path, entry: RevokedTokens) -> None:
    """In one write, so that workers that append at once do not mix their lines."""
    line = f"\n{json.dumps(entry.members())}\n".encode()  # the last line may have no end
    with path.open("ab", buffering=0) as file:
        written = file.write(line)
    if written != len(line):
        raise OSError(f"{path} took a part of the line only: is the disk full?")


def _unreadable(path: Path, problem: str) -> ConfigurationError:
    return ConfigurationError("from_file", f"cannot read {show(str(path))}: {problem}", example='"/run/orders/denylist.jsonl"')

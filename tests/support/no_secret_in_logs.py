"""A plugin of pytest: no log record of the suite holds a token or secret that the suite made (CWE-532).

Each JWT that is signed, each opaque token that is issued and each ``Secret`` of a client is kept, in pieces. Each record of the
library's logger is looked at down to ``DEBUG``, whatever level a test has set, and of other loggers what a test lets through:
message, fields and traceback. A test that let one out fails when it is torn down.

What programs write that tests start is not seen.
"""

import logging
import re
import traceback
from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest
from hypothesis import currently_in_test_context

from bearerguard.client_authentication.secret import Secret
from bearerguard.testing.signing_key import SigningKey
from bearerguard.testing.token_store import TokenStore

_RUN: Final = re.compile(r"[\w-]{12,}", re.ASCII)
_TELLING: Final = re.compile(r"(?s)[\w.~+/=-]+|-----BEGIN .*", re.ASCII)
"""One word without spaces, or a key: what a token or a good secret looks like, and no sentence or document does."""
_NAME: Final = re.compile(r"[A-Za-z_]+|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""Tests also take names and GUIDs for secrets, which stand in other places of a log, too."""
_PIECE: Final = 16
"""Characters that tell: of fewer, a cut token tells nothing."""
_USUAL: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class Secrets:
    """What must not be found, so that a text is searched in the time that its own length takes."""

    def __init__(self) -> None:
        self._whole: set[str] = set()
        self._pieces: set[str] = set()

    def keep(self, secret: object) -> None:
        """A token, secret or key, as text or octets; what is shorter than 12 characters is not kept."""
        text = secret.decode("latin-1") if isinstance(secret, bytes) else secret
        if not isinstance(text, str) or not _TELLING.fullmatch(text) or _NAME.fullmatch(text):
            return
        for run in _RUN.findall(text):
            self._whole.add(run)
            starts = range(0, len(run) - _PIECE + 1, _PIECE)
            self._pieces.update(run[start : start + _PIECE] for start in (*starts[:3], *starts[-1:]))

    def told_by(self, text: str) -> str:
        """The first piece of a secret in a text; empty where there is none."""
        for found in _RUN.finditer(text):
            run = found[0]
            pieces = (run[start : start + _PIECE] for start in range(len(run) - _PIECE + 1))
            if run in self._whole or any(piece in self._pieces for piece in pieces):
                return run
        return ""


class Records:
    """The records of one test, as texts."""

    def __init__(self) -> None:
        self._texts: list[str] = []

    def keep(self, record: logging.LogRecord) -> None:
        """All that a handler could write of it."""
        fields = {name: value for name, value in vars(record).items() if name not in _USUAL}
        error = "".join(traceback.format_exception(record.exc_info[1])) if record.exc_info else ""
        self._texts.append(f"{record.getMessage()} {fields} {error}")

    def taken(self) -> list[str]:
        """Those so far; they are forgotten."""
        texts, self._texts = self._texts, []
        return texts


SECRETS: Final = Secrets()
RECORDS: Final = Records()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown() -> Iterator[None]:
    """Search what a test has logged, its fixtures included."""
    yield
    for text in RECORDS.taken():
        piece = SECRETS.told_by(text)
        if piece:
            pytest.fail(f"{piece} is of a token or secret, and was logged: {text}", pytrace=False)


def pytest_configure() -> None:
    """Begin to keep secrets and records."""
    _watch_secrets()
    _watch_records()


def _watch_secrets() -> None:
    _keep_result(SigningKey, "compact")
    _keep_result(TokenStore, "issue")
    usual: Any = Secret.__init__

    def __init__(self: Secret, value: object) -> None:  # noqa: N807
        if not currently_in_test_context():  # hypothesis takes texts of our own source for secrets, too
            SECRETS.keep(value)
        usual(self, value)

    Secret.__init__ = __init__  # type: ignore[method-assign]


def _keep_result(owner: type, name: str) -> None:
    made: Callable[..., Any] = getattr(owner, name)

    def kept(*args: Any, **kwargs: Any) -> Any:
        result = made(*args, **kwargs)
        SECRETS.keep(result)
        return result

    setattr(owner, name, kept)


def _watch_records() -> None:
    ours = logging.getLogger("bearerguard")
    handle = logging.Logger.handle

    def watched(self: logging.Logger, record: logging.LogRecord) -> None:
        RECORDS.keep(record)
        if self is not ours or record.levelno >= self.getEffectiveLevel():
            handle(self, record)

    logging.Logger.handle = watched  # type: ignore[method-assign]
    ours.isEnabledFor = lambda level: level > ours.manager.disable  # type: ignore[method-assign]

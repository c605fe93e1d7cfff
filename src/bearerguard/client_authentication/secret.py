"""A secret that no ``repr``, log line or crash report with local variables shows."""

import os
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final, NoReturn, TypeAlias, cast

from bearerguard.errors import ConfigurationError

MAX_FILE: Final = 64 * 1024
"""Octets a file with a secret may have."""

SecretText: TypeAlias = str | Callable[[], str]
"""A secret, or a function that gives the present one, called for each token request."""
SecretPem: TypeAlias = str | bytes | Callable[[], str | bytes]
"""A key or certificate in PEM, or a function that gives the present one."""
SecretPath: TypeAlias = str | os.PathLike[str]
"""A file that is read again for each token request."""

_HIDDEN: Final = "***"
_SHOWN: Final = 500


class Secret:
    """A client secret, key, password, assertion or access token: only its methods give it out.

    A public function seals what it is given as its first step, whatever its type: text, octets, or
    a function that gives the present value. Everything below gets a ``Secret``, and judges its type
    where it is used.
    """

    __slots__ = ("_value",)

    def __init__(self, value: object) -> None:
        self._value = value

    @classmethod
    def sealed(cls, value: object) -> "Secret | None":
        """``value`` as a secret; one that is sealed already, and ``None``, stay as they are."""
        return value if value is None or isinstance(value, Secret) else cls(value)

    @classmethod
    def of_file(cls, parameter: str, path: SecretPath) -> "Secret":
        """The content of a file, read each time, without a line break at its end.

        Raises:
            ConfigurationError: ``path`` is not a path, or cannot be read now.
        """
        file = _SecretFile(parameter, path)
        file()
        return cls(file)

    @classmethod
    def one_of(cls, parameter: str, given: "Secret | None", file: "SecretPath | Secret | None") -> "Secret | None":
        """A setting that may be given or be in a file; what is sealed already stays as it is.

        Raises:
            ConfigurationError: both were given, or the file cannot be read.
        """
        if file is None:
            return given
        if given is not None:
            raise ConfigurationError(f"{parameter}_file", f"{parameter} was given, too", example=f"{parameter}=None")
        return file if isinstance(file, Secret) else cls.of_file(f"{parameter}_file", file)

    @property
    def may_change(self) -> bool:
        """Whether it comes from a function or a file."""
        return callable(self._value)

    @property
    def is_function(self) -> bool:
        """Whether it comes from a user's function, which is not called before the first request."""
        return self.may_change and not isinstance(self._value, _SecretFile)

    def current(self, parameter: str) -> "Secret":
        """This secret itself, or what its function or file gives now.

        Raises:
            ConfigurationError: names ``parameter``: the file cannot be read, or the function
                raised.
        """
        if not self.may_change:
            return self
        try:
            return Secret(cast("Callable[[], object]", self._value)())
        except ConfigurationError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever a user's function raises
            kind = type(error).__name__
        # raised out here: what the function raised may hold the secret
        raise ConfigurationError(parameter, f"its function raised {kind}", example="a function that returns the present value")

    def is_text(self, pattern: re.Pattern[str]) -> bool:
        """Whether it is text that matches as a whole."""
        return isinstance(self._value, str) and pattern.fullmatch(self._value) is not None

    def reveal(self) -> str:
        """The text itself, for the wire.

        Raises:
            TypeError: it is not text.
        """
        if not isinstance(self._value, str):
            raise TypeError("expected text")
        return self._value

    def octets(self) -> bytes:
        """The octets of a text in UTF-8, or octets as they are.

        Raises:
            TypeError: it is neither.
        """
        if isinstance(self._value, str):
            return self._value.encode()
        if not isinstance(self._value, (bytes, bytearray)):
            raise TypeError("expected text or octets")
        return bytes(self._value)

    def __repr__(self) -> str:
        """Three stars."""
        return _HIDDEN

    def __reduce__(self) -> NoReturn:
        """A pickle would hold the text in clear."""
        raise TypeError("a secret cannot be pickled or copied")


class _SecretFile:
    """Reads a file again each time; its path may be shown."""

    __slots__ = ("_parameter", "_path")

    def __init__(self, parameter: str, path: SecretPath) -> None:
        if not isinstance(path, (str, os.PathLike)) or not str(path):
            raise ConfigurationError(parameter, f"expected a path, got {path!r}", example='"/run/secrets/orders"')
        self._parameter = parameter
        self._path = Path(path)

    def __call__(self) -> str:
        try:
            with self._path.open("rb") as file:
                octets = file.read(MAX_FILE + 1)
            text = octets.decode()
        except OSError as why:
            problem = f"{str(self._path)!r} cannot be read: {why.strerror}"
        except UnicodeDecodeError:
            problem = f"{str(self._path)!r} is not UTF-8"
        else:
            problem = "" if len(octets) <= MAX_FILE else f"{str(self._path)!r} is larger than {MAX_FILE} octets"
        if problem:
            raise ConfigurationError(self._parameter, problem, example='"/run/secrets/orders"')
        return text.removesuffix("\n").removesuffix("\r")


def presentable(text: str, secrets: Iterable[Secret] = ()) -> str:
    """What somebody else wrote, fit for a log: no secrets, one line, at most 500 characters.

    An endpoint may repeat what it was sent, and a line break in its answer must not forge a log
    entry.
    """
    for secret in secrets:
        text = text.replace(secret.reveal(), _HIDDEN)
    line = " ".join("".join(character if character.isprintable() else " " for character in text[:_SHOWN]).split())
    return line if len(text) <= _SHOWN else f"{line}…"

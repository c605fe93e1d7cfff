"""A secret that does not show itself in a ``repr``, a log line or a crash report that prints local variables."""

from collections.abc import Iterable
from typing import Final, NoReturn, TypeAlias

_HIDDEN: Final = "***"
_SHOWN: Final = 500


class Secret:
    """Text that only :meth:`reveal` gives out: a client secret, an assertion, an access token."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself, for the wire."""
        return self._text

    def __repr__(self) -> str:
        """Three stars."""
        return _HIDDEN

    def __reduce__(self) -> NoReturn:
        """A pickle would hold the text in clear."""
        raise TypeError("a secret cannot be pickled or copied")


class Unseen:
    """A setting as it was given, of whatever type: it does not show itself, and is judged where it is used.

    Attributes:
        value: The setting; never the value of a local variable, which a crash report would print.
    """

    __slots__ = ("value",)

    def __init__(self, value: object) -> None:
        self.value = value

    def __repr__(self) -> str:
        """Three stars."""
        return _HIDDEN


Hidden: TypeAlias = str | bytes | Unseen | None
"""A secret setting, from a caller or already hidden."""


def unseen(value: object) -> Unseen | None:
    """``value`` hidden from now on; nothing stays nothing."""
    return value if value is None or isinstance(value, Unseen) else Unseen(value)


def presentable(text: str, secrets: Iterable[Secret] = ()) -> str:
    """What somebody else wrote, fit for a log: secrets blotted out, one line, at most 500 characters.

    An endpoint may repeat what it was sent, and a line break in its answer must not forge a log entry.
    """
    for secret in secrets:
        text = text.replace(secret.reveal(), _HIDDEN)
    line = " ".join("".join(character if character.isprintable() else " " for character in text[:_SHOWN]).split())
    return line if len(text) <= _SHOWN else f"{line}…"

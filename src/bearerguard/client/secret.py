"""A secret that does not show itself in a ``repr``, a log line or a crash report that prints local variables."""

from collections.abc import Iterable
from typing import Final, NoReturn

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


def presentable(text: str, secrets: Iterable[Secret] = ()) -> str:
    """What somebody else wrote, fit for a log: secrets blotted out, one line, at most 500 characters.

    An endpoint may repeat what it was sent, and a line break in its answer must not forge a log entry.
    """
    for secret in secrets:
        text = text.replace(secret.reveal(), _HIDDEN)
    line = " ".join("".join(character if character.isprintable() else " " for character in text[:_SHOWN]).split())
    return line if len(text) <= _SHOWN else f"{line}…"

"""The segments of a route's paths, as far as the rows of a policy can tell strings apart."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, TypeAlias

from bearerguard.authorization.policy_row import CONVERTERS, Converter

# Every string that is not empty is of one of these kinds. They differ in the converters that take
# them, and each has so many strings that no policy has a literal for all of them.
_UUID: Final = "8f3c1d52-0b6e-4c49-9d55-2f1f6a0f3b11"
_BOTH: Final = "1" * 32  # a UUID and a number
_CHARACTERS: Final = {
    "text": None,
    "7": "0123456789",
    "7.5": "0123456789.",
    _UUID: "0123456789abcdefABCDEF-",
    _BOTH: "0123456789",
}


@dataclass(frozen=True, slots=True, eq=False)
class Texts:
    """The strings that a segment with a parameter may be, with text around it or not.

    Attributes:
        takes: Whether a string is one of them.
        kinds: An example of each kind of string among them; the example itself need not be one.
    """

    takes: Callable[[str], object]
    kinds: tuple[str, ...]


RouteSegment: TypeAlias = str | Texts | Converter
"""A literal, what a parameter takes, or ``REST`` at the end: anything, slashes included."""


def kinds_with(characters: Iterable[str]) -> tuple[str, ...]:
    """The kinds of string that may have all these characters."""
    found = set(characters)
    return tuple(kind for kind, alphabet in _CHARACTERS.items() if alphabet is None or found.issubset(alphabet))


def texts_of(converter: Converter) -> Texts:
    """What a converter takes, for a route that has it."""
    return Texts(converter.takes, tuple(filter(converter.takes, _CHARACTERS)))


ANY: Final = Texts(lambda _: True, tuple(_CHARACTERS))
TEXTS: Final = {name: texts_of(converter) for name, converter in CONVERTERS.items()}

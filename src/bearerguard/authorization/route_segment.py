"""What the paths of a route have between their slashes, as far as the rows of a policy can tell texts apart."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, TypeAlias

from bearerguard.authorization.policy_row import CONVERTERS, Converter

# Every text but an empty one is of one of these kinds, which differ in the converters that take them. Each kind has so many texts
# that no policy has a literal for all of them.
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
    """The texts that a parameter of a route, or a parameter with something before or behind it, stands for.

    Attributes:
        takes: Whether a text is one of them.
        kinds: An example of each kind of text that there may be among them; the example itself need not be.
    """

    takes: Callable[[str], object]
    kinds: tuple[str, ...]


RouteSegment: TypeAlias = str | Texts | Converter
"""A text, what a parameter takes, or at the end ``REST``: anything, slashes included."""


def kinds_with(characters: Iterable[str]) -> tuple[str, ...]:
    """The kinds of text that may have all these characters."""
    found = set(characters)
    return tuple(kind for kind, alphabet in _CHARACTERS.items() if alphabet is None or found.issubset(alphabet))


def texts_of(converter: Converter) -> Texts:
    """What a converter of rows takes, where a route has it."""
    return Texts(converter.takes, tuple(filter(converter.takes, _CHARACTERS)))


ANY: Final = Texts(lambda _: True, tuple(_CHARACTERS))
TEXTS: Final = {name: texts_of(converter) for name, converter in CONVERTERS.items()}

"""One row of a path policy: ``"GET,POST /orders/{id}": role("Read.All")``.

A path pattern is read segment by segment into literals and parameters; it is never made into a regular expression. The converters
are Starlette's, so that a row takes the paths which a route of the same spelling serves.
Source: https://www.starlette.io/routing/#path-parameters
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, NoReturn, TypeAlias

from bearerguard.authorization.combination import Requirement
from bearerguard.errors import ConfigurationError, show

# RFC 9110 §9.3, RFC 5789 (PATCH), RFC 10008 (QUERY). Any other method is reached only by a row without methods.
METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "QUERY", "WEBSOCKET"})

# CVE-2020-8595, CVE-2022-22978: what a router and a rule read differently. No pattern has one, and no parameter takes one.
UNSAFE: Final = re.compile("[\x00-\x1f\x7f\ufffd]")

DOT_SEGMENTS: Final = frozenset({".", ".."})  # RFC 3986 §3.3; clients remove them, so that who sends one means it

_EXAMPLE: Final = '{"GET /orders/{id}": role("Read.All"), "POST /orders": role("Write.All"), "/health": PathPolicy.PUBLIC}'
_PARAMETER: Final = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)(?::([a-z]+))?\}")
_FOREIGN: Final = "<>*"  # Flask, Django and Quart; globs. Express has a colon at the beginning
_PERCENT_ENCODED: Final = re.compile("%[0-9A-Fa-f]{2}")
UUID: Final = "[0-9a-fA-F]{8}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{12}"  # as in Starlette


class Public(Enum):
    """The type of ``PathPolicy.PUBLIC`` and ``PathPolicy.OPTIONAL``: what is reached without a token."""

    PUBLIC = "public"
    OPTIONAL = "optional"

    def __repr__(self) -> str:
        return f"PathPolicy.{self.name}"


@dataclass(frozen=True, slots=True, eq=False)
class Converter:
    """What a parameter takes: ``takes(segment)`` is truthy. One object for each converter, told apart by identity.

    Any two converters have texts in common, for example 32 digits: a whole number, a decimal one, a UUID and a string.
    """

    name: str
    takes: Callable[[str], object]


REST: Final = Converter("path", lambda _: True)
CONVERTERS: Final = {
    converter.name: converter
    for converter in (
        Converter("str", bool),
        Converter("int", re.compile("[0-9]+").fullmatch),
        Converter("float", re.compile(r"[0-9]+(?:\.[0-9]+)?").fullmatch),
        Converter("uuid", re.compile(UUID).fullmatch),
        REST,
    )
}

Segment: TypeAlias = str | Converter


@dataclass(frozen=True, slots=True)
class PolicyRow:
    """A row as it was written, for an audit.

    Attributes:
        text: Methods and path pattern.
        methods: Methods in the order they were written; empty stands for every method and for websockets.
        path: The path pattern.
        requirement: What the caller must hold, ``PathPolicy.PUBLIC`` or ``PathPolicy.OPTIONAL``.
        segments: What lies between the slashes of the path; a final ``{name:path}`` is ``REST``.
    """

    text: str
    methods: tuple[str, ...]
    path: str
    requirement: Requirement | Public
    segments: tuple[Segment, ...] = field(repr=False)

    @property
    def is_literal(self) -> bool:
        """Whether the pattern has no parameter, so that it names one path."""
        return all(isinstance(segment, str) for segment in self.segments)


def read_row(text: object, requirement: object) -> PolicyRow:
    """Reads methods separated by commas and one space, or nothing; a path pattern; and a requirement.

    Raises:
        ConfigurationError: The row is malformed; the message shows it.
    """
    if not isinstance(text, str):
        _refuse(text, "is no string")
    if not isinstance(requirement, Requirement | Public):
        _refuse(text, f"has {show(requirement)}, which is neither a requirement nor PathPolicy.PUBLIC or OPTIONAL")
    methods, space, path = ("", "", text) if text.startswith("/") else text.partition(" ")
    if not path.startswith("/"):
        _refuse(
            text, "is not 'METHOD /path' or '/path': methods separated by commas, one space, and a path that begins with a slash"
        )
    if path != path.rstrip():
        _refuse(text, "ends in blanks, which would belong to the path")
    if UNSAFE.search(path):
        _refuse(text, "has a control character or U+FFFD, and no path with such is ever let through")
    if "?" in path or "#" in path:
        _refuse(text, "has ? or #, but neither query nor fragment is part of a path")
    if _PERCENT_ENCODED.search(path):
        _refuse(text, "is percent-encoded, but paths are matched decoded")
    return PolicyRow(text, _methods(text, methods) if space else (), path, requirement, _segments(text, path))


def _methods(row: str, text: str) -> tuple[str, ...]:
    methods = tuple(text.split(","))
    for method in methods:
        if method not in METHODS:
            _refuse(row, f"names the method {show(method)}, not one of {', '.join(sorted(METHODS))}")
    if len(set(methods)) < len(methods):
        _refuse(row, "names a method twice")
    return methods


def _segments(row: str, path: str) -> tuple[Segment, ...]:
    names: set[str] = set()
    segments = tuple(_segment(row, text, names) for text in path[1:].split("/"))
    if REST in segments[:-1]:
        _refuse(row, "goes on after a path parameter, which takes all the rest")
    return segments


def _segment(row: str, text: str, names: set[str]) -> Segment:
    if text in DOT_SEGMENTS:
        _refuse(row, "has a segment . or .., and no path with such is ever let through")
    if text.startswith(":") or any(character in text for character in _FOREIGN):
        _refuse(
            row,
            f"has the segment {show(text)}, which is a parameter elsewhere and would be a mere text here: write {{name}}, "
            "{name:int}, or {rest:path} at the end for all that follows",
        )
    if "{" not in text and "}" not in text:
        return text
    parameter = _PARAMETER.fullmatch(text)
    if parameter is None:
        _refuse(row, f"has the segment {show(text)}, but a parameter is a whole segment: {{name}} or {{name:converter}}")
    name, converter = parameter.groups("str")
    if converter not in CONVERTERS:
        _refuse(row, f"has the converter {show(converter)}, not one of {', '.join(CONVERTERS)}")
    if name in names:
        _refuse(row, f"names two parameters {name}")
    names.add(name)
    return CONVERTERS[converter]


def _refuse(row: object, problem: str) -> NoReturn:
    raise ConfigurationError("policy", f"the row {row!r} {problem}", example=_EXAMPLE)

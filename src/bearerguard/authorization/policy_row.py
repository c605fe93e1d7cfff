"""One row of a path policy: ``"GET,POST /orders/{id}": role("Read.All")``.

A path pattern is read segment by segment into literals and parameters. It never becomes a regular
expression. The converters are Starlette's, so a row takes the paths that a route of the same
spelling serves.

Source: https://www.starlette.io/routing/#path-parameters
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, NoReturn, TypeAlias

from bearerguard.authorization.combination import Requirement
from bearerguard.errors import ConfigurationError, show

# RFC 9110 §9.3, RFC 5789 (PATCH), RFC 10008 (QUERY). Only a row without methods covers any other.
METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "QUERY", "WEBSOCKET"})

# CVE-2020-8595, CVE-2022-22978: routers and rules read these differently. No pattern may have one,
# and no parameter takes one.
UNSAFE: Final = re.compile("[\x00-\x1f\x7f\ufffd]")

DOT_SEGMENTS: Final = frozenset({".", ".."})  # RFC 3986 §3.3; clients remove them, so anyone who sends one means it

_EXAMPLE: Final = '{"GET /orders/{id}": role("Read.All"), "POST /orders": role("Write.All"), "/health": PathPolicy.PUBLIC}'
_PARAMETER: Final = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)(?::([a-z]+))?\}")
_FOREIGN: Final = "<>*"  # Flask, Django, Quart, globs; Express begins with a colon
_PERCENT_ENCODED: Final = re.compile("%[0-9A-Fa-f]{2}")
UUID: Final = "[0-9a-fA-F]{8}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{12}"  # as in Starlette


class Public(Enum):
    """The type of ``PathPolicy.PUBLIC`` and ``PathPolicy.OPTIONAL``: reachable without a token."""

    PUBLIC = "public"
    OPTIONAL = "optional"

    def __repr__(self) -> str:
        return f"PathPolicy.{self.name}"


@dataclass(frozen=True, slots=True, eq=False)
class Converter:
    """What a parameter takes: the segments for which ``takes(segment)`` is true.

    There is one object for each converter; they are compared by identity. Any two converters take
    some string that both take: 32 digits are a whole number, a decimal number, a UUID and a string.
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
        methods: Methods in the order they were written; if empty, every method and websockets.
        path: The path pattern.
        requirement: What the caller must hold, ``PathPolicy.PUBLIC`` or ``PathPolicy.OPTIONAL``.
        segments: The segments of the path; a final ``{name:path}`` is ``REST``.
    """

    text: str
    methods: tuple[str, ...]
    path: str
    requirement: Requirement | Public
    segments: tuple[Segment, ...] = field(repr=False)

    @property
    def is_literal(self) -> bool:
        """Whether the pattern has no parameter and so names one path."""
        return all(isinstance(segment, str) for segment in self.segments)


def read_row(text: object, requirement: object) -> PolicyRow:
    """Reads a row: optional methods, separated by commas, one space, and a path pattern.

    Raises:
        ConfigurationError: The row is malformed. The message shows it.
    """
    if not isinstance(text, str):
        _refuse(text, "is not a string")
    if not isinstance(requirement, Requirement | Public):
        _refuse(text, f"has {show(requirement)}, which is neither a requirement nor PathPolicy.PUBLIC or OPTIONAL")
    methods, space, path = ("", "", text) if text.startswith("/") else text.partition(" ")
    if not path.startswith("/"):
        _refuse(
            text, "is not 'METHOD /path' or '/path': methods separated by commas, one space, and a path that begins with a slash"
        )
    if path != path.rstrip():
        _refuse(text, "ends in blanks, which would be part of the path")
    if UNSAFE.search(path):
        _refuse(text, "has a control character or U+FFFD; such paths are always refused")
    if "?" in path or "#" in path:
        _refuse(text, "has ? or #, but a path has neither query nor fragment")
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
        _refuse(row, "continues after a path parameter, which takes the whole rest")
    return segments


def _segment(row: str, text: str, names: set[str]) -> Segment:
    if text in DOT_SEGMENTS:
        _refuse(row, "has a segment . or ..; such paths are always refused")
    if text.startswith(":") or any(character in text for character in _FOREIGN):
        _refuse(
            row,
            f"has the segment {show(text)}, a parameter in other frameworks and only text here: write {{name}}, "
            "{name:int}, or {rest:path} at the end for the whole rest",
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
        _refuse(row, f"has two parameters with the name {name}")
    names.add(name)
    return CONVERTERS[converter]


def _refuse(row: object, problem: str) -> NoReturn:
    raise ConfigurationError("policy", f"the row {row!r} {problem}", example=_EXAMPLE)

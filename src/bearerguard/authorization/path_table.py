"""Which row names this path? A tree of segments; no two rows in it name the same path."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from bearerguard.authorization.policy_row import DOT_SEGMENTS, REST, UNSAFE, Converter, PolicyRow, Segment
from bearerguard.authorization.route_segment import ANY, RouteSegment, Texts
from bearerguard.errors import ConfigurationError

_EXAMPLE: Final = '"GET /orders/export" with "GET /orders/{id:int}" or "GET /orders/{id:uuid}"'


class _Node:
    """All rows that begin alike: ``row`` ends here, ``rest`` takes everything that follows."""

    __slots__ = ("literals", "parameters", "rest", "row")

    def __init__(self) -> None:
        self.literals: dict[str, _Node] = {}
        self.parameters: tuple[tuple[Converter, _Node], ...] = ()  # four at most
        self.row: PolicyRow | None = None
        self.rest: PolicyRow | None = None

    def below(self, segment: Segment) -> "_Node":
        """The node behind a segment, created if it is new."""
        if isinstance(segment, str):
            return self.literals.setdefault(segment, _Node())
        for converter, node in self.parameters:
            if converter is segment:
                return node
        node = _Node()
        self.parameters += ((segment, node),)
        return node

    def meeting(self, segment: Segment) -> list["_Node"]:
        """The nodes behind all segments that take some string that this one takes, too."""
        if isinstance(segment, str):
            nodes = [node for converter, node in self.parameters if converter.takes(segment)]
            return [*nodes, self.literals[segment]] if segment in self.literals else nodes
        # any two converters take some string that both take
        return [*(node for text, node in self.literals.items() if segment.takes(text)), *(node for _, node in self.parameters)]

    def meeting_in_any_case(self, segment: str) -> list["_Node"]:
        """The nodes behind all segments that take this string, in any case."""
        literals = [node for text, node in self.literals.items() if text.lower() == segment.lower()]
        return literals + [node for converter, node in self.parameters if converter.takes(segment)]


class PathTable:
    """The rows of one method. At most one of them names a path, so their order means nothing.

    Attributes:
        literal: The rows without parameters, by path.
    """

    __slots__ = ("_depth", "_root", "literal")

    def __init__(self) -> None:
        self.literal: dict[str, PolicyRow] = {}
        self._root = _Node()
        self._depth = 1

    def add(self, row: PolicyRow) -> None:
        """Adds a row.

        Raises:
            ConfigurationError: An earlier row names a path that this one names, too. The message
                shows both.
        """
        for earlier in _overlapping(self._root, row.segments):
            problem = (
                f"the rows {earlier.text!r} and {row.text!r} overlap: some requests match both. "
                "Join them in one row, or give a parameter a converter that does not take the other row's segment"
            )
            raise ConfigurationError("policy", problem, example=_EXAMPLE)
        node = self._root
        for segment in row.segments:
            if segment is REST:
                node.rest = row
                break
            node = node.below(segment)
        else:
            node.row = row
        if row.is_literal:
            self.literal[row.path] = row
        self._depth = max(self._depth, len(row.segments))

    def find(self, path: str) -> PolicyRow | None:
        """The row that names the path, code point by code point; ``None`` if there is none.

        A search visits each node at most once, whatever path a caller sends.
        """
        if "\ufffd" in path or (not path.isprintable() and UNSAFE.search(path)):
            return None
        # what lies deeper than the table stays in one piece, with its slashes: only a rest takes it
        segments = iter(path.split("/", self._depth + 1))
        return None if next(segments) else _search(self._root, segments)

    def find_in_any_case(self, path: str) -> set[PolicyRow]:
        """All rows that name the path, in any case."""
        nodes, rows = [self._root], set[PolicyRow | None]()
        for segment in path.split("/", self._depth + 1)[1:]:
            rows.update(node.rest for node in nodes)
            nodes = [below for node in nodes for below in node.meeting_in_any_case(segment)]
        rows.update(node.row for node in nodes)
        return {row for row in rows if row is not None}

    def rows_of(self, segments: Sequence[RouteSegment]) -> set[PolicyRow | None]:
        """All rows that name paths of a route, and ``None`` if no row names some of its paths.

        No path is tried out. Strings that no row tells apart are followed together, so the answer
        holds for every path.
        """
        written = [segment for segment in segments if isinstance(segment, str)]
        if any(text in DOT_SEGMENTS or UNSAFE.search(text) for text in written):
            return {None}
        return _rows_beneath([self._root], tuple(segments))


def _rows_beneath(nodes: Sequence[_Node], segments: tuple[RouteSegment, ...]) -> set[PolicyRow | None]:
    if not segments:
        return {next((node.row for node in nodes if node.row is not None), None)}
    for node in nodes:
        if node.rest is not None:
            return {node.rest}  # it takes everything that follows, and no other row does
    if not nodes:
        return {None}
    segment, *others = segments
    if isinstance(segment, str):
        return _rows_beneath([below for node in nodes for below in node.meeting(segment)], tuple(others))
    ways: list[tuple[RouteSegment, ...]] = [(), (REST,)] if segment is REST else [tuple(others)]
    return {
        row
        for below in _steps(nodes, segment if isinstance(segment, Texts) else ANY)
        for way in ways
        for row in _rows_beneath(below, way)
    }


def _steps(nodes: Sequence[_Node], texts: Texts) -> Iterable[list[_Node]]:
    """Where each string and each kind of string leads; many lead to the same nodes."""
    literals = {text for node in nodes for text in ("", *node.literals) if texts.takes(text)}
    steps = [[below for node in nodes for below in node.meeting(text)] for text in literals]
    steps += [[below for node in nodes for taker, below in node.parameters if taker.takes(kind)] for kind in texts.kinds]
    return {frozenset(map(id, step)): step for step in steps}.values()


def _search(node: _Node, segments: Iterator[str]) -> PolicyRow | None:
    for segment in segments:
        if node.rest is not None:
            return node.rest
        below = node.literals.get(segment)
        for converter, other in node.parameters:
            if converter.takes(segment):
                if below is not None:
                    return _fork(node, segment, [*segments])
                below = other
        if below is None:
            return None
        node = below
    return node.row


def _fork(node: _Node, segment: str, segments: list[str]) -> PolicyRow | None:
    every = (_search(below, iter(segments)) for below in node.meeting(segment))
    return next((row for row in every if row is not None), None)


def _overlapping(root: _Node, segments: tuple[Segment, ...]) -> Iterator[PolicyRow]:
    """The rows of a tree that name some path that these segments name, too."""
    pending = [(root, 0)]
    while pending:
        node, position = pending.pop()
        if position == len(segments):
            ends = [node.row]
        else:
            meeting = node.meeting(segments[position])
            ends = [node.rest]
            if segments[position] is REST:
                ends += [below.row for below in meeting]  # every row that ends below, at any depth
            else:
                position += 1
            pending += [(below, position) for below in meeting]
        yield from (row for row in ends if row is not None)

"""The small mistakes that a module of Python allows: what a test has to notice."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from types import CodeType
from typing import Final

_OPPOSITE: Final[dict[type[ast.cmpop], type[ast.cmpop]]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
_BOUND: Final[dict[type[ast.cmpop], type[ast.cmpop]]] = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt}
_INVERSE: Final[dict[type[ast.operator], type[ast.operator]]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
}
_DROPPED: Final = (ast.Raise, ast.AugAssign, ast.Delete, ast.For, ast.AsyncFor)
_UNTOUCHED: Final = frozenset(
    {"annotation", "returns", "decorator_list", "bases", "type_params", "exc", "cause", "keywords", "msg"}
)
"""Types and operator texts: the type checker and a reader's eye judge those."""

_NO_VALUES: Final = frozenset({"__slots__", "__all__"})


@dataclass(frozen=True)
class Place:
    """Where in a module.

    Attributes:
        name: The function or class, with dots; empty outside of any.
        function: The outermost function around it, as ``co_qualname`` names it; empty outside of any.
        first_line: ``co_firstlineno`` of that function; 0 outside of any.
        returns_bool: Whether the innermost function says so.
    """

    name: str = ""
    function: str = ""
    first_line: int = 0
    returns_bool: bool = False

    def within(self, node: ast.AST) -> "Place":
        """The place of what is in this node."""
        if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            return self
        name = f"{self.name}.{node.name}".lstrip(".")
        if isinstance(node, ast.ClassDef):
            return Place(name, self.function, self.first_line)
        first_line = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
        returns_bool = node.returns is not None and ast.unparse(node.returns) == "bool"
        return Place(name, self.function or name, self.first_line or first_line, returns_bool)


@dataclass(frozen=True, eq=False)
class Change:
    """One mistake.

    Attributes:
        place: Where.
        before: The expression or statement, as Python writes it.
        after: What the mistake makes of it.
        line: Counted from 1.
    """

    place: Place
    before: str
    after: str
    line: int
    _tree: ast.Module
    _parent: ast.AST
    _field: str
    _index: int | None
    _new: ast.AST

    def code(self, filename: str) -> CodeType:
        """The whole module with this mistake in it, compiled; the tree is left as it was."""
        old = self._put(self._new)
        try:
            return compile(ast.fix_missing_locations(self._tree), filename, "exec")
        finally:
            self._put(old)

    def _put(self, node: ast.AST) -> ast.AST:
        if self._index is None:
            old: ast.AST = getattr(self._parent, self._field)
            setattr(self._parent, self._field, node)
            return old
        nodes: list[ast.AST] = getattr(self._parent, self._field)
        old, nodes[self._index] = nodes[self._index], node
        return old


def changes(source: str) -> Iterator[Change]:
    """Every mistake for a module's source: conditions forced and reversed, bounds off by one, statements and members dropped.

    Left out: docstrings, annotations, decorators, keyword arguments and what is raised, which are mostly texts for people.
    """
    tree = ast.parse(source)
    yield from _within(tree, tree, Place())


def _within(tree: ast.Module, parent: ast.AST, place: Place) -> Iterator[Change]:
    for field, index, child in _children(parent):
        for new in _mistakes(child, field, returns_bool=place.returns_bool):
            ast.copy_location(new, child)
            yield Change(place, _text(child), _text(new), getattr(child, "lineno", 0), tree, parent, field, index, new)
        yield from _within(tree, child, place.within(child))


def _children(parent: ast.AST) -> Iterator[tuple[str, int | None, ast.AST]]:
    for field, value in ast.iter_fields(parent):
        if field in _UNTOUCHED or _is_declaration(parent, field):
            continue
        if isinstance(value, ast.AST):
            yield field, None, value
        elif isinstance(value, list):
            yield from ((field, index, child) for index, child in enumerate(value) if isinstance(child, ast.AST))


def _is_declaration(parent: ast.AST, field: str) -> bool:
    """What is no code that runs for a caller: ``__slots__``, subscripts of types, branches for the type checker."""
    if isinstance(parent, ast.If) and isinstance(parent.test, ast.Name) and parent.test.id == "TYPE_CHECKING":
        return True
    if isinstance(parent, ast.Assign):
        return any(isinstance(target, ast.Name) and target.id in _NO_VALUES for target in parent.targets)
    return isinstance(parent, ast.JoinedStr) or (isinstance(parent, ast.Subscript) and field == "slice" and _is_type(parent))


def _is_type(subscript: ast.Subscript) -> bool:
    return isinstance(subscript.value, ast.Name) and subscript.value.id[:1].isupper()


def _mistakes(node: ast.AST, field: str, *, returns_bool: bool) -> Iterator[ast.AST]:
    is_condition = field in {"test", "ifs"}
    if is_condition and not isinstance(node, ast.Constant):
        yield from (ast.Constant(True), ast.Constant(False))
    if isinstance(node, ast.expr):
        yield from _wrong_values(node, is_condition=is_condition)
    elif isinstance(node, ast.Return) and node.value is not None and not isinstance(node.value, ast.Constant):
        answers = (True, False) if returns_bool else (None,)
        yield from (ast.Return(ast.Constant(answer)) for answer in answers)
    elif isinstance(node, ast.Continue):
        yield ast.Break()
    elif isinstance(node, _DROPPED) or _is_effect(node):
        yield ast.Pass()


def _wrong_values(node: ast.expr, *, is_condition: bool) -> Iterator[ast.AST]:
    match node:
        case ast.BoolOp(op, operands):
            yield from (ast.BoolOp(op, others) if len(others) > 1 else others[0] for others in _each_dropped(operands))
        case ast.Compare(left, [operator], right):
            table = _BOUND if is_condition else {**_BOUND, **_OPPOSITE}  # a condition is forced both ways already
            if (other := table.get(type(operator))) is not None:
                yield ast.Compare(left, [other()], right)
        case ast.UnaryOp(ast.Not(), operand) if not is_condition:
            yield operand
        case ast.BinOp(left, operation, right) if type(operation) in _INVERSE:
            yield ast.BinOp(left, _INVERSE[type(operation)](), right)
        case ast.Constant(value):
            yield from _other_constants(value)
        case ast.Tuple(members) | ast.Set(members) | ast.List(members) if _are_values(members):
            yield from (_display(node, others) for others in _each_dropped(members))


def _other_constants(value: object) -> Iterator[ast.AST]:
    if isinstance(value, bool):
        yield ast.Constant(not value)
    elif isinstance(value, int | float):
        yield ast.Constant(value + 1)


def _each_dropped(nodes: list[ast.expr]) -> Iterator[list[ast.expr]]:
    return (nodes[:index] + nodes[index + 1 :] for index in range(len(nodes)))


def _display(node: ast.expr, members: list[ast.expr]) -> ast.expr:
    if isinstance(node, ast.Set):
        return ast.Set(members)
    return ast.List(members, ast.Load()) if isinstance(node, ast.List) else ast.Tuple(members, ast.Load())


def _are_values(members: list[ast.expr]) -> bool:
    return len(members) > 1 and all(isinstance(member, ast.Constant) for member in members)


def _is_effect(node: ast.AST) -> bool:
    """A statement for its effect: a call, or an assignment to something that outlives the function."""
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Call | ast.Await)
    return isinstance(node, ast.Assign) and all(isinstance(target, ast.Attribute | ast.Subscript) for target in node.targets)


def _text(node: ast.AST) -> str:
    return ast.unparse(ast.fix_missing_locations(node)).split("\n", 1)[0]

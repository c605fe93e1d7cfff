"""The modules that users may import from: those with an ``__all__``."""

import ast
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Final

_SOURCE: Final = Path(__file__).resolve().parents[2] / "src"


def _public_modules() -> Iterator[str]:
    for file in sorted(_SOURCE.rglob("*.py")):
        if any(_is_all(statement) for statement in ast.parse(file.read_text(encoding="utf-8")).body):
            name = ".".join(file.relative_to(_SOURCE).with_suffix("").parts)
            yield name.removesuffix(".__init__")


def public_names(module: str) -> list[str]:
    """What a public module names in its ``__all__``; read where the module cannot be imported, because its extra is missing."""
    try:
        return list(import_module(module).__all__)
    except ImportError:
        body = ast.parse(_SOURCE.joinpath(*module.split("."), "__init__.py").read_text(encoding="utf-8")).body
        (named,) = [ast.unparse(statement) for statement in body if _is_all(statement)]
        names: list[str] = ast.literal_eval(named.removeprefix("__all__ = "))
        return names


def _is_all(statement: ast.stmt) -> bool:
    targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
    return any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets)


PUBLIC_MODULES: Final = tuple(sorted(_public_modules()))

"""Public names that are loaded when they are first used (PEP 562)."""

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def lazy_names(
    package: str, homes: Mapping[str, str], elsewhere: Mapping[str, str] | None = None
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """``__getattr__`` and ``__dir__`` of a package whose names live in its modules.

    Args:
        package: Name of the package.
        homes: Names by module, several with spaces between them; modules relative to the package.
        elsewhere: The same for names of another package that are often looked for here.
    """
    home_of = {name: home for home, names in homes.items() for name in names.split()}

    moved = {name: home for home, names in (elsewhere or {}).items() for name in names.split()}

    def load(name: str) -> Any:
        if name in moved:
            told = f"{name} is in {moved[name]}: from {moved[name]} import {name}"
            # `from package import name` asks as well, and replaces the text of any other error
            if sys._getframe(1).f_globals.get("__name__") == "importlib._bootstrap":
                raise ImportError(told, name=name)
            raise AttributeError(told, name=name)
        if name not in home_of:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(import_module(f"{package}.{home_of[name]}"), name)
        setattr(sys.modules[package], name, value)  # Python looks there first the next time
        return value

    def names() -> list[str]:
        return sorted({*vars(sys.modules[package]), *home_of})

    return load, names

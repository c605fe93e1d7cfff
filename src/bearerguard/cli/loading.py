"""Finds what ``module:name`` names: a ``ResourceServer`` or an application of the user."""

import importlib
import sys
from typing import TypeVar

import click

Kind = TypeVar("Kind")


def load(option: str, target: str, kind: type[Kind] | None = None) -> Kind:
    """Import a module of the current folder or of the environment and take an object from it.

    Args:
        option: Name of the option, for messages.
        target: ``package.module:name``; ``name`` may hold dots.
        kind: What the object must be; ``None`` for anything callable.

    Raises:
        click.BadParameter: it cannot be imported, or is something else.
    """
    module_name, _, attribute = target.partition(":")
    if not module_name or not attribute:
        raise click.BadParameter("expected module:name, such as orders.main:api", param_hint=option)
    if "" not in sys.path:
        sys.path.insert(0, "")
    try:
        found = importlib.import_module(module_name)
        for name in attribute.split("."):
            found = getattr(found, name)
    except Exception as why:  # noqa: BLE001  the user's own module runs here: whatever it raises is told
        raise click.BadParameter(f"importing it failed: {type(why).__name__}: {why}", param_hint=option) from None
    if kind is not None and not isinstance(found, kind):
        raise click.BadParameter(f"expected a {kind.__name__}, got {type(found).__name__}", param_hint=option)
    if kind is None and not callable(found):
        raise click.BadParameter(f"expected an application, got {type(found).__name__}", param_hint=option)
    return found  # type: ignore[return-value]

"""Endpoints of FastAPI whose caller would be taken from the request.

FastAPI reads annotations when a route is made. One that names what exists for type checkers alone,
or in a function's own scope, it takes for a parameter of the query, and nothing verifies that.
"""

import inspect
import re
import typing
from collections.abc import Iterator
from typing import Any, Final

from starlette.applications import Starlette
from starlette.routing import Router

from bearerguard.errors import ConfigurationError
from bearerguard.web.routes import routes_beneath

_A_CALLER: Final = re.compile(r"\b(?:Current|Optional)?Principal\b|\brequire\(")


def check_callers(router: Starlette | Router) -> None:
    """Raises ``ConfigurationError`` for an endpoint whose caller FastAPI cannot read."""
    for endpoint, name in _unreadable(router):
        problem = (
            f"{endpoint.__module__}.{endpoint.__qualname__} names {name}, which is not defined when the application "
            "runs, so that FastAPI would take the caller from the query; import it at the top of the module, not under "
            "TYPE_CHECKING or in a function"
        )
        raise ConfigurationError("Principal", problem, example="from bearerguard import Principal")


def _unreadable(router: Starlette | Router) -> Iterator[tuple[Any, str]]:
    for route in routes_beneath(router):
        endpoint = getattr(route, "endpoint", None)
        if getattr(route, "dependant", None) is None or not inspect.isfunction(endpoint):
            continue
        texts = [text for text in endpoint.__annotations__.values() if isinstance(text, str) and _A_CALLER.search(text)]
        if texts and (name := _undefined_name(endpoint)):
            yield endpoint, name


def _undefined_name(endpoint: Any) -> str:
    try:
        typing.get_type_hints(endpoint, include_extras=True)
    except NameError as error:
        return error.name or ""
    except Exception:  # noqa: BLE001  FastAPI reports any other annotation that it cannot evaluate
        return ""
    return ""

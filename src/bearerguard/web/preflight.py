"""Warns of a ``CORSMiddleware`` inside ours, where it cannot answer a preflight.

A browser sends no token with a preflight (Fetch standard, §3.2.2), so that ours refuses it before
the other one sees it. That looks like a failure of the page, and nothing says why.
"""

from typing import Any, Final

from starlette.applications import Starlette
from starlette.middleware.cors import CORSMiddleware
from starlette.types import Scope

from bearerguard.errors import MissingToken, Refusal
from bearerguard.events import logger
from bearerguard.web.routes import layers

_PREFLIGHT: Final = b"access-control-request-method"


class Preflights:
    """The preflights that one middleware refuses.

    Args:
        app: What the middleware is around.
    """

    __slots__ = ("_app", "_is_told")

    def __init__(self, app: object) -> None:
        self._app = app
        self._is_told = False

    def note(self, scope: Scope, refusal: Refusal) -> None:
        """Log the first preflight that is refused for lack of a token, with what to change."""
        if self._is_told or not isinstance(refusal, MissingToken) or scope.get("method") != "OPTIONS":
            return
        if any(name == _PREFLIGHT for name, _ in scope["headers"]) and _answers_preflights(self._app):
            self._is_told = True
            logger.warning(
                "a CORS preflight was refused: CORSMiddleware is inside AccessTokenMiddleware, and a preflight carries no "
                "token. Put CORSMiddleware outside: first in middleware=[…], or added last by app.add_middleware"
            )


def _answers_preflights(app: object) -> bool:
    return any(isinstance(layer, CORSMiddleware) or CORSMiddleware in _classes(layer) for layer in layers(app))


def _classes(layer: object) -> list[Any]:
    return [entry.cls for entry in layer.user_middleware] if isinstance(layer, Starlette) else []

"""Where the middleware leaves its findings for the decorators: ASGI scope entries that nothing but this library can name.

The keys are objects, not texts, so that no header, session or other middleware ever writes them by accident (R124).
"""

from typing import Any, Final


class _ScopeKey:
    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return f"<bearerguard {self._name}>"


PRINCIPAL: Final[Any] = _ScopeKey("principal")
"""The verified :class:`~bearerguard.principal.Principal`, or ``None`` where the token was not looked at."""

GATE: Final[Any] = _ScopeKey("gate")
"""The :class:`~bearerguard.web.gate.Gate` of the innermost middleware."""

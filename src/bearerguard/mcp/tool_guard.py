"""``@requires`` for the tools of an MCP server."""

import functools
import inspect
import types
from collections.abc import Callable
from typing import Any, Final, NoReturn, ParamSpec, TypeVar, cast

from bearerguard.authorization.combination import Requirement
from bearerguard.errors import ConfigurationError, show
from bearerguard.mcp.caller import judged
from bearerguard.web.declaration import declare, note_guarded

P = ParamSpec("P")
R = TypeVar("R")

_REQUIRES: Final = "@requires"
_EXAMPLE: Final = '@server.tool() above @requires(scope("orders.write")) above the function'


class requires:  # noqa: N801  reads as a decorator
    """Runs a tool only for callers who meet the requirement::

        @server.tool()
        @requires(scope("orders.write"))
        def cancel_order(order: int) -> str: ...

    Others get a tool error whose text is a constant of the reason, such as "The access token does
    not permit this request". It cannot be a 403: the endpoint has let the request in, and the
    answer to it may have begun as a stream. So ``protect(requirement=…)`` asks for what every call
    needs, and a client that is refused there learns the scopes to ask for.

    The caller is that of the request that carries the call, whoever opened the session. Over stdio
    and in memory nobody is verified, and every call is refused. On a resource or a prompt the
    refusal is an error, too, in the SDK's words.

    Put it beneath ``@server.tool()``, and above any other decorator: the server would serve the
    function without it. ``protect`` stops the start where it sees that. If there are several, each
    is enforced, the outermost first.

    Does not hide the tool: ``tools/list`` names it to every caller of the endpoint.

    Args:
        requirement: What ``role``, ``scope``, ``client`` … build, combined with ``&`` and ``|``.

    Raises:
        ConfigurationError: This is not a requirement, or the target is not a function.
    """

    def __init__(self, requirement: Requirement) -> None:
        if not isinstance(requirement, Requirement):
            raise ConfigurationError(_REQUIRES, f"expected a requirement, got {show(requirement)}", example=_EXAMPLE)
        self._requirement = requirement

    def __call__(self, tool: Callable[P, R]) -> Callable[P, R]:
        function: Any = tool
        if not isinstance(function, types.FunctionType | types.MethodType):
            refuse(function, "is not a function")
        if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
            refuse(function, "is a generator, which would run after it was judged")
        guard = _coroutine_function if inspect.iscoroutinefunction(function) else _function
        guarded = guard(function, self._requirement)
        declare(guarded, self._requirement)
        note_guarded(function)
        return cast("Callable[P, R]", guarded)


def _coroutine_function(tool: Callable[..., Any], requirement: Requirement) -> Callable[..., Any]:
    @functools.wraps(tool)
    async def guarded(*args: Any, **kwargs: Any) -> Any:
        judged(requirement, tool.__name__)
        return await tool(*args, **kwargs)

    return guarded


def _function(tool: Callable[..., Any], requirement: Requirement) -> Callable[..., Any]:
    @functools.wraps(tool)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        judged(requirement, tool.__name__)
        return tool(*args, **kwargs)

    return guarded


def refuse(target: object, problem: str) -> NoReturn:
    """Say what is wrong with a function that is guarded, or should be."""
    raise ConfigurationError(_REQUIRES, f"{getattr(target, '__qualname__', show(target))} {problem}", example=_EXAMPLE)

"""``@requires``, ``@public`` and ``@optional``: what an endpoint declares.

``@requires`` enforces by itself: if the middleware let a request pass without a token, it verifies
the token.
"""

import functools
import inspect
import types
import typing
from collections.abc import Awaitable, Callable, Coroutine
from typing import Annotated, Any, Final, NoReturn, ParamSpec, TypeVar, overload

from starlette._utils import is_async_callable
from starlette.endpoints import HTTPEndpoint, WebSocketEndpoint
from starlette.requests import HTTPConnection
from starlette.routing import BaseRoute, Host, Mount

from bearerguard.authorization.combination import Requirement
from bearerguard.authorization.policy_row import Public
from bearerguard.errors import ConfigurationError, show
from bearerguard.web.declaration import all_declared, declare, declared, declared_by_class, note_guarded
from bearerguard.web.guard import EndpointClass, GuardedApp, guarded_class, guarded_coroutine_function, guarded_function

P = ParamSpec("P")
R = TypeVar("R")
Subtree = TypeVar("Subtree", bound=Mount | Host)
Target = TypeVar("Target")

_REQUIRES: Final = "@requires"
_EXAMPLE: Final = '@requires(role("Read.All"))'
_FUNCTIONS: Final = (types.FunctionType, types.MethodType)
_ASGI: Final = ("scope", "receive", "send")
_CONNECTION_NAMES: Final = ("Request", "WebSocket", "HTTPConnection")


class _NoDependency:
    """Marks a parameter that FastAPI must not take from a request."""

    def __get_pydantic_core_schema__(self, *_asked: object) -> NoReturn:
        """FastAPI calls it when a route has ``Depends(requires(…))``."""
        problem = "requires(…) decorates endpoints; as a dependency it would guard nothing"
        raise ConfigurationError("Depends", problem, example='Depends(require(role("Read.All")))')


class requires:  # noqa: N801  reads as a decorator
    """Lets only callers through who meet the requirement; the endpoint does not run for others.

    The refusal is raised, and answered before it leaves the application, unless you have an
    exception handler for it. So helpers and dependencies that are given the request can be guarded,
    too: their caller does not go on.

    Decorate Starlette functions, websocket functions, ``HTTPEndpoint`` and ``WebSocketEndpoint``
    classes and their methods. Call it with a ``Mount``, a ``Host`` or an ASGI application to guard
    all beneath: ``requires(role("Read.All"))(Mount("/files", app=StaticFiles(…)))``.

    A function that is not async stays so. Called directly, it judges the principal that was already
    verified, and refuses with ``missing_token`` if there is none. As the endpoint of a route it is
    judged before a thread is taken, and the token is verified if that has not been done.

    If there are several, each is enforced, the outermost first. Put it outermost, beneath FastAPI's
    ``@app.get`` only: a decorator around it, such as a cache, could answer without it and declares
    nothing, so that the start is refused. The request must have passed an
    ``AccessTokenMiddleware``.

    Does not check what the endpoint does: whether this caller may see that order is up to the
    endpoint.

    Args:
        requirement: What ``role``, ``scope``, ``client`` … build, combined with ``&`` and ``|``.

    Raises:
        ConfigurationError: This is not a requirement, or the target cannot be guarded. The message
            says what to do.
    """

    def __init__(self, requirement: Requirement) -> None:
        if not isinstance(requirement, Requirement):
            raise ConfigurationError(_REQUIRES, f"expected a requirement, got {show(requirement)}", example=_EXAMPLE)
        self._requirement = requirement

    @overload
    def __call__(self, endpoint: type[EndpointClass]) -> type[EndpointClass]: ...
    @overload
    def __call__(self, endpoint: Subtree) -> Subtree: ...  # type: ignore[overload-overlap]
    @overload
    def __call__(self, endpoint: Callable[P, Awaitable[R]]) -> Callable[P, Coroutine[Any, Any, R]]: ...
    @overload
    def __call__(self, endpoint: Callable[P, R]) -> Callable[P, R]: ...
    def __call__(self, endpoint: Annotated[Any, _NoDependency()]) -> Any:
        if inspect.isclass(endpoint):
            return self._class(endpoint)
        if isinstance(endpoint, Mount | Host):
            endpoint.app = self._app(endpoint.app, endpoint)
            return endpoint
        if isinstance(endpoint, BaseRoute | staticmethod) or not callable(endpoint):
            _refuse(_REQUIRES, endpoint, "cannot be guarded itself; decorate the function", _EXAMPLE)
        if _is_function(endpoint) and not _is_asgi(endpoint):
            return self._function(endpoint)
        return self._app(endpoint, endpoint)

    def _class(self, endpoint: type) -> type:
        _check_endpoint_class(_REQUIRES, endpoint)
        for other in all_declared(endpoint):
            if isinstance(other, Public):
                _contradiction(_REQUIRES, endpoint, other)
        return guarded_class(endpoint, self._with(declared_by_class(endpoint)))

    def _function(self, function: Callable[..., Any]) -> Callable[..., Any]:
        if isinstance(other := declared(function), Public):
            _contradiction(_REQUIRES, function, other)
        _check_function(function)
        guard = guarded_coroutine_function if is_async_callable(function) else guarded_function
        guarded = guard(function, self._requirement)
        declare(guarded, self._with(declared(function)))
        note_guarded(function)
        return guarded

    def _app(self, app: Any, target: object) -> GuardedApp:
        for other in (declared(target), declared(app)):
            if isinstance(other, Public):
                _contradiction(_REQUIRES, target, other)
        guarded = GuardedApp(app, self._requirement)
        declare(guarded, self._requirement)
        return guarded

    def _with(self, earlier: object) -> Requirement:
        return self._requirement & earlier if isinstance(earlier, Requirement) else self._requirement


def public(endpoint: Target) -> Target:
    """The endpoint is reachable without a token.

    No token is looked at there: ``request.user.is_authenticated`` is false.

    Decorates what ``requires`` does; of a class, all its methods, but not those of a subclass.
    Called with a ``Mount``, a ``Host`` or an ASGI application, it opens everything beneath that
    declares nothing else. The application's own router decides which requests reach a public
    endpoint, for the methods that its route has.

    Raises:
        ConfigurationError: The endpoint has ``@requires``, too, or cannot be declared.
    """
    return _opened(endpoint, Public.PUBLIC)


def optional(endpoint: Target) -> Target:
    """Anyone may call the endpoint. A token that is sent is verified.

    With a good token, ``request.user`` is the ``Principal``. Without a token,
    ``request.user.is_authenticated`` is false. A bad token is refused, and so is an
    ``Authorization`` header with another scheme: a caller who sends credentials wants to be known.
    Decorates what ``public`` does, in the same way.

    Raises:
        ConfigurationError: The endpoint has ``@requires`` or ``@public``, too, or cannot be
            declared.
    """
    return _opened(endpoint, Public.OPTIONAL)


def _opened(endpoint: Target, declaration: Public) -> Target:
    target: Any = endpoint
    name = f"@{declaration.value}"
    if inspect.isclass(target):
        _check_endpoint_class(name, target)
        others = all_declared(target)
    elif callable(target) and (isinstance(target, Mount | Host) or not isinstance(target, BaseRoute)):
        others = {declared(target), declared(getattr(target, "app", None))}
    else:
        _refuse(name, target, "cannot be declared itself; decorate the function", name)
    for other in others - {None, declaration}:
        _contradiction(name, target, other)
    if isinstance(target, types.MethodType):
        # the function belongs to all instances, and only this one's endpoint is open
        target = functools.partial(target)
    try:
        declare(target, declaration)
    except (AttributeError, TypeError):  # the latter: it takes no weak references
        example = f'{declaration.value}(Mount("/files", app=…))'
        _refuse(name, target, "takes no attributes; declare the Mount around it", example)
    return target  # type: ignore[no-any-return]


def _is_function(endpoint: object) -> bool:
    """Whether Starlette's ``Route`` calls it with a request, and not as an ASGI application."""
    while isinstance(endpoint, functools.partial):
        endpoint = endpoint.func
    return isinstance(endpoint, _FUNCTIONS)


def _is_asgi(function: Callable[..., Any]) -> bool:
    return tuple(inspect.signature(function).parameters) == _ASGI


def _check_endpoint_class(decorator: str, endpoint: type) -> None:
    if not issubclass(endpoint, HTTPEndpoint | WebSocketEndpoint):
        problem = "is a class, but not an HTTPEndpoint or WebSocketEndpoint; guard its instance or its functions"
        _refuse(decorator, endpoint, problem, "class Orders(HTTPEndpoint): …")


def _check_function(function: Callable[..., Any]) -> None:
    original = inspect.unwrap(function)
    if inspect.isasyncgenfunction(original) or inspect.isgeneratorfunction(original):
        _refuse(_REQUIRES, function, "is a generator, which begins to answer before it is judged", "return StreamingResponse(…)")
    if not any(map(_takes_connection, _parameters(function))):
        _refuse(_REQUIRES, function, "takes no Request or WebSocket to judge", "async def list_orders(request: Request)")


def _parameters(function: Callable[..., Any]) -> list[inspect.Parameter]:
    try:
        signature = inspect.signature(function, eval_str=True)
    except Exception:  # noqa: BLE001  names that only a type checker knows: judged by their text
        signature = inspect.signature(function)
    return list(signature.parameters.values())


def _takes_connection(parameter: inspect.Parameter) -> bool:
    annotation = parameter.annotation
    if parameter.kind is parameter.VAR_KEYWORD:
        return False
    if annotation is parameter.empty or annotation is Any:
        return parameter.name != "self"
    if isinstance(annotation, str):
        return any(name in annotation for name in _CONNECTION_NAMES)
    kinds = (annotation, *typing.get_args(annotation))
    return any(_is_connection(typing.get_origin(kind) or kind) for kind in kinds)


def _is_connection(kind: object) -> bool:
    return inspect.isclass(kind) and (issubclass(kind, HTTPConnection) or issubclass(HTTPConnection, kind))


def _contradiction(decorator: str, target: object, other: object) -> NoReturn:
    already = f"@{other.value}" if isinstance(other, Public) else _REQUIRES
    _refuse(decorator, target, f"has {already}, too, which contradicts it; remove one of them", _EXAMPLE)


def _refuse(decorator: str, target: object, problem: str, example: str) -> NoReturn:
    raise ConfigurationError(decorator, f"{getattr(target, '__qualname__', show(target))} {problem}", example=example)

"""``require``: a requirement as a dependency of FastAPI."""

import asyncio
import functools
import inspect
import operator
import sys
from collections.abc import Coroutine, Sequence
from contextlib import AsyncExitStack
from typing import Any, Final, TypeAlias, final
from weakref import WeakValueDictionary

from fastapi.security import SecurityScopes
from starlette.requests import HTTPConnection
from starlette.types import Message, Scope

from bearerguard.authorization.combination import Requirement
from bearerguard.authorization.requirement import scope
from bearerguard.errors import ConfigurationError, show
from bearerguard.principal import Principal
from bearerguard.resource_server import ResourceServer
from bearerguard.web.challenge import Challenge, Disclose
from bearerguard.web.declaration import WEBSOCKET, declare, note_scoped
from bearerguard.web.enforce import enforce, is_permitted
from bearerguard.web.error_format import ErrorFormat
from bearerguard.web.gate import Gate, checked_server
from bearerguard.web.passage import PASSAGE, Passage, refusal_in
from bearerguard.web.refusal_handler import answer_refusals_of

_ENDS_WITH_THE_ENDPOINT: Final = "fastapi_function_astack"


class OwnPassage(Passage):
    """The passage of a request that no middleware has let in. Nothing is sent through it."""

    __slots__ = ("method",)

    def __init__(self, gate: Gate, kind: str) -> None:
        super().__init__(gate, {}, _nowhere)
        self.method = WEBSOCKET if kind == "websocket" else ""


@final
class Require:
    """What ``require`` makes.

    Called with a connection, it returns its ``Principal`` or raises the refusal.
    """

    __slots__ = ("__weakref__", "_bearerguard_declaration", "_gate", "_requirement", "_scoped")

    dependency = Requirement.dependency  # so that a forgotten Depends is told here, too
    __get_pydantic_core_schema__ = Requirement.__get_pydantic_core_schema__

    def __init__(self, requirement: Requirement, gate: Gate | None) -> None:
        self._requirement = requirement
        self._gate = gate
        self._scoped: dict[tuple[str, ...], Requirement] = {}
        declare(self, requirement)
        note_scoped(self)

    @property
    def resource_server(self) -> ResourceServer | None:
        """What verifies tokens where no middleware has; ``None`` where it relies on one."""
        return None if self._gate is None else self._gate.server

    def __call__(
        self,
        connection: HTTPConnection,
        security_scopes: SecurityScopes = None,  # type: ignore[assignment]  # FastAPI gives it
    ) -> Coroutine[Any, Any, Principal]:
        """The caller. FastAPI takes this for a coroutine function, and awaits the result.

        Args:
            connection: Given by FastAPI.
            security_scopes: Given by FastAPI: those of ``Security(…, scopes=[…])`` here and of the
                dependencies around. All of them are needed, too.

        Raises:
            AccessTokenError: there is no good token, or it does not permit the request.
            IssuerUnavailable: the token cannot be verified now.
            ConfigurationError: there is neither a middleware nor a resource server, or it was used
                as a decorator.
        """
        if not isinstance(connection, HTTPConnection):
            problem = "a dependency of FastAPI was used as a decorator, and would guard nothing"
            raise ConfigurationError("require", problem, example='@requires(role("Read.All"))')
        return self._caller(connection, () if security_scopes is None else security_scopes.scopes)

    async def _caller(self, connection: HTTPConnection, scopes: Sequence[str]) -> Principal:
        asgi, gate = connection.scope, self._gate
        if gate is not None and PASSAGE not in asgi:
            asgi[PASSAGE] = OwnPassage(gate, asgi["type"])
            answer_refusals_of(asgi)
            tell_at_the_end(asgi)
        requirement = self._with(scopes) if scopes else self._requirement
        if (gate is None or asgi[PASSAGE].gate.server is gate.server) and is_permitted(asgi, requirement):
            principal: Principal = asgi[PASSAGE].principal
            return principal
        caller: Any = await enforced(asgi, requirement, gate)  # None where the middleware only reports
        asgi[PASSAGE].judged()
        return caller  # type: ignore[no-any-return]

    def _with(self, scopes: Sequence[str]) -> Requirement:
        """The requirement and all these scopes. Kept: there are as many as the source has."""
        names = tuple(scopes)
        if names not in self._scoped:
            self._scoped[names] = self._requirement & all_scopes(names)
        return self._scoped[names]

    def __repr__(self) -> str:
        return f"require({self._requirement!r})"


# As asgiref's markcoroutinefunction does: FastAPI awaits it then, and does not call it in a thread.
if sys.version_info >= (3, 12):
    inspect.markcoroutinefunction(Require.__call__)
else:
    Require.__call__._is_coroutine = asyncio.coroutines._is_coroutine  # type: ignore[attr-defined]

_Arguments: TypeAlias = tuple[Requirement, int, str, str, str | None, ErrorFormat]

# weak: a dependency must not keep its resource server alive
_made: Final[WeakValueDictionary[_Arguments, Require]] = WeakValueDictionary()


def require(
    requirement: Requirement,
    *,
    resource_server: ResourceServer | None = None,
    realm: str = "api",
    disclose: Disclose = "code",
    resource_metadata: str | None = None,
    error_format: ErrorFormat = "oauth",
) -> Require:
    """A dependency that lets only callers through who meet the requirement.

    It returns the ``Principal``::

        caller: Annotated[Principal, Depends(require(role("Read.All")))]          # a parameter
        @app.get("/orders", dependencies=[Depends(require(role("Read.All")))])    # a route
        APIRouter(dependencies=[Depends(require(role("Read.All")))])              # a router

    It guards HTTP and websocket routes; of several dependencies, each is enforced.
    ``Security(require(role("Read.All")), scopes=["orders.read"])`` asks for the role and the
    scopes, including the scopes of outer dependencies.

    Behind an ``AccessTokenMiddleware`` it judges the principal that was verified there. With
    ``resource_server`` and no middleware, it verifies the token itself and answers refusals as a
    middleware with the same options would. With a ``resource_server`` other than the middleware's,
    it judges what that one makes of the token, and ``request.user`` stays the middleware's.

    Equal arguments give the same object. FastAPI therefore calls it once for a request, and
    ``app.dependency_overrides[require(role("Read.All"))]`` replaces it in a test.

    It needs a token wherever it stands. On an application or a router it closes ``@public`` routes,
    too: put those into another router.

    Without a middleware, only the routes that have it are guarded: there is no audit at the start,
    and FastAPI's documentation pages, mounted applications and Starlette's routes take no
    dependencies. FastAPI also reads the body of a request before it calls a dependency; the
    middleware refuses callers without a good token before that.

    Args:
        requirement: What ``role``, ``scope``, ``client`` … build, combined with ``&`` and ``|``.
        resource_server: Verifies the tokens where there is no middleware, or one with another
            resource server.
        realm: Protection space named in the challenge. This and what follows go with
            ``resource_server``; behind a middleware that has the same one, the middleware's options
            count.
        disclose: As in ``AccessTokenMiddleware``.
        resource_metadata: URL of this API's metadata document (RFC 9728), for the challenge.
        error_format: As in ``AccessTokenMiddleware``.

    Raises:
        ConfigurationError: no requirement, no resource server, or an option that is wrong or goes
            with none.
    """
    if not isinstance(requirement, Requirement):
        problem = f"expected a requirement, got {show(requirement)}"
        raise ConfigurationError("require", problem, example='Depends(require(role("Read.All")))')
    gate = None
    if resource_server is not None:
        gate = Gate(
            checked_server("resource_server", resource_server),
            Challenge(realm, disclose=disclose, resource_metadata=resource_metadata, error_format=error_format),
        )
    else:
        _check_not_given(
            realm=(realm, "api"),
            disclose=(disclose, "code"),
            resource_metadata=(resource_metadata, None),
            error_format=(error_format, "oauth"),
        )
    arguments = (requirement, id(resource_server), realm, disclose, resource_metadata, error_format)
    return _made.setdefault(arguments, Require(requirement, gate))


def all_scopes(names: Sequence[str]) -> Requirement:
    """All of these scopes, at least one."""
    return functools.reduce(operator.and_, map(scope, names))


def _check_not_given(**options: tuple[object, object]) -> None:
    for name, (value, default) in options.items():
        if value != default:
            example = f"require(…, resource_server=api, {name}={value!r})"
            raise ConfigurationError(name, "without a resource_server, the middleware says how it refuses", example=example)


def tell_at_the_end(asgi: Scope) -> None:
    """Tell listeners of the request once its endpoint has ended: other dependencies may refuse."""
    passage: Passage = asgi[PASSAGE]
    stack: AsyncExitStack | None = asgi.get(_ENDS_WITH_THE_ENDPOINT)

    def ended(_kind: object, error: BaseException | None, _traceback: object) -> None:
        if error is None or refusal_in(error) is None:
            passage.tell_accepted(asgi)

    if passage.listeners is not None and stack is not None:
        stack.push(ended)


async def enforced(asgi: Scope, requirement: Requirement, gate: Gate | None = None) -> Principal | None:
    if PASSAGE not in asgi:
        problem = "there is neither an AccessTokenMiddleware before this route nor a resource_server of its own"
        raise ConfigurationError("require", problem, example="app.add_middleware(AccessTokenMiddleware, resource_server=api)")
    return await enforce(asgi, requirement, gate)


async def _nowhere(_message: Message) -> None:
    """Discards what is sent."""

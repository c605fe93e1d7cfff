"""The ASGI middleware: a request passes with a verified token, or if it needs none.

A request is judged on the path its router sees (``get_route_path``) and on nothing that a caller
can add: no ``Host`` of its own, no ``X-Forwarded-*``, no method override. The body is
not read.
"""

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from typing import Any, Final, Literal, TypeAlias, get_args

from starlette.authentication import AuthCredentials, UnauthenticatedUser
from starlette.types import ASGIApp, Receive, Scope, Send

from bearerguard.authorization.combination import Requirement
from bearerguard.authorization.path_policy import PathPolicy
from bearerguard.authorization.policy_row import Public
from bearerguard.checks import checked_switch
from bearerguard.errors import BearerguardError, ConfigurationError, show
from bearerguard.events import Event, logger
from bearerguard.resource_server import ResourceServer
from bearerguard.token.credentials import IN_AUTHORIZATION, TokenPlace, read_credentials
from bearerguard.web.callers import check_callers
from bearerguard.web.challenge import Challenge, Disclose
from bearerguard.web.error_format import ErrorFormat
from bearerguard.web.expiry import EndAtExpiry
from bearerguard.web.framework_refusals import answer_refusals_in
from bearerguard.web.gate import Gate, checked_server, refusal_for
from bearerguard.web.judged_first import judge_first
from bearerguard.web.lifespan import Lifespan
from bearerguard.web.passage import PASSAGE, Passage, WebSocketPassage
from bearerguard.web.path_judge import PathJudge
from bearerguard.web.path_rules import PathRules
from bearerguard.web.preflight import Preflights
from bearerguard.web.report_only import ReportingPassage, ReportingWebSocketPassage
from bearerguard.web.request_path import check_root_path
from bearerguard.web.route_names import RouteNames
from bearerguard.web.route_table import check_declared, dispatchers, route_table
from bearerguard.web.routes import router_behind
from bearerguard.web.routing import Routing

AnyASGIApp: TypeAlias = Callable[[Any, Any, Any], Awaitable[None]]
"""Frameworks spell the types of ASGI each in its own way."""

Undeclared = Literal["refuse", "allow"]

_PASSAGES: Final[Mapping[str, type[Passage]]] = {"http": Passage, "websocket": WebSocketPassage}
_REPORTING: Final[Mapping[str, type[Passage]]] = {"http": ReportingPassage, "websocket": ReportingWebSocketPassage}
_PUBLIC: Final = Public.PUBLIC  # a member of an enumeration is looked up in 50 ns
_OPTIONAL: Final = Public.OPTIONAL
_FORGOTTEN: Final[Any] = None
_WithToken: TypeAlias = Requirement | Literal[Public.OPTIONAL] | None
"""What a request may need that has sent a token."""


class AccessTokenMiddleware:
    """Verifies the bearer token of every http and websocket request, or refuses the request.

    ::

        Starlette(routes=[…], middleware=[Middleware(AccessTokenMiddleware, resource_server=api)])

    Without ``policy``, every request needs a valid token, unless its path is in ``public`` or its
    endpoint is ``@public``. With ``policy``, only the table decides, and refuses what no row names.
    ``request.user`` is the ``Principal``, and ``request.auth.scopes`` holds its scopes. If no token
    is needed, none is looked at, and ``request.user.is_authenticated`` is false; if it is optional
    (``@optional``, ``PathPolicy.OPTIONAL``), a token that is sent is verified.

    When the application has started, its routes are audited, and keys are fetched in the
    background. If the server runs no lifespan, the audit runs at the first request. Routes that are
    added later are audited before the next request. While a route is undeclared, every request is
    refused with the error.

    Refusals of guards are answered inside the application, so that middlewares within this one see
    a response, not an exception. Put ``CORSMiddleware`` outside this one: a preflight carries no
    token. Put whatever rewrites the path or the method outside, too.

    Does not limit rates, read the body or look at cookies. Only routes of Starlette and FastAPI are
    read. Any other application is served behind ``policy``, or as a whole to callers with a valid
    token.

    Args:
        app: The application.
        resource_server: Verifies the tokens. May be shared by several applications.
        policy: Requirements by method and path, for any ASGI application.
        public: Paths that need no token, as rows of a ``PathPolicy``: ``"/health"``, ``"GET
            /docs/{path:path}"``. Relative to the ``Mount`` whose middleware this is.
        root_path: What the application takes off the front of each path, where that cannot be seen:
            ``"/api"`` for a ``FastAPI(root_path="/api")`` inside a function, or for any application
            of unknown kind on a server with that root path; ``""`` for none. It takes the place of
            the server's ``root_path``. Where mounts lie in front of the middleware, theirs come
            first.
        realm: Protection space named in the challenge.
        undeclared: ``"refuse"`` to start if a route declares neither ``@requires`` nor ``@public``
            nor ``@optional``, or ``"allow"`` anyone with a valid token to call it.
        disclose: ``"code"`` tells callers why they are refused; ``"none"`` only tells them that.
        resource_metadata: URL of this API's metadata document (RFC 9728), for the challenge.
        challenge_scopes: Scopes that a 401 tells a client to ask for, in this order; MCP clients
            ask for just these. A 403 names what its own requirement needs.
        token_header: Header that holds the bare token, such as ``"Cf-Access-Jwt-Assertion"`` where
            a gateway adds it; no other place is then read.
        websocket_protocol: Whether a websocket may carry the token as its sub-protocol behind
            ``bearer``, as ``new WebSocket(url, ["bearer", token])`` does; ``bearer`` is answered
            unless the application chooses another one. Proxies may log that header.
        end_at_expiry: Whether an open websocket is ended (1008) once a new one with its token would
            be refused: at its expiry, and within 5 s after its key was withdrawn, its issuer or
            audience was taken away by ``reconfigure``, or it was revoked. The application receives
            ``websocket.disconnect``. What cannot be asked then, an issuer or a hook that is down,
            ends nothing before the expiry.
        error_format: Body of a refusal: ``"oauth"``, ``"problem"`` (RFC 9457,
            ``application/problem+json``), or a function of the ``Refusal`` that gives media type
            and body. It must not wait, and is called for each refusal; where it raises, the body is
            that of ``"oauth"``. Status and headers are the same in all forms.
        insecure_report_only: Judge and report, and refuse nothing, to find out before a roll-out
            whom it would hit. ``request.user`` is the caller where the token is good, else nobody.
            Guards pass; a ``require`` that is a parameter gives ``None`` then. Who asks for the
            caller is refused where there is none: ``principal_of``, ``CurrentPrincipal``. Open
            websockets are not ended.

    Raises:
        ConfigurationError: an option is wrong.
    """

    def __init__(
        self,
        app: AnyASGIApp,
        *,
        resource_server: ResourceServer,
        policy: PathPolicy | None = None,
        public: str | Iterable[str] = (),
        root_path: str | None = None,
        realm: str = "api",
        undeclared: Undeclared = "refuse",
        disclose: Disclose = "code",
        resource_metadata: str | None = None,
        challenge_scopes: str | Collection[str] = (),
        token_header: str = "authorization",  # noqa: S107  the name of a header
        websocket_protocol: bool = False,
        end_at_expiry: bool = False,
        error_format: ErrorFormat = "oauth",
        insecure_report_only: bool = False,
    ) -> None:
        _check(app, resource_server, policy, undeclared)
        check_root_path(root_path)
        self.app: ASGIApp = app
        reports_only = checked_switch("insecure_report_only", insecure_report_only)
        self._served = EndAtExpiry(app) if checked_switch("end_at_expiry", end_at_expiry) else app
        self._passages = _REPORTING if reports_only else _PASSAGES
        self.rules = PathRules(policy, public_rows(public))
        if policy is not None and self.rules.public is not None:
            problem = "the policy decides alone; make these paths rows of it"
            raise ConfigurationError("public", problem, example='PathPolicy({"/health": PathPolicy.PUBLIC, …})')
        self.resource_server = resource_server
        self._recall, self._judge = resource_server.recall, resource_server.judge
        challenge = Challenge(
            realm,
            disclose=disclose,
            resource_metadata=resource_metadata,
            error_format=error_format,
            scopes=challenge_scopes,
        )
        self._gate = Gate(resource_server, challenge, TokenPlace(token_header, websocket_protocol), self._route_of)
        self._is_usual = self._gate.place == IN_AUTHORIZATION
        self._is_audited = policy is None and undeclared == "refuse"
        self._paths = PathJudge(self.rules, root_path)
        self._preflights = Preflights(app)
        answer_refusals_in(app)  # before it starts, as BlackSheep takes no middleware afterwards
        self._routing: Routing | None = None
        self._names: RouteNames | None = None
        if reports_only:
            logger.warning("insecure_report_only is on: requests that should be refused are served")
            resource_server.listeners(Event("insecure_option", code="insecure_report_only"))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: C901, PLR0912  a further frame costs 1 %
        """Serve one connection.

        Raises:
            ConfigurationError: the application has undeclared routes.
        """
        passage_class = self._passages.get(scope["type"])
        if passage_class is None:
            await self._serve_other(scope, receive, send)
            return
        passage = passage_class(self._gate, scope, send)
        if self._routing is None or not self._routing.is_current():
            self._read_for(passage, scope)
        try:
            rule = self._paths.rule(scope)
            if rule is _PUBLIC or (rule is _OPTIONAL and not self._gate.place.has_credentials(scope)):
                scope["user"], scope["auth"] = UnauthenticatedUser(), AuthCredentials()
            else:
                token = read_credentials(scope["headers"]) if self._is_usual else self._gate.place.read(scope)
                principal = self._recall(token)
                if principal is None:
                    principal, passage.cached = await self._judge(token)
                    rule = self._rule_after_a_wait(rule, scope)
                del token  # this frame is in the traceback of every error of the application
                passage.principal = principal
                # True itself: the coroutine of an async permits() would be true in an if
                if rule is not None and rule is not _OPTIONAL and rule.permits(principal) is not True:
                    raise rule.refusal(principal)  # noqa: TRY301  one way out for every refusal
                scope["user"] = scope["auth"] = principal
            if PASSAGE in scope:
                passage.take_over(scope[PASSAGE])
            if passage.listeners is not None:
                passage.judged()
            scope[PASSAGE] = passage
        except Exception as error:  # noqa: BLE001  whatever it is, the request is refused
            token = _FORGOTTEN  # a traceback shows variables
            passage.take_over(scope.get(PASSAGE))
            if not passage.lets_in(error, scope):
                refusal = refusal_for(error)
                self._preflights.note(scope, refusal)
                await passage.refuse(refusal)
                del refusal  # its traceback holds this frame, which would hold it and the scope
                return
        try:
            await self._served(scope, receive, passage.send)
        except Exception as error:
            if passage.started or not await passage.answers(error):
                raise
        finally:
            passage.end()

    async def _serve_other(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            raise BearerguardError(f"an ASGI scope of type {show(scope['type'])} cannot be judged and is not served")
        await Lifespan(self.app, self.resource_server, lambda: self._read(scope)).run(scope, receive, send)

    def _rule_after_a_wait(self, rule: _WithToken, scope: Scope) -> _WithToken:
        """The same rule, unless routes came or went meanwhile; the token that was sent is good.

        Raises:
            ConfigurationError: the application has undeclared routes by now.
        """
        if self._routing is not None and self._routing.is_current():
            return rule
        self._read(scope)
        found = self._paths.rule(scope)
        return None if isinstance(found, Public) else found

    def _read_for(self, passage: Passage, scope: Scope) -> None:
        """Read the routes before a request is judged; an error refuses this one, and all to come."""
        try:
            self._read(scope)
        except Exception as error:
            passage.take_over(scope.get(PASSAGE))
            passage.report(refusal_for(error), scope)
            raise

    def _read(self, scope: Scope) -> None:
        """Read the application's routes: which of them are public, and whether all are declared."""
        self._routing = None
        router = router_behind(self.app, scope)
        routing = Routing(router)
        if self._is_audited:
            check_declared(route_table(router, self.rules) if router is not None else dispatchers(self.app))
        if router is not None:
            check_callers(router)
            judge_first(router)
        self._paths.read(self.app, router)
        answer_refusals_in(self.app)
        self._names = None if router is None else RouteNames(router)
        self._gate.names = {} if self._names is None else self._names.names
        self._routing = routing

    def _route_of(self, scope: Mapping[str, Any], *, is_served: bool) -> str:
        if self._names is None:
            return self._paths.row_named(scope)
        was_routed = is_served and "router" in scope  # not where a middleware handed on a copy of the scope
        return self._names.taken_by(scope) if was_routed else self._names.asked(scope)


def public_rows(public: str | Iterable[str]) -> PathPolicy | None:
    """``public=`` as a table.

    Raises:
        ConfigurationError: a path is malformed, or two of them name the same request.
    """
    try:
        paths = [public] if isinstance(public, str) else list(public)
        return PathPolicy(dict.fromkeys(paths, Public.PUBLIC)) if paths else None
    except (ConfigurationError, TypeError) as error:
        raise ConfigurationError("public", f"expected paths, got {show(public)} ({error})", example='["/health"]') from error


def _check(app: object, resource_server: object, policy: object, undeclared: object) -> None:
    if not callable(app):
        raise ConfigurationError("app", f"expected an ASGI application, got {show(app)}", example="Starlette(routes=[…])")
    checked_server("resource_server", resource_server)
    if policy is not None and not isinstance(policy, PathPolicy):
        problem = f"expected a PathPolicy, got {show(policy)}"
        raise ConfigurationError("policy", problem, example='PathPolicy({"GET /orders": role("Read.All")})')
    if undeclared not in get_args(Undeclared):
        problem = f'expected "refuse" or "allow", got {show(undeclared)}'
        raise ConfigurationError("undeclared", problem, example='"refuse"')

"""The service that a proxy asks: is this request permitted, and who is calling?"""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Any, Final, Literal, TypedDict

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from bearerguard.authorization.path_policy import PathPolicy
from bearerguard.errors import BearerguardError, ConfigurationError, show
from bearerguard.forward_auth.handshakes import handshakes_of
from bearerguard.forward_auth.principal_header import PRINCIPAL_HEADER, Statement, plain
from bearerguard.forward_auth.question import PROXIES, Proxy, is_asked, question_in
from bearerguard.forward_auth.shared_secret import SharedSecret
from bearerguard.forward_auth.signed_principals import SignedPrincipals
from bearerguard.forward_auth.whole_answer import WholeAnswer
from bearerguard.principal import Principal
from bearerguard.resource_server import ResourceServer
from bearerguard.web.challenge import Challenge, Disclose
from bearerguard.web.error_format import ErrorFormat
from bearerguard.web.gate import Gate, checked_server, refusal_for
from bearerguard.web.middleware import AccessTokenMiddleware
from bearerguard.web.passage import Passage
from bearerguard.web.readiness import readiness

_NO_STORE: Final = {"Cache-Control": "no-store"}
_KEPT: Final = {"Cache-Control": "max-age=300"}


def forward_auth(
    api: ResourceServer,
    policy: PathPolicy,
    *,
    proxy: Proxy,
    shared_secret: str | Sequence[str],
    principals: Literal["plain"] | SignedPrincipals = "plain",
    realm: str = "api",
    disclose: Disclose = "code",
    resource_metadata: str | None = None,
    error_format: ErrorFormat = "oauth",
    challenge_scopes: str | Collection[str] = (),
) -> "ForwardAuth":
    """An ASGI application that judges requests for a proxy, by one table for all services.

    ::

        app = forward_auth(api, policy, proxy="nginx", shared_secret=os.environ["GATEWAY_SECRET"])

    It answers at ``/judge``: 200 where the request is permitted, else the status, headers and body
    with which ``AccessTokenMiddleware`` would refuse it. 200 carries the header
    ``Bearerguard-Principal``, unless no token was looked at. ``/ready`` is for probes, and
    ``/keys`` has the public keys of signed principals. Any other path is 404.

    Method and URI are believed only of a question that carries the shared secret; the address from
    which it comes proves nothing. A path that somebody between client and service could read in
    another way is refused with 400: ``%2F``, ``//``, the segments ``.`` and ``..``, ``;``, ``\\``,
    and ``?``, ``#`` or ``%`` in encoded form. So are headers that make a service take a request for
    another one, such as ``X-HTTP-Method-Override``. A websocket's handshake needs a row that names
    both ``GET`` and ``WEBSOCKET``, since a service may answer it as a GET.

    Does not see the body of a request, nor the host that it names: a service that reads a method in
    a form field must have that turned off, and hosts with different rules need a service each.
    Limits no rates. It is only as good as the proxy's configuration: use one of
    ``samples/forward_auth``.

    Args:
        api: Verifies the tokens.
        policy: Requirements by method and path, as the client sends them to the proxy. What no row
            names is refused.
        proxy: Which one asks; each tells method and URI in its own way.
        shared_secret: What the proxy sends in ``Bearerguard-Secret``; several while it changes.
        principals: How the caller is named to the services: ``"plain"``, a JSON object, or
            ``SignedPrincipals``, a JWT.
        realm: Protection space named in the challenge.
        disclose: ``"code"`` tells callers why they are refused; ``"none"`` only tells them that.
        resource_metadata: URL of the metadata document (RFC 9728), for the challenge.
        error_format: Body of a refusal, as for ``AccessTokenMiddleware``.
        challenge_scopes: Scopes that a 401 tells a client to ask for.

    Raises:
        ConfigurationError: a value is wrong, or a row of the policy names ``WEBSOCKET`` without
            ``GET``.
    """
    secret = SharedSecret(shared_secret)
    del shared_secret  # an error's traceback shows variables
    _check(api, policy, proxy, principals)
    consent = _Consent(plain if principals == "plain" else principals)
    told: _Told = {"disclose": disclose, "resource_metadata": resource_metadata, "error_format": error_format}
    requests, handshakes = (
        AccessTokenMiddleware(
            consent,
            resource_server=api,
            policy=table,
            root_path="",
            realm=realm,
            challenge_scopes=challenge_scopes,
            **told,
        )
        for table in (policy, handshakes_of(policy))
    )
    pages = _Pages(readiness(api), None if principals == "plain" else principals.jwks())
    return ForwardAuth(proxy, secret, Gate(api, Challenge(realm, **told)), requests, handshakes, pages)


def _check(api: object, policy: object, proxy: object, principals: object) -> None:
    checked_server("api", api)
    if not isinstance(policy, PathPolicy):
        problem = f"expected a PathPolicy, got {show(policy)}"
        raise ConfigurationError("policy", problem, example='PathPolicy({"GET /orders": role("Read.All")})')
    if proxy not in PROXIES:
        raise ConfigurationError("proxy", f"expected one of {', '.join(PROXIES)}, got {show(proxy)}", example='"nginx"')
    if principals != "plain" and not isinstance(principals, SignedPrincipals):
        problem = f'expected "plain" or SignedPrincipals, got {show(principals)}'
        raise ConfigurationError("principals", problem, example='"plain"')


class _Told(TypedDict):
    """What a refusal says."""

    disclose: Disclose
    resource_metadata: str | None
    error_format: ErrorFormat


class ForwardAuth:
    """What ``forward_auth`` returns, and has checked.

    Args:
        proxy: Which one asks.
        secret: What proves that.
        gate: Refuses questions that are not judged.
        requests: Judges a request.
        handshakes: Judges what may open a websocket.
        pages: Everything else.
    """

    __slots__ = ("_gate", "_handshakes", "_pages", "_proxy", "_requests", "_secret")

    def __init__(  # noqa: PLR0917  one caller
        self, proxy: Proxy, secret: SharedSecret, gate: Gate, requests: ASGIApp, handshakes: ASGIApp, pages: "_Pages"
    ) -> None:
        self._proxy: Proxy = proxy
        self._secret = secret
        self._gate = gate
        self._requests = requests
        self._handshakes = handshakes
        self._pages = pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection.

        Raises:
            BearerguardError: it is of an unknown kind.
        """
        if scope["type"] == "lifespan":
            await self._requests(scope, receive, send)
        elif scope["type"] == "websocket":  # a proxy that hands the client's handshake on as its question
            await send({"type": "websocket.close", "code": 1008, "reason": "questions are plain requests"})
        elif scope["type"] != "http":
            raise BearerguardError(f"an ASGI scope of type {show(scope['type'])} cannot be judged and is not served")
        elif is_asked(scope, self._proxy):
            await self._judge(scope, receive, WholeAnswer(send, for_nginx=self._proxy == "nginx"))
        else:
            await self._pages(scope, receive, send)

    async def _judge(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            self._secret.check(scope["headers"])
            question = question_in(scope, self._proxy)
        except Exception as error:  # noqa: BLE001  whatever it is, the request is refused
            await Passage(self._gate, scope, send).refuse(refusal_for(error))
            return
        judge = self._handshakes if question.is_handshake else self._requests
        await judge({**scope, **question.held_back()}, receive, send)


class _Consent:
    """Behind the middleware: who gets here is permitted."""

    def __init__(self, told: Statement) -> None:
        self._told = told

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            for stage in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{stage}.complete"})
            return
        principal = scope["user"]
        named = {PRINCIPAL_HEADER.decode(): self._told(principal)} if isinstance(principal, Principal) else {}
        await Response(headers={**_NO_STORE, **named})(scope, receive, send)


class _Pages:
    """What the service serves beside answers: ``/ready``, and ``/keys`` where it signs.

    None of it is a consent: a proxy asks at another path.
    """

    def __init__(self, ready: Callable[[Request], Awaitable[Response]], jwks: Mapping[str, Any] | None) -> None:
        self._ready = ready
        self._jwks = jwks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or 404."""
        page = Response(status_code=404, headers=_NO_STORE)
        if scope["method"] in {"GET", "HEAD"}:
            if scope["path"] == "/ready":
                page = await self._ready(Request(scope))
            elif scope["path"] == "/keys" and self._jwks is not None:
                page = JSONResponse(self._jwks, headers=_KEPT)
        await page(scope, receive, send)

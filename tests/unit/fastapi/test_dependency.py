"""``require`` and ``CurrentPrincipal``, with and without the middleware."""

import json
from collections.abc import Callable
from typing import Annotated, Any, Final

import pytest
from fastapi import APIRouter, Body, Depends, FastAPI, Request, WebSocket
from starlette.middleware import Middleware

from bearerguard import (
    AccessTokenMiddleware,
    ConfigurationError,
    Issuer,
    PathPolicy,
    Principal,
    ResourceServer,
    audit,
    client,
    public,
    requires,
    role,
    scope,
)
from bearerguard.events import Event
from bearerguard.fastapi import CurrentPrincipal, current_principal, require
from bearerguard.testing import LocalIssuer
from support.asgi import Header, call, connect, get, http_scope, lifespan

pytestmark = pytest.mark.anyio

READ, WRITE = role("Read.All"), role("Write.All")


def _app(api: ResourceServer | None = None, **options: Any) -> FastAPI:
    guard = [] if api is None else [Middleware(AccessTokenMiddleware, resource_server=api)]
    return FastAPI(openapi_url=None, middleware=guard, **options)


def _counting(issuer: LocalIssuer, accepted: list[Event]) -> ResourceServer:
    """Remembers no token, so that each verification is one event."""
    trusted = Issuer(issuer.issuer, jwks=issuer.jwks())
    return ResourceServer(trusted, "api://orders", token_cache_size=0, on_event=accepted.append)


async def _name(caller: CurrentPrincipal) -> str:
    return caller.display_name


# --- where it may stand


async def test_a_parameter_of_an_endpoint_is_the_caller(api: ResourceServer, reader: list[Header]) -> None:
    app = _app(api)

    @app.get("/a")
    async def endpoint(caller: Annotated[Principal, Depends(require(READ))]) -> dict[str, Any]:
        return {"client": caller.client_id, "roles": sorted(caller.roles)}

    assert (await get(app, "/a", reader)).body == b'{"client":"reader","roles":["Read.All"]}'


@pytest.mark.parametrize("alone", [False, True], ids=["middleware", "alone"])
async def test_it_guards_a_route_a_router_and_an_application(alone: bool, api: ResourceServer, reader: list[Header]) -> None:
    needed = [Depends(require(WRITE, resource_server=api if alone else None))]
    app = _app(None if alone else api)
    router = APIRouter(prefix="/router", dependencies=needed)
    inner = APIRouter(prefix="/included")
    whole = _app(None if alone else api, dependencies=needed)
    app.add_api_route("/route", _name, dependencies=needed)
    router.add_api_route("", _name)
    inner.add_api_route("", _name)
    app.include_router(router)
    app.include_router(inner, dependencies=needed)
    whole.add_api_route("/application", _name)

    for guarded, target in ((app, "/route"), (app, "/router"), (app, "/included"), (whole, "/application")):
        answer = await get(guarded, target, reader)
        assert (answer.status, json.loads(answer.body)["code"]) == (403, "missing_role"), target
        assert (await get(guarded, target)).status == 401


async def test_of_several_each_is_enforced(api: ResourceServer, issuer: LocalIssuer, reader: list[Header]) -> None:
    app = _app(api)
    router = APIRouter(dependencies=[Depends(require(READ))])
    router.add_api_route("/a", _name, dependencies=[Depends(require(WRITE))])
    app.include_router(router)
    writes_only = [(b"authorization", b"Bearer " + issuer.mint(roles=["Write.All"]).encode())]

    assert (await get(app, "/a", reader)).status == 403
    assert (await get(app, "/a", writes_only)).status == 403
    assert [row.access for row in audit(app)] == [READ & WRITE]


async def test_it_may_stand_inside_a_dependency_of_the_user(api: ResourceServer, reader: list[Header]) -> None:
    async def customer(caller: Annotated[Principal, Depends(require(WRITE))]) -> str:
        return caller.subject

    app = _app(api)

    @app.get("/a")
    async def endpoint(found: Annotated[str, Depends(customer)]) -> str:
        return found

    assert (await get(app, "/a", reader)).status == 403
    assert [row.access for row in audit(app)] == [WRITE]


@pytest.mark.parametrize("denial", [True, False], ids=["denial response", "close"])
@pytest.mark.parametrize("alone", [False, True], ids=["middleware", "alone"])
async def test_a_websocket_is_refused_before_it_is_accepted(
    alone: bool, denial: bool, api: ResourceServer, reader: list[Header]
) -> None:
    app = _app(None if alone else api)
    may_read, may_write = (Depends(require(one, resource_server=api if alone else None)) for one in (READ, WRITE))

    @app.websocket("/read")
    async def read(websocket: WebSocket, caller: Annotated[Principal, may_read]) -> None:
        await websocket.accept()
        await websocket.send_text(caller.display_name)

    @app.websocket("/write", dependencies=[may_write])
    async def write(websocket: WebSocket) -> None:
        raise NotImplementedError

    assert [message["type"] for message in (await connect(app, "/read", reader)).messages] == [
        "websocket.accept",
        "websocket.send",
    ]
    for target, headers, status in (("/read", [], 401), ("/write", reader, 403)):
        answer = await connect(app, target, headers, denial=denial)
        assert (answer.status, answer.close_code) == ((status, None) if denial else (0, 1008))


# --- with and without the middleware


async def test_what_the_middleware_verified_is_not_verified_again(issuer: LocalIssuer, reader: list[Header]) -> None:
    accepted: list[Event] = []
    api = _counting(issuer, accepted)
    app = _app(api, dependencies=[Depends(require(READ))])
    app.add_api_route("/a", _name, dependencies=[Depends(require(scope("orders.read"), resource_server=api))])

    assert (await get(app, "/a", reader)).status == 200
    assert [event.name for event in accepted] == ["request_accepted"]


async def test_several_dependencies_alone_verify_once(issuer: LocalIssuer, reader: list[Header]) -> None:
    accepted: list[Event] = []
    api = _counting(issuer, accepted)
    app = _app(dependencies=[Depends(require(READ, resource_server=api))])
    app.add_api_route("/a", _name, dependencies=[Depends(require(scope("orders.read")))])

    assert (await get(app, "/a", reader)).body == b'"reader"'
    assert [event.name for event in accepted] == ["request_accepted"]


async def test_another_resource_server_than_the_middlewares_verifies_itself(api: ResourceServer, issuer: LocalIssuer) -> None:
    """A token that is good for one API says nothing to the other."""
    billing = ResourceServer(api.issuers, "api://billing")
    app = _app(api)
    app.add_api_route("/a", _name, dependencies=[Depends(require(READ, resource_server=billing))])
    for audience, status in (("api://orders", 401), (["api://orders", "api://billing"], 200)):
        token = issuer.mint("reader", claims={"aud": audience})
        assert (await get(app, "/a", [(b"authorization", b"Bearer " + token.encode())])).status == status


async def test_without_middleware_and_resource_server_nobody_gets_through(reader: list[Header]) -> None:
    app = _app()
    app.add_api_route("/a", _name, dependencies=[Depends(require(READ))])
    app.add_api_route("/b", _name)

    for target in ("/a", "/b"):
        with pytest.raises(ConfigurationError):
            await get(app, target, reader)


async def test_on_a_public_route_a_dependency_still_asks_for_a_token(api: ResourceServer, reader: list[Header]) -> None:
    app = _app(api)
    app.add_api_route("/a", public(_fresh()))

    assert (await get(app, "/a")).status == 401
    assert (await get(app, "/a", reader)).body == b'"reader"'


@pytest.mark.parametrize("alone", [False, True], ids=["middleware", "alone"])
async def test_at_an_application_it_closes_public_routes_too_and_the_audit_says_so(alone: bool, api: ResourceServer) -> None:
    needed = Depends(require(READ, resource_server=api if alone else None))
    app, whole = _app(None if alone else api), _app(None if alone else api, dependencies=[needed])
    beside, guarded = APIRouter(), APIRouter(dependencies=[needed])
    beside.add_api_route("/health", public(_open))
    guarded.add_api_route("/a", _name)
    for part in (beside, guarded):
        app.include_router(part)
        whole.include_router(part)

    assert [(await get(one, "/health")).status for one in (app, whole)] == [200, 401]
    assert [row.access for row in audit(app)] == [PathPolicy.PUBLIC, READ]
    assert {row.access for row in audit(whole)} == {READ}


async def _open() -> str:
    return "open"


def _fresh() -> Callable[..., Any]:
    async def endpoint(caller: CurrentPrincipal) -> str:
        return caller.display_name

    return endpoint


async def test_a_caller_without_a_token_has_no_body_read_behind_the_middleware(api: ResourceServer, reader: list[Header]) -> None:
    """FastAPI reads it before any dependency: alone, and for a caller whose token is good."""
    behind, alone = _app(api), _app()
    for app, needed in ((behind, require(WRITE)), (alone, require(WRITE, resource_server=api))):

        @app.post("/a", dependencies=[Depends(needed)])
        async def endpoint(order: Annotated[dict[str, int], Body()]) -> None:
            raise NotImplementedError

    refusals = [await call(app, http_scope("POST", "/a", headers)) for app in (behind, alone) for headers in ([], reader)]

    assert [(answer.status, answer.received) for answer in refusals] == [(401, 0), (403, 1), (401, 1), (403, 1)]


# --- what a refusal says without the middleware

METADATA: Final = "https://api.example/.well-known/oauth-protected-resource"


async def test_alone_it_can_say_all_that_the_middleware_can(api: ResourceServer, reader: list[Header]) -> None:
    options: Any = {"realm": "orders", "disclose": "none", "resource_metadata": METADATA}
    alone, behind = (
        _app(),
        FastAPI(openapi_url=None, middleware=[Middleware(AccessTokenMiddleware, resource_server=api, **options)]),
    )
    alone.add_api_route("/a", _name, dependencies=[Depends(require(WRITE, resource_server=api, **options))])
    behind.add_api_route("/a", _name, dependencies=[Depends(require(WRITE))])

    for headers in ([], reader):
        answer = await get(alone, "/a", headers)
        assert answer.messages == (await get(behind, "/a", headers)).messages
        assert answer.headers["www-authenticate"].startswith(f'Bearer realm="orders", resource_metadata="{METADATA}"')
        assert b"missing" not in answer.body


async def test_behind_a_middleware_with_the_same_resource_server_its_options_count(api: ResourceServer) -> None:
    app = _app(api)
    app.add_api_route("/a", public(_fresh()), dependencies=[Depends(require(READ, resource_server=api, realm="orders"))])

    assert (await get(app, "/a")).headers["www-authenticate"] == 'Bearer realm="api"'


async def test_of_several_alone_the_first_gives_the_words(api: ResourceServer) -> None:
    """Dependencies of the application come before those of a router, and these before the route's."""
    app = _app(dependencies=[Depends(require(READ, resource_server=api, realm="orders"))])
    app.add_api_route("/a", _name, dependencies=[Depends(require(WRITE, resource_server=api, realm="other"))])

    assert (await get(app, "/a")).headers["www-authenticate"] == 'Bearer realm="orders"'


@pytest.mark.parametrize("option", [{"realm": "orders"}, {"disclose": "none"}, {"resource_metadata": METADATA}], ids=str)
def test_how_it_refuses_is_for_the_middleware_to_say_unless_it_stands_alone(option: Any) -> None:
    with pytest.raises(ConfigurationError) as caught:
        require(READ, **option)
    assert caught.value.parameter == next(iter(option))


@pytest.mark.parametrize("option", [{"realm": 'a"b'}, {"disclose": "all"}, {"resource_metadata": "http://api.example"}], ids=str)
def test_words_that_no_challenge_can_hold_are_refused_when_they_are_written(option: Any, api: ResourceServer) -> None:
    with pytest.raises(ConfigurationError) as caught:
        require(READ, resource_server=api, **option)
    assert caught.value.parameter == next(iter(option))


# --- what the audit makes of it


async def test_a_route_without_a_requirement_fails_the_start(api: ResourceServer) -> None:
    app = _app(api)
    app.add_api_route("/guarded", _name, dependencies=[Depends(require(READ))])
    app.add_api_route("/forgotten", _name)

    with pytest.raises(ExceptionGroup):
        async with lifespan(app) as sent:
            messages = sent

    assert " /forgotten " in messages[0]["message"]
    assert " /guarded " not in messages[0]["message"]


def test_only_require_declares_and_current_principal_does_not() -> None:
    """The tokens of any application of a tenant would do for the latter: that is no requirement to rely on unawares."""
    app = _app()
    app.add_api_route("/a", _name)
    app.add_api_route("/b", _name, dependencies=[Depends(require(READ))])

    assert [row.access for row in audit(app)] == [None, READ]


async def test_a_decorator_goes_together_with_it(api: ResourceServer, reader: list[Header]) -> None:
    app = _app(api)

    @app.get("/a", dependencies=[Depends(require(READ))])
    @requires(WRITE)
    async def endpoint(request: Request) -> None:
        raise NotImplementedError

    assert (await get(app, "/a", reader)).status == 403
    assert [row.access for row in audit(app)] == [WRITE & READ]


# --- the object


def test_equal_arguments_give_one_dependency(api: ResourceServer) -> None:
    needed, alone = require(READ), require(READ, resource_server=api)

    assert require(role("Read.All")) is needed
    assert require(role("Read.All"), resource_server=api) is alone
    assert require(role("Read.All"), resource_server=api, realm="orders") is not alone
    assert len({needed, alone, require(WRITE)}) == 3
    assert repr(needed) == 'require(role("Read.All"))'


async def test_it_can_be_overridden_in_a_test(api: ResourceServer) -> None:
    app = _app()
    app.add_api_route("/a", _name, dependencies=[Depends(require(READ))])
    app.dependency_overrides[require(READ)] = lambda: None
    app.dependency_overrides[current_principal] = lambda: Principal("https://issuer.test", "somebody", client_id="billing")

    assert (await get(app, "/a")).body == b'"somebody"'


@pytest.mark.parametrize("wrong", [None, "Read.All", ["Read.All"], role], ids=["None", "text", "list", "function"])
def test_what_is_no_requirement_is_refused_when_it_is_written(wrong: Any) -> None:
    with pytest.raises(ConfigurationError) as caught:
        require(wrong)
    assert caught.value.parameter == "require"


def test_what_is_no_resource_server_is_refused_when_it_is_written() -> None:
    with pytest.raises(ConfigurationError) as caught:
        require(client("a"), resource_server="https://issuer.test")  # type: ignore[arg-type]
    assert caught.value.parameter == "resource_server"

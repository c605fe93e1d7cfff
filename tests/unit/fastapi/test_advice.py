"""A forgotten ``Depends`` or ``require`` is found while the routes are made, and told in words that mend it."""

import inspect
from collections.abc import Callable
from typing import Annotated, Any, Final

import pytest
from fastapi import APIRouter, Depends, FastAPI, Security, WebSocket
from starlette.applications import Starlette
from starlette.routing import Route

from bearerguard import AccessTokenMiddleware, ConfigurationError, Principal, ResourceServer, requires, role, scope
from bearerguard.fastapi import require
from support.asgi import get
from unit.fastapi import unreadable

pytestmark = pytest.mark.anyio

READ: Final = role("Read.All")
EITHER: Final = READ | scope("orders.read")


async def _endpoint() -> None:
    raise NotImplementedError


async def _parameter(caller: Annotated[Principal, Depends(READ)]) -> None:
    raise NotImplementedError


async def _default(caller: Any = Depends(EITHER)) -> None:  # type: ignore[arg-type]  # noqa: B008
    raise NotImplementedError


async def _annotation(caller: Annotated[Principal, require(READ)]) -> None:
    raise NotImplementedError


async def _bare_annotation(caller: Annotated[Principal, READ]) -> None:
    raise NotImplementedError


async def _not_called(caller: Annotated[Principal, Depends(require)]) -> None:
    raise NotImplementedError


async def _live(websocket: WebSocket) -> None:
    raise NotImplementedError


def _router(*dependencies: Any) -> None:
    router = APIRouter(dependencies=dependencies)
    router.add_api_route("/a", _endpoint)
    FastAPI().include_router(router)


SLIPS: Final[dict[str, Callable[[], Any]]] = {
    "dependencies=[role]": lambda: FastAPI().add_api_route("/a", _endpoint, dependencies=[READ]),  # type: ignore[list-item]
    "dependencies=[require]": lambda: FastAPI().add_api_route("/a", _endpoint, dependencies=[require(READ)]),  # type: ignore[list-item]
    "a router's [require]": lambda: _router(require(READ)),
    "a websocket's [require]": lambda: FastAPI().add_api_websocket_route("/a", _live, dependencies=[require(READ)]),  # type: ignore[list-item]
    "Annotated[…, Depends(role)]": lambda: FastAPI().add_api_route("/a", _parameter),
    "= Depends(role)": lambda: FastAPI().add_api_route("/a", _default),
    "Annotated[…, require]": lambda: FastAPI().add_api_route("/a", _annotation),
    "Annotated[…, role]": lambda: FastAPI().add_api_route("/a", _bare_annotation),
    "Depends(require) that is not called": lambda: FastAPI().add_api_route("/a", _not_called),
}


@pytest.mark.parametrize("slip", SLIPS.values(), ids=SLIPS)
def test_it_is_told_how_to_write_it(slip: Callable[[], Any]) -> None:
    """``Annotated[Principal, require(…)]`` would else take the caller from the request's body."""
    with pytest.raises(ConfigurationError) as caught:
        slip()
    assert "Depends(require(" in str(caught.value)


async def _from_the_body(caller: Principal) -> None:
    raise NotImplementedError


async def _from_the_query(caller: Annotated[Principal, Depends()]) -> None:
    raise NotImplementedError


@pytest.mark.parametrize("endpoint", [_from_the_body, _from_the_query])
def test_a_principal_is_never_made_of_what_a_request_says(endpoint: Any) -> None:
    """Behind a ``require`` at the application a caller could else give itself any role."""
    app = FastAPI(dependencies=[Depends(require(READ))])

    with pytest.raises(ConfigurationError) as caught:
        app.add_api_route("/a", endpoint, methods=["POST"])
    assert "CurrentPrincipal" in str(caught.value)


def test_a_requirement_without_require_does_not_get_past_the_start() -> None:
    """In FastAPI's own words."""
    for dependency in (Depends(READ), Security(EITHER)):  # type: ignore[arg-type]
        with pytest.raises(AssertionError):
            FastAPI().add_api_route("/a", _endpoint, dependencies=[dependency])


def test_the_classes_of_requirements_can_still_be_inspected() -> None:
    """Python asks for a signature when it makes a dataclass."""
    assert list(inspect.signature(type(READ)).parameters) == ["name"]
    assert not hasattr(type(READ), "__signature__")


def test_what_has_no_truth_value_still_has_none() -> None:
    for use in (bool, lambda one: one and READ, lambda one: not one):
        with pytest.raises(ConfigurationError) as caught:
            use(READ)
        assert caught.value.parameter == "requirement"


# --- slips that FastAPI would let pass


def test_a_decorator_is_no_dependency() -> None:
    """FastAPI would take the endpoint from the query, and guard nothing."""
    for add in (FastAPI().add_api_route, FastAPI().add_api_websocket_route):
        with pytest.raises(ConfigurationError) as caught:
            add("/a", _endpoint, dependencies=[Depends(requires(READ))])
        assert "Depends(require(" in str(caught.value)


def test_a_dependency_is_no_decorator() -> None:
    with pytest.raises(ConfigurationError) as caught:
        require(READ)(_endpoint)  # type: ignore[arg-type, unused-coroutine]
    assert "@requires(" in str(caught.value)


@pytest.mark.parametrize("name", ["require", "CurrentPrincipal", "OptionalPrincipal", "document_security"])
def test_names_of_fastapi_are_said_to_be_there(name: str) -> None:
    with pytest.raises(ImportError, match=f"from bearerguard.fastapi import {name}"):
        exec(f"from bearerguard import {name}")  # noqa: S102  as it is written


@pytest.mark.parametrize("endpoint", [unreadable.annotated, unreadable.current])
@pytest.mark.parametrize("declared", [False, True])
async def test_a_caller_that_only_type_checkers_know_is_named_at_the_start(
    endpoint: Any, declared: bool, api: ResourceServer
) -> None:
    """FastAPI would take it from the query, where anybody can be anybody."""
    needed = [Depends(require(READ))] if declared else []
    app = FastAPI(openapi_url=None, dependencies=needed)
    app.add_middleware(AccessTokenMiddleware, resource_server=api, undeclared="allow")
    app.add_api_route("/a", endpoint)

    with pytest.raises(ConfigurationError, match="TYPE_CHECKING"):
        await get(app, "/a")


async def test_a_caller_of_a_functions_own_scope_is_named_at_the_start(api: ResourceServer) -> None:
    app = FastAPI(openapi_url=None)
    app.add_middleware(AccessTokenMiddleware, resource_server=api)
    unreadable.in_a_function(app)

    with pytest.raises(ConfigurationError):
        await get(app, "/a")


async def test_it_is_named_also_behind_the_pages_of_the_documentation(api: ResourceServer) -> None:
    app = FastAPI(docs_url="/docs")
    app.add_middleware(AccessTokenMiddleware, resource_server=api, undeclared="allow")
    app.add_api_route("/a", unreadable.current)

    with pytest.raises(ConfigurationError, match="TYPE_CHECKING"):
        await get(app, "/a")


async def test_only_fastapi_takes_callers_from_requests(api: ResourceServer) -> None:
    """Starlette hands every endpoint the request, whatever its annotations say."""
    app = Starlette(routes=[Route("/a", requires(READ)(unreadable.of_starlette))])
    assert (await get(AccessTokenMiddleware(app, resource_server=api), "/a")).status == 401


async def test_an_endpoint_of_fastapi_need_not_be_a_function(api: ResourceServer) -> None:
    class Orders:
        def __call__(self) -> str:
            return "orders"

    app = FastAPI(openapi_url=None, dependencies=[Depends(require(READ))])
    app.add_api_route("/a", Orders())
    assert (await get(AccessTokenMiddleware(app, resource_server=api), "/a")).status == 401


async def test_other_names_are_fastapis_affair(api: ResourceServer) -> None:
    app = FastAPI(openapi_url=None, dependencies=[Depends(require(READ))])
    app.add_middleware(AccessTokenMiddleware, resource_server=api)
    app.add_api_route("/a", unreadable.other)

    assert (await get(app, "/a")).status == 401

"""``Security(require(…), scopes=[…])``, FastAPI's way to ask for scopes: https://fastapi.tiangolo.com/advanced/security/oauth2-scopes/."""

import json
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Depends, FastAPI, Security, WebSocket
from starlette.middleware import Middleware

from bearerguard import AccessTokenMiddleware, Principal, ResourceServer, audit, authenticated, role, scope
from bearerguard.fastapi import current_principal, document_security, optional_principal, require
from bearerguard.testing import LocalIssuer
from support.asgi import Answer, Header, connect, get

pytestmark = pytest.mark.anyio

READ = role("Read.All")


@pytest.fixture(params=["middleware", "alone"])
def app(request: pytest.FixtureRequest, api: ResourceServer) -> FastAPI:
    """The middleware verifies the token, or the first dependency does."""
    if request.param == "middleware":
        return FastAPI(middleware=[Middleware(AccessTokenMiddleware, resource_server=api)], openapi_url=None)
    return FastAPI(dependencies=[Depends(require(authenticated(), resource_server=api))], openapi_url=None)


def holding(issuer: LocalIssuer, *scopes: str, roles: tuple[str, ...] = ("Read.All",)) -> list[Header]:
    token = issuer.mint("reader", roles=list(roles), claims={"scope": " ".join(scopes)} if scopes else {})
    return [(b"authorization", b"Bearer " + token.encode())]


async def served() -> str:
    return "served"


def refusal(answer: Answer) -> tuple[int, str, str]:
    _, _, needed = answer.headers["www-authenticate"].partition('scope="')
    return answer.status, json.loads(answer.body)["code"], needed.rstrip('"')


async def test_the_scopes_are_needed_besides_the_requirement(app: FastAPI, issuer: LocalIssuer) -> None:
    @app.get("/a")
    async def endpoint(caller: Annotated[Principal, Security(require(READ), scopes=["orders.write"])]) -> str:
        return caller.display_name

    assert refusal(await get(app, "/a", holding(issuer))) == (403, "missing_scope", "orders.write")
    assert refusal(await get(app, "/a", holding(issuer, "orders.write", roles=()))) == (403, "missing_role", "")
    assert (await get(app, "/a", holding(issuer, "orders.write"))).status == 200


async def test_scopes_of_outer_dependencies_are_handed_down(app: FastAPI, issuer: LocalIssuer) -> None:
    async def outer(_caller: Annotated[Principal, Security(require(READ), scopes=["inner"])]) -> None:
        return None

    router = APIRouter(dependencies=[Security(outer, scopes=["outer"])])
    router.add_api_route("/a", served)
    app.include_router(router)

    assert refusal(await get(app, "/a", holding(issuer, "outer"))) == (403, "missing_scope", "outer inner")
    assert refusal(await get(app, "/a", holding(issuer, "inner"))) == (403, "missing_scope", "outer inner")
    assert (await get(app, "/a", holding(issuer, "inner", "outer"))).status == 200


async def test_the_same_dependency_with_other_scopes_is_judged_again(app: FastAPI, issuer: LocalIssuer) -> None:
    needed: Any = [Security(require(READ), scopes=["a"]), Security(require(READ), scopes=["b"]), Depends(require(READ))]
    app.add_api_route("/a", served, dependencies=needed)

    assert refusal(await get(app, "/a", holding(issuer, "a")))[1] == "missing_scope"
    assert (await get(app, "/a", holding(issuer, "a", "b"))).status == 200


@pytest.mark.parametrize("dependency", [current_principal, optional_principal], ids=["current", "optional"])
async def test_the_caller_may_be_asked_for_scopes(dependency: Any, app: FastAPI, issuer: LocalIssuer) -> None:
    guards = [Depends(require(authenticated())), Security(dependency, scopes=["reports.read"])]
    app.add_api_route("/a", served, dependencies=guards)

    assert refusal(await get(app, "/a", holding(issuer)))[1:] == ("missing_scope", "reports.read")
    assert (await get(app, "/a", holding(issuer, "reports.read"))).status == 200


async def test_a_websocket_is_asked_for_scopes(app: FastAPI, issuer: LocalIssuer) -> None:
    @app.websocket("/live")
    async def live(websocket: WebSocket, _caller: Annotated[Principal, Security(require(READ), scopes=["live"])]) -> None:
        await websocket.accept()
        await websocket.close()

    assert (await connect(app, "/live", holding(issuer))).status == 403
    assert (await connect(app, "/live", holding(issuer, "live"))).status == 101


def test_the_audit_and_the_document_show_them(api: ResourceServer) -> None:
    app = FastAPI(middleware=[Middleware(AccessTokenMiddleware, resource_server=api)])
    app.add_api_route("/a", served, dependencies=[Security(require(READ), scopes=["orders.write"])])
    app.add_api_route("/b", served, dependencies=[Security(current_principal, scopes=["reports.read"])])
    document_security(app, api, token_url="https://issuer.example/token")

    assert [row.access for row in audit(app) if row.path in {"/a", "/b"}] == [READ & scope("orders.write"), scope("reports.read")]
    operations = {path: item["get"] for path, item in app.openapi()["paths"].items()}
    assert operations["/a"]["security"] == [{"accessToken": []}, {"accessTokenByClientCredentials": ["orders.write"]}]
    assert operations["/a"]["x-requirement"] == 'role("Read.All") & scope("orders.write")'
    assert operations["/b"]["security"] == [{"accessToken": []}, {"accessTokenByClientCredentials": ["reports.read"]}]


def test_the_audit_shows_scopes_of_outer_dependencies(api: ResourceServer) -> None:
    async def outer(_caller: Annotated[Principal, Security(require(READ), scopes=["inner"])]) -> None:
        return None

    app = FastAPI(middleware=[Middleware(AccessTokenMiddleware, resource_server=api)], openapi_url=None)
    app.add_api_route("/a", served, dependencies=[Security(outer, scopes=["outer"])])

    assert [row.access for row in audit(app)] == [READ & scope("outer") & scope("inner")]


def test_scopes_that_nobody_enforces_declare_nothing(api: ResourceServer) -> None:
    """``Security`` alone is a note for the document: the function behind it has to look at the scopes."""

    async def looks_at_nothing() -> None:
        return None

    app = FastAPI(middleware=[Middleware(AccessTokenMiddleware, resource_server=api)], openapi_url=None)
    app.add_api_route("/a", served, dependencies=[Security(looks_at_nothing, scopes=["orders.write"])])

    assert [(row.access, row.decided_by) for row in audit(app)] == [(None, "nothing")]


def test_a_dependency_may_be_an_object_without_a_hash(api: ResourceServer) -> None:
    class Paging(list[int]):
        def __call__(self) -> None:
            return None

    app = FastAPI(middleware=[Middleware(AccessTokenMiddleware, resource_server=api)], openapi_url=None)
    app.add_api_route("/a", served, dependencies=[Depends(Paging()), Depends(require(READ))])

    assert [row.access for row in audit(app)] == [READ]

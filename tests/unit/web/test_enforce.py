"""Where a request is judged, whoever asks: with a principal that the middleware let in, and without."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from starlette.endpoints import HTTPEndpoint
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route, Router

from bearerguard import AccessTokenMiddleware, ConfigurationError, InsufficientScope, Principal, ResourceServer, requires, role
from bearerguard import error_codes as codes
from bearerguard.authorization.combination import Requirement
from bearerguard.testing import LocalIssuer
from bearerguard.web.enforce import enforce
from bearerguard.web.passage import PASSAGE
from support.asgi import Header, get

pytestmark = pytest.mark.anyio


class Defect(Requirement):
    def permits(self, principal: Principal) -> bool:
        raise RuntimeError("defect")

    def refusal(self, principal: Principal) -> InsufficientScope:
        raise NotImplementedError


class Truthy(Requirement):
    """Says something that is not ``True``."""

    def permits(self, principal: Principal) -> bool:
        return "yes"  # type: ignore[return-value]

    def refusal(self, principal: Principal) -> InsufficientScope:
        return InsufficientScope(codes.REQUIREMENT_NOT_MET)


async def served(request: Request) -> Response:
    return PlainTextResponse("served")


def on_function(requirement: Requirement) -> Any:
    return Route("/", requires(requirement)(served))


def on_class(requirement: Requirement) -> Any:
    class Endpoint(HTTPEndpoint):
        async def get(self, request: Request) -> Response:
            return PlainTextResponse("served")

    return Route("/", requires(requirement)(Endpoint))


def on_mount(requirement: Requirement) -> Any:
    return requires(requirement)(Mount("/", routes=[Route("/", served)]))


@pytest.fixture
def token(issuer: LocalIssuer) -> list[Header]:
    return [(b"authorization", b"Bearer " + issuer.mint("reader").encode())]


@pytest.mark.parametrize("verified", ["by the middleware", "late"])
@pytest.mark.parametrize("place", [on_function, on_class, on_mount])
@pytest.mark.parametrize(
    ("requirement", "status", "code"),
    [
        (role("Read.All"), 200, ""),
        (role("Admin.All"), 403, "missing_role"),
        (Truthy(), 403, "requirement_not_met"),
        (Defect(), 500, "internal_error"),
    ],
    ids=["met", "not met", "truthy", "defect"],
)
async def test_every_guard_judges_alike(
    *,
    verified: str,
    place: Callable[[Requirement], Any],
    requirement: Requirement,
    status: int,
    code: str,
    api: ResourceServer,
    token: list[Header],
) -> None:
    """CWE-636: whatever happens while deciding, the endpoint is not called."""
    public = "/{path:path}" if verified == "late" else ()
    app = AccessTokenMiddleware(Router([place(requirement)]), resource_server=api, public=public)
    answer = await get(app, "/", token)

    assert answer.status == status
    assert (answer.body == b"served") == (status == 200)
    if code:
        assert json.loads(answer.body)["code"] == code


@pytest.mark.parametrize("found", [None, "a passage", object(), Principal("https://evil.test", "root")])
async def test_only_a_passage_of_a_middleware_lets_anybody_in(found: object) -> None:
    with pytest.raises(ConfigurationError):
        await enforce({PASSAGE: found}, role("Read.All"))


def test_the_key_of_a_scope_says_whose_it_is() -> None:
    """It shows up where somebody prints a scope; what comes behind the name cannot be guessed."""
    assert re.fullmatch("bearerguard[.][0-9a-f]{32}", PASSAGE)

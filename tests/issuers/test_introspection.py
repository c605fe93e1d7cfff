"""Opaque tokens of real authorization servers, asked about over real sockets (RFC 7662)."""

import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any, Final

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from bearerguard import AccessTokenMiddleware, ClientCredentials, ResourceServer, TokenRequestError, oidc, requires, scope
from bearerguard.testing import FakeClock
from issuers.asked_servers import OPAQUE, SCOPE, AskedServer, asked_server
from issuers.oidc_provider import AUDIENCE, Launcher
from support.servers import serve

pytestmark = [pytest.mark.issuers, pytest.mark.socket]

AFTER_THE_BACK_OFF: Final = 2.0


@requires(scope(SCOPE))
async def _list_orders(request: Request) -> JSONResponse:
    user = request.user
    return JSONResponse({"client": user.client_id, "roles": sorted(user.roles), "issuer": user.issuer})


@dataclass(frozen=True, slots=True)
class Place:
    """An API on a socket of its own, and its clock, which begins with the real one."""

    api: httpx.Client
    clock: FakeClock

    def get(self, token: str) -> tuple[int, str | None]:
        """Status, and error code if there is one."""
        answer = self.answer(token)
        return answer.status_code, answer.json().get("code")

    def answer(self, token: str) -> httpx.Response:
        """``GET /orders`` with this token."""
        return self.api.get("/orders", headers={"Authorization": f"Bearer {token}"})


@contextmanager
def _place(server: AskedServer, method: str = "basic", **changes: Any) -> Iterator[Place]:
    """An API that asks ``server``, for tokens with the audience ``OPAQUE``."""
    clock = FakeClock(time.time())
    asked = server.introspection(method, **{"audience": OPAQUE, **changes})
    # the issuer's JWTs are verified as ever, and have another audience
    issuers = [] if asked.named_issuer is None else [oidc(asked.named_issuer, insecure_allow_http=True)]
    resource_server = ResourceServer(issuers, AUDIENCE, introspection=asked, clock=clock)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        yield
        await resource_server.aclose()

    app = Starlette(
        routes=[Route("/orders", _list_orders)],
        middleware=[Middleware(AccessTokenMiddleware, resource_server=resource_server)],
        lifespan=lifespan,
    )
    with serve(app) as base_url, httpx.Client(base_url=base_url, trust_env=False) as api:
        yield Place(api, clock)


@pytest.fixture(scope="module")
def provider(launcher: Launcher) -> Iterator[AskedServer]:
    with asked_server("oidc-provider", launcher) as running:
        yield running


@pytest.fixture(scope="module")
def toolkit(launcher: Launcher) -> Iterator[AskedServer]:
    with asked_server("toolkit", launcher) as running:
        yield running


@pytest.fixture(params=["provider", "toolkit"])
def server(request: pytest.FixtureRequest) -> AskedServer:
    return request.getfixturevalue(request.param)  # type: ignore[no-any-return]


def test_an_api_proves_itself_in_every_way_that_the_server_knows(server: AskedServer) -> None:
    """RFC 6749 §2.3.1, RFC 7523 §2.2."""
    for method in server.methods:
        with _place(server, method) as place:
            answer = place.answer(server.token())

            assert (answer.status_code, answer.json()["client"]) == (200, "reader")
            assert place.get("made-up") == (401, "inactive_token")


def test_a_revoked_token_is_good_while_its_answer_is_remembered_and_no_longer(server: AskedServer) -> None:
    with _place(server) as place:
        token = server.token()
        assert place.get(token) == (200, None)
        server.revoke(token)
        assert not server.is_active(token)

        place.clock.advance(59)
        assert place.get(token) == (200, None)
        place.clock.advance(1)

        assert place.get(token) == (401, "inactive_token")


def test_without_memory_a_revoked_token_is_refused_at_once(server: AskedServer) -> None:
    with _place(server, cache_for=0) as place:
        token = server.token()
        assert place.get(token) == (200, None)
        server.revoke(token)

        assert place.get(token) == (401, "inactive_token")


@pytest.mark.parametrize("name", ["oidc-provider", "toolkit"])
def test_a_token_that_the_server_lets_expire_is_refused(name: str, launcher: Launcher) -> None:
    with asked_server(name, launcher, lifetime=1) as server, _place(server) as place:
        token = server.token()
        deadline = time.monotonic() + 30
        while server.is_active(token):
            assert time.monotonic() < deadline

        assert place.get(token) == (401, "inactive_token")


def test_an_answer_is_not_remembered_beyond_exp_and_exp_is_judged_here_as_well(server: AskedServer) -> None:
    """RFC 7662 §4. The API's clock runs ahead, so the server still calls the token active."""
    with _place(server, cache_for=3600) as place:
        token = server.token()
        assert place.get(token) == (200, None)

        place.clock.advance(300 + 61)

        assert place.get(token) == (401, "token_expired")
        assert server.is_active(token)


def test_a_token_for_another_api_is_refused(server: AskedServer) -> None:
    """RFC 7662 §4: the endpoint says active, since it answers for every API."""
    with _place(server) as place:
        token = server.token(audience=f"{OPAQUE}-billing")

        assert server.is_active(token)
        assert place.get(token) == (401, "wrong_audience")


def _client(server: AskedServer, audience: str = OPAQUE) -> ClientCredentials:
    return ClientCredentials(
        token_endpoint=server.token_endpoint,
        client_id="reader",
        client_secret="reader-secret",
        scope=SCOPE,
        resource=audience,
        metadata_url=server.metadata_url,
        insecure_allow_http=True,
    )


def test_a_client_revokes_its_own_token(server: AskedServer) -> None:
    """RFC 7009."""
    with _place(server, cache_for=0) as place:
        auth = _client(server)
        token = auth.token_sync()
        assert place.get(token) == (200, None)

        auth.revoke_sync()

        assert place.get(token) == (401, "inactive_token")
        assert place.get(auth.token_sync()) == (200, None)


def test_a_client_is_told_that_its_server_revokes_no_jwts(provider: AskedServer) -> None:
    """RFC 7009 §2.2.1."""
    auth = _client(provider, AUDIENCE)
    auth.token_sync()

    with pytest.raises(TokenRequestError) as caught:
        auth.revoke_sync()

    assert caught.value.error == "unsupported_token_type"


def test_while_the_endpoint_is_stopped_new_tokens_are_503_and_remembered_ones_are_served(server: AskedServer) -> None:
    with _place(server) as place:
        known, new = server.token(), server.token()
        assert place.get(known) == (200, None)

        with server.stopped():
            answer = place.answer(new)
            assert answer.status_code == 503
            assert int(answer.headers["Retry-After"]) >= 1
            assert place.get(known) == (200, None)
        place.clock.advance(AFTER_THE_BACK_OFF)

        assert place.get(new) == (200, None)


@pytest.mark.parametrize("wrong", [{"client_secret": "wrong"}, {"client_id": "nobody"}])
def test_a_wrong_credential_of_ours_is_503_and_not_the_callers_fault(server: AskedServer, wrong: dict[str, str]) -> None:
    """RFC 7662 §2.3."""
    with _place(server, **wrong) as place:
        assert place.get(server.token())[0] == 503


def test_an_answer_without_audience_is_refused_unless_the_endpoint_answers_for_this_api_only(toolkit: AskedServer) -> None:
    token = toolkit.token(audience=None)
    with _place(toolkit) as place:
        assert place.get(token) == (401, "missing_claim")
    with _place(toolkit, only_this_api=True) as place:
        assert place.get(token) == (200, None)


def test_roles_and_issuer_are_read_from_the_answer(provider: AskedServer) -> None:
    with _place(provider) as place:
        answer = place.answer(provider.token()).json()

    assert answer["roles"] == ["Read.All"]
    assert provider.token_endpoint.startswith(answer["issuer"])


def test_jwts_of_the_same_server_are_verified_beside_it(provider: AskedServer) -> None:
    """This server answers 400 to questions about JWTs: so none was asked."""
    with _place(provider) as place:
        assert place.get(provider.token(audience=AUDIENCE)) == (200, None)
        assert place.get(provider.token(audience="api://billing")) == (401, "wrong_audience")

"""A redirect takes the token nowhere it is not meant for, and makes nothing happen twice."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import Receive, Scope, Send

from bearerguard import ClientCredentials, ConfigurationError
from support.both_libraries import EACH_LIBRARY
from support.servers import serve
from support.token_endpoint_stub import API, ENDPOINT, StubEndpoint

INVALID = {"WWW-Authenticate": 'Bearer error="invalid_token"'}


class Recorder:
    """A server that keeps what it was sent, and sends callers on."""

    def __init__(self) -> None:
        self.authorizations: list[str | None] = []
        self.location = ""
        self.status = 307

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        self.authorizations.append(request.headers.get("authorization"))
        answer: Response = PlainTextResponse("end", 401, headers=INVALID)
        if self.location and request.url.path == "/start":
            answer = RedirectResponse(self.location, self.status)
        await answer(scope, receive, send)


class Servers:
    """The API the token is meant for, and another one."""

    def __init__(self, stack: ExitStack) -> None:
        self.orders, self.other = Recorder(), Recorder()
        self.orders_url, self.other_url = stack.enter_context(serve(self.orders)), stack.enter_context(serve(self.other))
        self.endpoint = StubEndpoint()

    def auth(self, **settings: Any) -> ClientCredentials:
        return ClientCredentials(
            token_endpoint=ENDPOINT,
            client_id="billing",
            client_secret="hunter2",
            transport=self.endpoint.transport,
            insecure_allow_http=True,
            **settings,
        )


@pytest.fixture(scope="module")
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture(scope="module")
def running(stack: ExitStack) -> Servers:
    return Servers(stack)


@pytest.fixture
def servers(running: Servers) -> Servers:
    for recorder in (running.orders, running.other):
        recorder.authorizations.clear()
        recorder.location = ""
    running.endpoint = StubEndpoint()
    return running


@pytest.mark.socket
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("method", ["GET", "POST"])
@EACH_LIBRARY
def test_a_token_does_not_follow_a_redirect_to_another_origin(library: Any, servers: Servers, status: int, method: str) -> None:
    """On real sockets: a token goes only to the origins it is meant for (RFC 6750 §5.3)."""
    servers.orders.location, servers.orders.status = f"{servers.other_url}/end", status
    with library.Client(auth=servers.auth(), follow_redirects=True) as client:
        client.request(method, f"{servers.orders_url}/start")
    assert servers.orders.authorizations == ["Bearer token-1"]
    assert servers.other.authorizations == [None]


@pytest.mark.socket
def test_a_token_does_not_come_back_from_another_origin(servers: Servers) -> None:
    servers.orders.location, servers.orders.status = f"{servers.other_url}/start", 307
    servers.other.location, servers.other.status = f"{servers.orders_url}/end", 307
    with httpx.Client(auth=servers.auth(), follow_redirects=True) as client:
        client.get(f"{servers.orders_url}/start")
    assert servers.other.authorizations == [None]
    assert servers.orders.authorizations == ["Bearer token-1", None]


@pytest.mark.socket
def test_another_origin_cannot_have_the_token_dropped(servers: Servers) -> None:
    """Its 401 speaks of no token it has seen."""
    servers.orders.location, servers.orders.status = f"{servers.other_url}/end", 307
    auth = servers.auth(origins=[servers.orders_url, servers.other_url])
    with httpx.Client(auth=auth, follow_redirects=True) as client:
        assert client.get(f"{servers.orders_url}/start").status_code == 401
    assert auth.token_sync() == "token-1"


@pytest.mark.socket
@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
async def test_an_asynchronous_client_leaves_the_token_behind_too(servers: Servers) -> None:
    servers.orders.location, servers.orders.status = f"{servers.other_url}/end", 307
    async with httpx.AsyncClient(auth=servers.auth(), follow_redirects=True) as client:
        await client.get(f"{servers.orders_url}/start")
    assert servers.other.authorizations == [None]


@pytest.mark.socket
def test_a_redirect_that_is_followed_by_hand_needs_a_named_origin(servers: Servers) -> None:
    servers.orders.location, servers.orders.status = f"{servers.other_url}/end", 307
    with httpx.Client(auth=servers.auth()) as client:
        response = client.get(f"{servers.orders_url}/start")
        assert response.next_request is not None
        assert "Authorization" not in response.next_request.headers
        with pytest.raises(ConfigurationError):
            client.send(response.next_request)
        client.send(response.next_request, auth=None)
    assert servers.other.authorizations == [None]


def answering(*answers: httpx.Response) -> tuple[httpx.MockTransport, list[str]]:
    seen: list[str] = []
    waiting = list(answers)

    def api(request: httpx.Request) -> httpx.Response:
        seen.append(f"{request.method} {request.url.path} {request.content.decode()} {request.headers.get('Authorization')}")
        return waiting.pop(0)

    return httpx.MockTransport(api), seen


def send(transport: httpx.MockTransport, method: str, body: str = "") -> httpx.Response:
    auth = ClientCredentials(
        token_endpoint=ENDPOINT, client_id="billing", client_secret="hunter2", transport=StubEndpoint().transport
    )
    with httpx.Client(transport=transport, auth=auth, follow_redirects=True) as client:
        return client.request(method, f"{API}/start", content=body)


def to(path: str, status: int) -> httpx.Response:
    return httpx.Response(status, headers={"Location": path})


def test_a_refusal_after_a_redirect_of_the_same_origin_is_believed() -> None:
    transport, seen = answering(to("/end", 302), httpx.Response(401, headers=INVALID), to("/end", 302), httpx.Response(200))
    assert send(transport, "GET").status_code == 200
    assert [line.split()[-1] for line in seen] == ["token-1", "token-1", "token-2", "token-2"]


def test_a_request_that_was_sent_on_whole_is_repeated_whole() -> None:
    """307 and 308 keep method and body (RFC 9110 §15.4.8): nothing was done yet."""
    transport, seen = answering(to("/end", 307), httpx.Response(401, headers=INVALID), to("/end", 307), httpx.Response(200))
    assert send(transport, "POST", "order=1").status_code == 200
    assert [line.split()[:3] for line in seen] == [["POST", "/start", "order=1"], ["POST", "/end", "order=1"]] * 2


@pytest.mark.parametrize("status", [301, 302, 303])
def test_a_post_that_became_a_get_is_not_posted_again(status: int) -> None:
    """RFC 9110 §15.4.4: the redirect says that the POST has been done."""
    transport, seen = answering(to("/orders/1", status), httpx.Response(401, headers=INVALID))
    assert send(transport, "POST", "order=1").status_code == 401
    assert [line.split()[0] for line in seen] == ["POST", "GET"]

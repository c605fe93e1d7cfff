"""Refusals on a real socket: servers have their own mind on HEAD, on bodies that were not read, and on handshakes."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import websockets.sync.client
from websockets.exceptions import InvalidStatus

from bearerguard import ResourceServer
from bearerguard.testing import LocalIssuer
from support.servers import serve
from unit.web.orders_api import FORMS

pytestmark = [pytest.mark.socket, pytest.mark.parametrize("server", ["uvicorn", "hypercorn"])]


@pytest.fixture(params=["decorators", "policy"])
def url(request: pytest.FixtureRequest, server: Any, api: ResourceServer) -> Iterator[str]:
    with serve(FORMS[request.param](api), server=server) as found:
        yield found


@pytest.fixture
def headers(issuer: LocalIssuer) -> dict[str, str]:
    return {"authorization": f"Bearer {issuer.mint('reader')}"}


def test_requests(url: str, headers: dict[str, str]) -> None:
    with httpx.Client(base_url=url) as client:
        assert client.get("/orders", headers=headers).status_code == 200
        refused = client.get("/orders")
        assert (refused.status_code, refused.json()["code"]) == (401, "missing_token")
        assert refused.headers["www-authenticate"] == 'Bearer realm="api"'
        head = client.head("/orders")
        assert (head.status_code, head.content) == (401, b"")
        assert client.get("/health").status_code == 200


def test_a_body_that_is_not_read_harms_no_later_request(url: str, headers: dict[str, str]) -> None:
    with httpx.Client(base_url=url) as client:
        assert client.post("/orders", content=b"x" * 300_000).status_code == 401
        assert get_again_if_closed(client, "/orders", headers).status_code == 200


def get_again_if_closed(client: httpx.Client, path: str, headers: dict[str, str]) -> httpx.Response:
    """The answer to GET; once more if the server closed the connection between the two requests.

    A server may close a connection whose body it did not read, and a client that has not yet
    seen that asks again (RFC 9112 section 9.3.1).
    """
    try:
        return client.get(path, headers=headers)
    except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError):
        return client.get(path, headers=headers)


def test_websockets(url: str, headers: dict[str, str]) -> None:
    target = url.replace("http", "ws", 1) + "/orders/live"
    with websockets.sync.client.connect(target, additional_headers=headers, proxy=None) as websocket:
        assert websocket.response is not None
        assert websocket.response.status_code == 101
    with pytest.raises(InvalidStatus) as caught, websockets.sync.client.connect(target, proxy=None):
        raise NotImplementedError
    response = caught.value.response
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == 'Bearer realm="api"'
    assert json.loads(response.body)["code"] == "missing_token"

"""Each framework under a real server, over http and websocket."""

from collections.abc import Callable, Iterator
from importlib import reload
from typing import Any

import httpx
import pytest
from samples.frameworks.access import api
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from bearerguard.testing.stand_ins import StandIns
from frameworks.samples_of import NAMES, STARTED_ONCE, WITHOUT_WEBSOCKETS, issuer
from support.servers import serve

pytestmark = [pytest.mark.frameworks, pytest.mark.socket]


@pytest.fixture(params=NAMES)
def running(request: pytest.FixtureRequest, needed: Callable[[str], Any]) -> Iterator[tuple[str, str]]:
    """Name of the framework, and where it listens."""
    module = needed(f"samples.frameworks.{request.param}_app")
    if request.param in STARTED_ONCE:
        module = reload(module)
    with StandIns(api, issuer()).in_place(), serve(module.app) as base_url:
        yield request.param, base_url


def _bearer(client_id: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {issuer().mint(client_id)}"}


def test_the_caller_is_told_over_http(running: tuple[str, str]) -> None:
    with httpx.Client(base_url=running[1]) as client:
        assert client.get("/health").status_code == 200
        assert client.get("/orders", headers=_bearer("reader")).json() == {"orders": [], "caller": "reader"}
        assert client.post("/orders", json={"item": "tea"}, headers=_bearer("writer")).status_code == 201
        assert client.post("/orders", json={"item": "tea"}, headers=_bearer("reader")).json()["code"] == "missing_role"
        refused = client.get("/orders")
        assert (refused.status_code, refused.headers["www-authenticate"]) == (401, 'Bearer realm="api"')


def test_the_caller_is_told_over_a_websocket(running: tuple[str, str]) -> None:
    """uvicorn offers denial responses; a refusal is one in Django, too, which has no websockets."""
    name, base_url = running
    url = base_url.replace("http", "ws") + "/orders/live"
    for client_id, status in ((None, 401), ("noroles", 403)):
        with pytest.raises(InvalidStatus) as caught:
            connect(url, additional_headers=_bearer(client_id) if client_id else {}).close()
        assert caught.value.response.status_code == status
        assert caught.value.response.headers["www-authenticate"].startswith("Bearer")
    if name not in WITHOUT_WEBSOCKETS:
        with connect(url, additional_headers=_bearer("reader")) as websocket:
            assert b"reader" in websocket.recv(decode=False)

"""Each framework on each server, over sockets: the honest requests are served, the hostile ones get at nothing."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from bearerguard.testing import LocalIssuer
from frameworks.hostile_paths import HOSTILE, ROOT_PATHS
from frameworks.server_processes import ROOT_PATH_OPTIONS, SERVERS, request, running
from frameworks.small_apps import APPS, OPEN, SECRET

pytestmark = [pytest.mark.frameworks, pytest.mark.socket]

NEEDS_ASYNCIO: Final = frozenset({"quart", "django"})  # they fail on trio, whoever asks
TRAILERS: Final = {"uvicorn-h11": 401, "uvicorn-httptools": 200, "hypercorn": 401, "granian": 401, "daphne": 401}
UPGRADE: Final = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


@pytest.fixture(scope="module")
def keys(issuer: LocalIssuer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("servers") / "keys.json"
    file.write_text(json.dumps(issuer.jwks()))
    return file


@pytest.fixture(scope="module", params=SERVERS)
def server(request: pytest.FixtureRequest, keys: Path, needed: Callable[[str], Any]) -> Iterator[tuple[str, int]]:
    """Name and port of a server."""
    for name in (SERVERS[request.param][0], *APPS, *(["uvicorn_worker"] if request.param == "gunicorn-uvicorn" else [])):
        needed(name)
    with running(request.param, keys) as port:
        yield request.param, port


@pytest.fixture(scope="module")
def bearer(issuer: LocalIssuer) -> dict[str, str]:
    return {"Authorization": f"Bearer {issuer.mint('reader')}"}


def _to(framework: str, **more: str) -> dict[str, str]:
    return {"Host": f"{framework}.test", "Connection": "close", **more}


@pytest.mark.parametrize("framework", APPS)
def test_an_honest_request_is_served(server: tuple[str, int], framework: str, bearer: dict[str, str]) -> None:
    name, port = server

    assert request(port, "/files", _to(framework))[0] == 401
    if name == "hypercorn-trio" and framework in NEEDS_ASYNCIO:
        assert request(port, "/files", _to(framework) | bearer)[0] == 500
        return
    status, body = request(port, "/files", _to(framework) | bearer)
    assert (status, SECRET.encode() in body) == (200, True)
    for target in ("/files/x/public", "/open/a%20b", "/open/x/y?z=/../files"):
        status, body = request(port, target, _to(framework))
        assert (status, OPEN.encode() in body) == (200, True), target


@pytest.mark.parametrize("framework", APPS)
def test_a_hostile_path_gets_at_nothing(server: tuple[str, int], framework: str, bearer: dict[str, str]) -> None:
    """The reader may list the files, and read none of them; whoever has no token may do neither."""
    _, port = server
    for target in HOSTILE:
        for headers in ({}, bearer):
            assert SECRET.encode() not in request(port, target, _to(framework) | headers)[1], (target, bool(headers))


@pytest.mark.parametrize("framework", APPS)
def test_no_header_says_where_the_path_begins(server: tuple[str, int], framework: str, bearer: dict[str, str]) -> None:
    """daphne makes ``Daphne-Root-Path`` the scope's ``root_path``, whoever sends it."""
    name, port = server
    for root_path in ROOT_PATHS if name == "daphne" else ROOT_PATHS[:1]:
        for target in ("/files/x/public", "/files/x", "/files/files/x", "/open/files/x", "/open/open/x", f"{root_path}/files/x"):
            for headers in ({}, bearer):
                sent = _to(
                    framework, **{"Daphne-Root-Path": root_path, "X-Forwarded-Prefix": root_path, "Script-Name": root_path}
                )
                assert SECRET.encode() not in request(port, target, sent | headers)[1], (root_path, target)


@pytest.mark.parametrize("framework", APPS)
def test_a_websocket_is_refused_in_the_handshake(server: tuple[str, int], framework: str) -> None:
    """Whatever the path, whoever says where it begins."""
    _, port = server
    for target in ("/files", "/files/", "/open/../files", "/nowhere"):
        for more in ({}, {"Daphne-Root-Path": "/open"}):
            status, _ = request(port, target, {"Host": f"{framework}.test", **UPGRADE, **more})
            assert status in (400, 401, 403), (target, more)


@pytest.mark.parametrize("name", ROOT_PATH_OPTIONS)
def test_a_root_path_of_the_server_changes_nothing(
    name: str, keys: Path, bearer: dict[str, str], needed: Callable[[str], Any]
) -> None:
    """uvicorn puts it in front of the path; hypercorn, granian and daphne do not."""
    for module in (SERVERS[name][0], *APPS):
        needed(module)
    with running(name, keys, ROOT_PATH_OPTIONS[name], told="/v1") as port:
        for framework in APPS:
            assert request(port, "/files", _to(framework))[0] == 401
            assert request(port, "/files", _to(framework) | bearer)[0] == 200
            for target in ("/files/x/public", "/open/files"):
                assert request(port, target, _to(framework))[0] == 200, (framework, target)
            for target in HOSTILE:
                assert SECRET.encode() not in request(port, target, _to(framework))[1], (framework, target)


def test_what_a_server_makes_of_a_trailer_is_its_own_affair(server: tuple[str, int], bearer: dict[str, str]) -> None:
    """RFC 9110 §6.5.1: a trailer is no header. uvicorn counts it as one with httptools, whoever is behind it cannot tell."""
    name, port = server
    if name not in TRAILERS:
        pytest.skip("this server leaves a GET with a chunked body unanswered when it is refused, or runs another one's parser")
    chunked = _to("starlette") | {"Transfer-Encoding": "chunked", "Trailer": "Authorization"}
    body = f"2\r\n{{}}\r\n0\r\nAuthorization: {bearer['Authorization']}\r\n\r\n".encode()

    assert request(port, "/files", chunked, body=body)[0] == TRAILERS[name]

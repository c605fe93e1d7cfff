"""httpx and httpx2: one object is ``auth=`` for clients of both, and takes a transport of either."""

import subprocess
import sys
import textwrap
from typing import Any

import httpx
import pytest
from starlette.types import Receive, Scope, Send

from bearerguard import ClientCredentials, ResourceServer, TokenRequestError
from bearerguard.client.http_libraries import LIBRARIES
from bearerguard.testing import LocalIssuer
from support.both_libraries import EACH_LIBRARY, answering
from support.raw_server import json_answer, raw_server
from support.servers import serve
from support.token_endpoint_stub import API, ENDPOINT, StubApi, StubEndpoint

TOKEN = b'{"access_token": "token-1", "token_type": "Bearer", "expires_in": 3600}'


def credentials(transport: Any, **settings: Any) -> ClientCredentials:
    given = {"token_endpoint": ENDPOINT, "client_id": "billing", "client_secret": "hunter2", **settings}
    return ClientCredentials(**given, transport=transport)


# --- auth= of a client


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
async def test_clients_of_all_libraries_share_one_token() -> None:
    api, endpoint = StubApi(), StubEndpoint()
    auth = credentials(endpoint.transport)
    for library in LIBRARIES:
        async with library.AsyncClient(transport=answering(library, api), auth=auth) as client:
            assert (await client.get(API)).status_code == 200
        with library.Client(transport=answering(library, api), auth=auth) as client:
            assert client.get(API).status_code == 200
    assert api.tokens == ["token-1"] * 2 * len(LIBRARIES)
    assert len(endpoint.requests) == 1


@pytest.mark.anyio
@EACH_LIBRARY
async def test_a_revoked_token_is_replaced_and_the_request_repeated(library: Any) -> None:
    api, endpoint = StubApi(), StubEndpoint()
    api.revoked = {"token-1", "token-2"}
    auth = credentials(endpoint.transport)
    with library.Client(transport=answering(library, api), auth=auth) as client:
        assert client.post(API, content=b"order").status_code == 401
    async with library.AsyncClient(transport=answering(library, api), auth=auth) as client:
        assert (await client.post(API, content=b"order")).status_code == 200
    assert api.tokens == ["token-1", "token-2", "token-2", "token-3"]
    assert api.bodies == [b"order"] * 4


@EACH_LIBRARY
def test_auth_may_be_given_for_one_request(library: Any) -> None:
    api = StubApi()
    with library.Client(transport=answering(library, api)) as client:
        client.get(API, auth=credentials(StubEndpoint().transport))
    assert api.tokens == ["token-1"]


# --- transport= for the token request


@EACH_LIBRARY
def test_a_transport_of_either_kind_sends_the_token_request(library: Any) -> None:
    class Synchronous(library.BaseTransport):  # type: ignore[misc]
        def handle_request(self, request: Any) -> Any:
            return answering(library, endpoint).handle_request(request)

    endpoint = StubEndpoint()
    for transport in (answering(library, endpoint), Synchronous()):
        assert credentials(transport).token_sync().startswith("token-")
    assert len(endpoint.requests) == 2
    assert all(isinstance(request, library.Request) for request in endpoint.requests)


@EACH_LIBRARY
@pytest.mark.usefixtures("one_try")
def test_a_failure_of_either_librarys_network_is_the_documented_error(library: Any) -> None:
    def endpoint(request: Any) -> httpx.Response:
        raise library.ReadTimeout("")

    with pytest.raises(TokenRequestError) as raised:
        credentials(answering(library, endpoint)).token_sync()
    assert raised.value.error == "token_endpoint_timeout"


@EACH_LIBRARY
def test_an_issuer_in_memory_is_reached_by_either_librarys_asgi_transport(library: Any) -> None:
    issuer = LocalIssuer()
    auth = credentials(
        library.ASGITransport(issuer),
        token_endpoint=issuer.token_endpoint,
        client_id="reader",
        client_secret="reader-secret",
    )
    assert auth.token_sync().count(".") == 2


@pytest.mark.anyio
@EACH_LIBRARY
async def test_a_resource_server_fetches_keys_by_either_librarys_transport(library: Any) -> None:
    issuer = LocalIssuer()
    api = ResourceServer(issuer.trusted(), "api://orders", transport=library.ASGITransport(issuer))
    assert (await api.authenticate(issuer.mint(roles=["Read.All"]))).roles == {"Read.All"}


@pytest.mark.socket
@EACH_LIBRARY
@pytest.mark.parametrize("kind", ["AsyncHTTPTransport", "HTTPTransport"])
def test_a_transport_of_either_library_gives_its_settings_and_keeps_no_connection(library: Any, kind: str) -> None:
    transport = getattr(library, kind)()
    with raw_server(json_answer(TOKEN)) as server:
        auth = credentials(transport, token_endpoint=f"{server.url}", insecure_allow_http=True)
        for _ in range(3):
            auth.drop(auth.token_sync())
        assert server.connections == 3
    assert transport._pool.connections == []


@pytest.mark.socket
@pytest.mark.anyio
@EACH_LIBRARY
async def test_a_client_of_either_library_calls_a_real_server(library: Any) -> None:
    seen: list[str] = []

    async def api(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            seen.append(dict(scope["headers"])[b"authorization"].decode())
            await send({"type": "http.response.start", "status": 204, "headers": []})
            await send({"type": "http.response.body"})

    auth = credentials(StubEndpoint().transport, insecure_allow_http=True)
    with serve(api) as url:
        async with library.AsyncClient(base_url=url, auth=auth, trust_env=False) as client:
            assert (await client.get("/orders")).status_code == 204
    assert seen == ["Bearer token-1"]


# --- which of them is there

WITHOUT = """
    import sys
    sys.modules["httpx2"] = None
"""
ALIASED = """
    import httpx2
    httpx2.alias_httpx()
"""
USE = """
    import httpx
    from bearerguard import ClientCredentials

    token = {"access_token": "t", "token_type": "Bearer", "expires_in": 60}
    auth = ClientCredentials(token_endpoint="https://issuer.example/token", client_id="c", client_secret="s",
                             transport=httpx.MockTransport(lambda request: httpx.Response(200, json=token)))
    api = httpx.MockTransport(lambda request: httpx.Response(200, text=request.headers["authorization"]))
    with httpx.Client(transport=api, auth=auth) as client:
        print(client.get("https://orders.example").text)
"""


@pytest.mark.parametrize("before", [WITHOUT, ALIASED] if len(LIBRARIES) > 1 else [WITHOUT], ids=lambda code: code.split()[1])
def test_httpx_alone_and_httpx_that_is_httpx2_are_enough(before: str) -> None:
    """``httpx2.alias_httpx()`` makes one module of the two names."""
    code = textwrap.dedent(before) + textwrap.dedent(USE)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout, done.stderr) == ("Bearer t\n", "")


def test_a_service_that_only_verifies_loads_neither_the_client_nor_httpx2() -> None:
    code = "import sys, bearerguard.resource_server; print({'bearerguard.client.httpx_auth', 'httpx2'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "set()\n"

"""Transports that keep connections over HTTP/2: each token request has an event loop of its own, and none fails for that."""

import asyncio
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from bearerguard import ClientCredentials, TokenRequestError
from bearerguard.bounded_http import BoundedHttp, Request
from support.both_libraries import EACH_LIBRARY
from support.certificates import Certificates, make_certificates
from support.servers import serve

pytestmark = pytest.mark.socket

TOKEN = b'{"access_token": "token-1", "token_type": "Bearer", "expires_in": 3600}'


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


class Endpoint:
    """A token endpoint that keeps which version of HTTP it was asked by."""

    def __init__(self) -> None:
        self.versions: list[str] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        self.versions.append(scope["http_version"])
        while (await receive()).get("more_body"):
            pass
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
        await send({"type": "http.response.body", "body": TOKEN})


@EACH_LIBRARY
@pytest.mark.parametrize("kind", ["AsyncHTTPTransport", "HTTPTransport"])
def test_no_renewal_fails_over_a_transport_that_speaks_http2(library: Any, kind: str, caplog: pytest.LogCaptureFixture) -> None:
    endpoint = Endpoint()
    transport = getattr(library, kind)(http1=False, http2=True)
    with serve(endpoint, server="hypercorn") as url:
        auth = ClientCredentials(
            token_endpoint=f"{url}/token",
            client_id="billing",
            client_secret="hunter2",
            insecure_allow_http=True,
            transport=transport,
        )
        for _ in range(5):
            auth.drop(auth.token_sync())
    assert endpoint.versions == ["2"] * 5
    assert "no access token" not in caplog.text


@EACH_LIBRARY
@pytest.mark.parametrize("kind", ["AsyncHTTPTransport", "HTTPTransport"])
def test_no_renewal_fails_over_a_transport_that_may_speak_http2_over_tls(
    library: Any, kind: str, certificates: Certificates
) -> None:
    endpoint = Endpoint()
    with serve(endpoint, tls=certificates) as url:
        auth = ClientCredentials(
            token_endpoint=f"{url}/token",
            client_id="billing",
            client_secret="hunter2",
            transport=getattr(library, kind)(http2=True, verify=certificates.client_context()),
        )
        for _ in range(3):
            auth.drop(auth.token_sync())
    assert endpoint.versions == ["2"] * 3


@EACH_LIBRARY
@pytest.mark.usefixtures("one_try")
def test_with_mutual_tls_the_certificate_of_the_transport_is_the_proof(library: Any, certificates: Certificates) -> None:
    """RFC 8705 §2: without it the handshake fails, and no token request arrives."""
    endpoint = Endpoint()
    known = certificates.client_context()
    known.load_cert_chain(certificates.server, certificates.server_key)
    with serve(endpoint, tls=certificates, only_known_clients=True) as url:
        for context, obtained in ((known, True), (certificates.client_context(), False)):
            auth = ClientCredentials(
                token_endpoint=f"{url}/token",
                client_id="billing",
                client_auth="tls_client_auth",
                transport=library.AsyncHTTPTransport(verify=context),
            )
            if obtained:
                assert auth.token_sync() == "token-1"
            else:
                with pytest.raises(TokenRequestError):
                    auth.token_sync()
    assert len(endpoint.versions) == 1


@EACH_LIBRARY
def test_event_loops_that_come_and_go_share_a_transport_that_speaks_http2(library: Any) -> None:
    """As the key fetch of a resource server that tests, or several threads, use."""
    endpoint = Endpoint()
    with serve(endpoint, server="hypercorn") as url:
        http = BoundedHttp(library.AsyncHTTPTransport(http1=False, http2=True), timeout=5.0)
        for _ in range(3):
            answer = asyncio.run(http.exchange(Request("GET", f"{url}/jwks"), limit=1000))
            assert answer.body == TOKEN
    assert endpoint.versions == ["2"] * 3


@EACH_LIBRARY
def test_a_transport_that_its_user_uses_as_well_keeps_its_users_connections(library: Any) -> None:
    endpoint = Endpoint()

    async def use_both(url: str) -> None:
        transport = library.AsyncHTTPTransport(http1=False, http2=True)
        async with library.AsyncClient(transport=transport) as client:
            await client.get(f"{url}/orders")
            (kept,) = transport._pool.connections
            await BoundedHttp(transport, timeout=5.0).exchange(Request("GET", f"{url}/jwks"), limit=1000)
            await client.get(f"{url}/orders")
            assert transport._pool.connections == [kept]
            assert not kept.is_closed()

    with serve(endpoint, server="hypercorn") as url:
        asyncio.run(use_both(url))
    assert len(endpoint.versions) == 3

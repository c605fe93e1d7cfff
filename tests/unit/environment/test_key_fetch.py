"""Proxy and private certificate authority of the key fetch, by variables, on loopback."""

import json
import socket
import ssl
import threading
from pathlib import Path
from typing import Final

import pytest

from bearerguard import ResourceServer
from bearerguard.testing import SigningKey
from support.certificates import make_certificates
from support.raw_server import json_answer, over_tls, raw_server

pytestmark = pytest.mark.anyio

BODY: Final = json.dumps({"keys": [SigningKey("ES256").public_jwk()]}).encode()


def environ(jwks_uri: str, **more: str) -> dict[str, str]:
    variables = {"PRESET": "oidc", "ISSUER": "https://issuer.example", "JWKS_URI": jwks_uri, "AUDIENCE": "api://orders", **more}
    return {f"BEARERGUARD_API_{name}": value for name, value in variables.items()}


async def fetches(settings: dict[str, str]) -> bool:
    api = ResourceServer.from_env(settings)
    await api.warm_up()
    ready = api.status()[0].ready
    await api.aclose()
    return ready


async def test_keys_are_fetched_through_the_proxy_that_a_variable_names() -> None:
    asked: list[bytes] = []

    def proxying(connection: socket.socket, stopping: threading.Event) -> None:
        asked.append(connection.recv(4096, socket.MSG_PEEK).partition(b"\r\n")[0])
        json_answer(BODY)(connection, stopping)

    with raw_server(proxying) as proxy:
        settings = environ("http://127.0.0.1:9/jwks", INSECURE_ALLOW_HTTP="1", PROXY=f"http://127.0.0.1:{proxy.port}")

        assert await fetches(settings)
    assert asked == [b"GET http://127.0.0.1:9/jwks HTTP/1.1"]


async def test_a_private_certificate_authority_is_trusted_where_a_variable_names_it(tmp_path: Path) -> None:
    certificates = make_certificates(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.server, certificates.server_key)

    with raw_server(over_tls(context, json_answer(BODY))) as server:
        settings = environ(server.url.replace("http:", "https:"))

        assert not await fetches(settings)
        assert await fetches({**settings, "BEARERGUARD_API_CA_FILE": str(certificates.authority)})

"""A client revokes its own token (RFC 7009)."""

import json
import logging
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import parse_qs

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from bearerguard import ClientCredentials, ConfigurationError, TokenRequestError
from bearerguard.testing import LocalClient, LocalIssuer
from support.both_libraries import EACH_LIBRARY, answering
from support.token_endpoint_stub import ENDPOINT, StubEndpoint, refusal

pytestmark = pytest.mark.anyio
BOTH = pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
REVOCATION: Final = "https://issuer.example/oauth2/revoke"
TWO_TOKEN_ENDPOINTS: Final = b'{"token_endpoint": "https://other.example", "token_endpoint": "%s"}' % ENDPOINT.encode()
METADATA: Final = "https://issuer.example/.well-known/oauth-authorization-server"
SECRET: Final = "hunter2/+%"


class Server:
    """Issues ``token-1`` …, has metadata, and answers revocations with ``answer``."""

    def __init__(self) -> None:
        self.tokens = StubEndpoint()
        self.metadata: Any = {"token_endpoint": ENDPOINT, "revocation_endpoint": REVOCATION}
        self.answer: httpx.Response | Exception | Callable[[], httpx.Response] = httpx.Response(200)
        self.revocations: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if str(request.url) == METADATA:
            metadata = self.metadata
            return metadata if isinstance(metadata, httpx.Response) else httpx.Response(200, content=json.dumps(metadata))
        if str(request.url) != REVOCATION:
            return self.tokens(request)
        self.revocations.append(request)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer if isinstance(self.answer, httpx.Response) else self.answer()

    def client(self, **changes: Any) -> ClientCredentials:
        """At this server, with a revocation endpoint."""
        given = {"client_secret": SECRET, "revocation_endpoint": REVOCATION, "transport": httpx.MockTransport(self), **changes}
        return ClientCredentials(token_endpoint=ENDPOINT, client_id="billing", **given)


@BOTH
async def test_the_token_in_hand_is_revoked_and_forgotten() -> None:
    server = Server()
    auth = server.client()
    assert await auth.token() == "token-1"

    await auth.revoke()

    (request,) = server.revocations
    assert (request.method, str(request.url)) == ("POST", REVOCATION)
    assert parse_qs(request.content.decode()) == {"token": ["token-1"], "token_type_hint": ["access_token"]}
    assert request.headers["Authorization"].startswith("Basic ")
    assert await auth.token() == "token-2"


async def test_a_revoked_token_is_not_active_any_more() -> None:
    issuer = LocalIssuer(clients=[LocalClient("reader", "reader-secret", opaque_tokens=True)])
    auth = ClientCredentials(
        token_endpoint=issuer.token_endpoint,
        client_id="reader",
        client_secret="reader-secret",
        metadata_url=issuer.metadata_url,
        transport=httpx.ASGITransport(issuer),
    )
    form = {"token": await auth.token()}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(issuer), auth=("reader", "reader-secret")) as api:
        before = await api.post(issuer.introspection_endpoint, data=form)
        await auth.revoke()
        after = await api.post(issuer.introspection_endpoint, data=form)

    assert (before.json()["active"], after.json()["active"]) == (True, False)


async def test_a_thread_with_an_event_loop_of_its_own_may_revoke_and_wait() -> None:
    server = Server()
    auth = server.client()
    auth.token_sync()

    auth.revoke_sync()

    assert len(server.revocations) == 1
    assert auth.token_sync() == "token-2"


@EACH_LIBRARY
def test_a_transport_of_either_library_will_do(library: Any) -> None:
    server = Server()
    auth = server.client(transport=answering(library, server))
    auth.token_sync()

    auth.revoke_sync()

    assert auth.token_sync() == "token-2"


async def test_without_a_token_nothing_is_sent() -> None:
    server = Server()

    await server.client().revoke()

    assert (server.revocations, server.tokens.requests) == ([], [])


async def test_a_token_is_revoked_once() -> None:
    server = Server()
    auth = server.client()
    await auth.token()

    await auth.revoke()
    await auth.revoke()

    assert len(server.revocations) == 1


async def test_a_token_that_came_meanwhile_is_kept() -> None:
    server = Server()
    auth = server.client()
    await auth.token()

    def replaced() -> httpx.Response:
        assert auth.drop("token-1")
        assert auth.token_sync() == "token-2"
        return httpx.Response(200)

    server.answer = replaced
    await auth.revoke()

    assert await auth.token() == "token-2"


async def test_an_assertion_is_for_the_revocation_endpoint() -> None:
    """RFC 7523 §3: ``aud``."""
    made = ec.generate_private_key(ec.SECP256R1())
    pem = made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    server = Server()
    auth = server.client(client_secret=None, client_auth="private_key_jwt", private_key=pem)
    await auth.token()

    await auth.revoke()

    form = parse_qs(server.revocations[0].content.decode())
    assert jwt.decode(form["client_assertion"][0], made.public_key(), ["ES256"], audience=REVOCATION)["sub"] == "billing"


# --- where


async def test_the_metadata_may_name_the_endpoint() -> None:
    """RFC 8414 §2."""
    server = Server()
    auth = server.client(revocation_endpoint=None, metadata_url=METADATA)
    await auth.token()

    await auth.revoke()

    assert len(server.revocations) == 1


@pytest.mark.parametrize(
    "metadata",
    [
        pytest.param({"token_endpoint": "https://other.example/token", "revocation_endpoint": REVOCATION}, id="another server's"),
        pytest.param({"revocation_endpoint": REVOCATION}, id="no token endpoint"),
        pytest.param({"token_endpoint": ENDPOINT}, id="no revocation endpoint"),
        pytest.param({"token_endpoint": ENDPOINT, "revocation_endpoint": "http://issuer.example/revoke"}, id="http"),
        pytest.param({"token_endpoint": ENDPOINT, "revocation_endpoint": [REVOCATION]}, id="not text"),
        pytest.param([], id="not an object"),
        pytest.param(httpx.Response(404), id="not found"),
        pytest.param(httpx.Response(302, headers={"Location": "https://other.example"}), id="redirect"),
        pytest.param(
            httpx.Response(200, content=b'{"token_endpoint": "a", "token_endpoint": "' + ENDPOINT.encode() + b'"}'), id="twice"
        ),
    ],
)
async def test_neither_token_nor_credential_goes_where_the_metadata_does_not_prove_to_be_ours(metadata: Any) -> None:
    server = Server()
    server.metadata = metadata
    auth = server.client(revocation_endpoint=None, metadata_url=METADATA)
    await auth.token()

    with pytest.raises(TokenRequestError) as caught:
        await auth.revoke()

    assert caught.value.error == "revocation_endpoint_failed"
    assert server.revocations == []
    assert await auth.token() == "token-1"


async def test_without_a_place_to_revoke_at_the_setting_is_named() -> None:
    auth = Server().client(revocation_endpoint=None)

    with pytest.raises(ConfigurationError, match="revocation_endpoint"):
        await auth.revoke()


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"revocation_endpoint": "http://issuer.example/revoke"}, "revocation_endpoint"),
        ({"revocation_endpoint": 7}, "revocation_endpoint"),
        ({"revocation_endpoint": None, "metadata_url": "issuer.example"}, "metadata_url"),
        ({"metadata_url": METADATA}, "metadata_url"),
    ],
)
def test_a_wrong_setting_is_named_when_the_object_is_built(changes: dict[str, Any], named: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Server().client(**changes)

    assert caught.value.parameter == named


# --- faults


@pytest.mark.parametrize(
    ("answer", "error", "temporary"),
    [
        (refusal("invalid_client", "no such client", status=401), "invalid_client", False),
        (refusal("unsupported_token_type", status=400), "unsupported_token_type", False),
        (refusal("temporarily_unavailable", status=503), "temporarily_unavailable", True),
        (httpx.Response(503, text="busy"), "revocation_endpoint_failed", True),
        (httpx.Response(404, html="<title>not here</title>"), "revocation_endpoint_failed", False),
        (httpx.Response(307, headers={"Location": "https://other.example"}), "revocation_endpoint_failed", False),
        (httpx.Response(202), "revocation_endpoint_failed", False),
        (httpx.Response(200, content=b"x" * 70_000), "revocation_endpoint_failed", True),
        (httpx.ConnectError("refused"), "revocation_endpoint_unreachable", True),
        (httpx.ReadTimeout("slow"), "revocation_endpoint_timeout", True),
        (RuntimeError("a defect"), "revocation_endpoint_unreachable", True),
    ],
)
async def test_a_fault_is_told_and_the_token_stays_in_hand_to_try_again(answer: Any, error: str, *, temporary: bool) -> None:
    server = Server()
    auth = server.client()
    await auth.token()
    server.answer = answer

    with pytest.raises(TokenRequestError) as caught:
        await auth.revoke()

    assert (caught.value.error, caught.value.temporary) == (error, temporary)
    assert await auth.token() == "token-1"
    server.answer = httpx.Response(204)
    await auth.revoke()
    assert await auth.token() == "token-2"


async def test_a_server_may_say_when_to_try_again() -> None:
    """RFC 7009 §2.2.1."""
    server = Server()
    auth = server.client()
    await auth.token()
    server.answer = httpx.Response(503, headers={"Retry-After": "7"})

    with pytest.raises(TokenRequestError) as caught:
        await auth.revoke()

    assert caught.value.retry_after == 7


@pytest.mark.parametrize("said", ["token-1", SECRET])
async def test_neither_token_nor_secret_is_told(said: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for answer in (refusal("invalid_request", f"you sent {said}"), httpx.ConnectError(f"POST token={said}"), RuntimeError(said)):
        server = Server()
        auth = server.client()
        await auth.token()
        server.answer = answer

        with pytest.raises(TokenRequestError) as caught:
            await auth.revoke()

        assert said not in str(caught.value) + repr(caught.value) + caplog.text
        assert caught.value.__context__ is None or said not in repr(caught.value.__context__)


async def test_a_credential_that_cannot_be_read_is_told() -> None:
    def secret() -> str:
        if server.tokens.requests:
            raise OSError(SECRET)
        return SECRET

    server = Server()
    auth = server.client(client_secret=secret)
    await auth.token()

    with pytest.raises(TokenRequestError) as caught:
        await auth.revoke()

    assert caught.value.error == "credential_unavailable"
    assert server.revocations == []

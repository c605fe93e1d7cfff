"""Whatever goes wrong at the token endpoint is one documented error, and shows no secret."""

from collections.abc import Callable

import httpx
import pytest

from bearerguard.bounded_http import BoundedHttp
from bearerguard.client.token_endpoint import TokenEndpoint
from bearerguard.client.token_response import MAX_BODY, IssuedToken
from bearerguard.client.token_settings import checked_settings
from bearerguard.error_hints import hint_for
from bearerguard.errors import TokenRequestError
from bearerguard.testing import FakeClock
from support.credentials import sealed
from support.token_endpoint_stub import ENDPOINT, StubEndpoint

pytestmark = pytest.mark.anyio

SETTINGS = checked_settings(**sealed({"token_endpoint": ENDPOINT, "client_id": "billing", "client_secret": "hunter2"}))
Handler = Callable[[httpx.Request], httpx.Response]


async def asked(handler: Handler) -> IssuedToken:
    http = BoundedHttp(httpx.MockTransport(handler), timeout=5.0)
    return await TokenEndpoint(SETTINGS, http, FakeClock())("")


async def failed(handler: Handler) -> TokenRequestError:
    with pytest.raises(TokenRequestError) as raised:
        await asked(handler)
    assert raised.value.__cause__ is None
    return raised.value


async def test_the_endpoint_is_sent_one_request_and_gives_a_token() -> None:
    endpoint = StubEndpoint()
    assert (await asked(endpoint)).access_token.reveal() == "token-1"
    (request,) = endpoint.requests
    assert (request.method, str(request.url)) == ("POST", ENDPOINT)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (httpx.ConnectError("All connection attempts failed"), "token_endpoint_unreachable"),
        (httpx.ReadTimeout(""), "token_endpoint_timeout"),
        (httpx.LocalProtocolError("Illegal header value b'Basic hunter2'"), "token_endpoint_unreachable"),
        (OSError("hunter2"), "token_endpoint_unreachable"),
        (ZeroDivisionError("hunter2"), "token_endpoint_unreachable"),
    ],
    ids=lambda value: type(value).__name__,
)
async def test_whatever_a_transport_raises_is_the_documented_error_without_a_secret(error: Exception, code: str) -> None:
    def endpoint(request: httpx.Request) -> httpx.Response:
        raise error

    failure = await failed(endpoint)
    assert failure.error == code
    assert failure.hint == hint_for(code)
    assert failure.temporary
    assert "hunter2" not in str(failure)


@pytest.mark.parametrize(
    "response",
    [
        lambda: httpx.Response(200, content=b"x" * (MAX_BODY + 1)),
        lambda: httpx.Response(200, headers={"Content-Encoding": "gzip"}, stream=httpx.ByteStream(b"x")),
    ],
    ids=["too-large", "compressed"],
)
async def test_an_answer_that_is_not_read_is_an_invalid_answer(response: Callable[[], httpx.Response]) -> None:
    failure = await failed(lambda _: response())
    assert failure.error == "invalid_token_response"
    assert failure.temporary

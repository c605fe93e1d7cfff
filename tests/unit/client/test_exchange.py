"""Whatever goes wrong between this client and an endpoint is one error, which keeps nothing of the request."""

import httpx
import pytest

from bearerguard.bounded_http import BoundedHttp, Request
from bearerguard.client.exchange import answer_to
from bearerguard.client_authentication.secret import Secret
from bearerguard.errors import TokenRequestError

pytestmark = pytest.mark.anyio

REQUEST = Request("POST", "https://issuer.example/token", body=b"client_secret=hunter2")


async def failed(raised: Exception) -> TokenRequestError:
    def endpoint(_request: httpx.Request) -> httpx.Response:
        raise raised

    http = BoundedHttp(httpx.MockTransport(endpoint), timeout=5.0)
    with pytest.raises(TokenRequestError) as caught:
        await answer_to(REQUEST, http, endpoint="token_endpoint", unread="invalid_token_response", secrets=[Secret("hunter2")])
    return caught.value


@pytest.mark.parametrize(
    "raised", [httpx.ConnectError("hunter2"), RuntimeError("hunter2")], ids=lambda error: type(error).__name__
)
async def test_what_a_transport_raised_is_neither_shown_nor_kept(raised: Exception) -> None:
    """A crash report follows ``__context__``, whatever ``from None`` hides from a traceback."""
    error = await failed(raised)

    assert (error.error, error.temporary) == ("token_endpoint_unreachable", True)
    assert "hunter2" not in str(error)
    assert (error.__cause__, error.__context__) == (None, None)


async def test_an_answer_comes_back_as_it_is() -> None:
    http = BoundedHttp(
        httpx.MockTransport(lambda _: httpx.Response(302, headers={"Location": "/"}, text="elsewhere")), timeout=5.0
    )

    answer = await answer_to(REQUEST, http, endpoint="token_endpoint", unread="invalid_token_response")

    assert (answer.status, answer.body) == (302, b"elsewhere")

"""The caller's half against a real token endpoint: the token that the client obtains opens the API."""

from collections.abc import Iterator

import httpx
import pytest

from bearerguard import ClientCredentials, TokenRequestError
from issuers.oidc_provider import AUDIENCE, Launcher
from issuers.orders_api import PLAIN, Setting, running
from support.certificates import Certificates

pytestmark = [pytest.mark.issuers, pytest.mark.socket]


@pytest.fixture(scope="module")
def setting(launcher: Launcher, certificates: Certificates) -> Iterator[Setting]:
    with running(PLAIN, "RS256", launcher, certificates) as running_setting:
        yield running_setting


def _token_endpoint(setting: Setting) -> str:
    return str(setting.server.metadata()["token_endpoint"])


def test_a_client_with_basic_credentials_obtains_one_token_for_many_requests(setting: Setting) -> None:
    """RFC 6749 §2.3.1."""
    auth = ClientCredentials(
        token_endpoint=_token_endpoint(setting),
        client_id="reader",
        client_secret="reader-secret",
        resource=AUDIENCE,
        insecure_allow_http=True,
    )
    before = setting.server.requests().get("/token", 0)
    with httpx.Client(base_url=setting.api.base_url, auth=auth) as client:
        assert [client.get("/orders").status_code for _ in range(3)] == [200, 200, 200]
        assert client.post("/orders").status_code == 403
    assert setting.server.requests()["/token"] == before + 1


@pytest.mark.anyio
async def test_an_async_client_with_credentials_in_the_body_may_write(setting: Setting) -> None:
    auth = ClientCredentials(
        token_endpoint=_token_endpoint(setting),
        client_id="writer",
        client_secret="writer-secret",
        client_auth="post",
        resource=AUDIENCE,
        insecure_allow_http=True,
    )
    async with httpx.AsyncClient(base_url=setting.api.base_url, auth=auth) as client:
        assert (await client.post("/orders")).status_code == 201


def test_a_wrong_secret_is_told_in_the_endpoints_own_words(setting: Setting) -> None:
    """RFC 6749 §5.2."""
    auth = ClientCredentials(
        token_endpoint=_token_endpoint(setting), client_id="reader", client_secret="wrong", insecure_allow_http=True
    )
    with httpx.Client(base_url=setting.api.base_url, auth=auth) as client, pytest.raises(TokenRequestError) as refused:
        client.get("/orders")
    assert refused.value.error == "invalid_client"

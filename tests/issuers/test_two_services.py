"""One service calls another with tokens of a real authorization server: bearerguard on both sides, each under uvicorn."""

import runpy
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat, load_pem_private_key

from bearerguard import ClientCredentials, ResourceServer, oidc
from issuers.client_key import make_client_key
from issuers.oidc_provider import Launcher, OidcProvider
from support.sample_files import SAMPLES
from support.servers import serve

pytestmark = [pytest.mark.issuers, pytest.mark.socket]

KEY: Final = make_client_key("billing")
CLIENTS: Final[list[dict[str, Any]]] = [
    {"client_id": "shop", "roles": ["Bills.Read"]},
    {"client_id": "basic", "roles": ["Read.All"]},
    {"client_id": "post", "roles": ["Read.All"], "token_endpoint_auth_method": "client_secret_post"},
    {
        "client_id": "private_key_jwt",
        "roles": ["Read.All"],
        "token_endpoint_auth_method": "private_key_jwt",
        "token_endpoint_auth_signing_alg": "RS256",
        "jwks": KEY.public_jwks,
    },
]


@dataclass(frozen=True, slots=True)
class Place:
    """The authorization server, and the orders service."""

    server: OidcProvider
    orders: str

    def trusting(self, audience: str) -> ResourceServer:
        """What a service of this audience checks tokens with."""
        return ResourceServer(oidc(self.server.origin, insecure_allow_http=True), audience)

    def client(self, client_id: str, resource: str) -> ClientCredentials:
        """The credentials of an application; ids of ``CLIENTS`` are those of the methods, ``shop`` uses Basic."""
        settings: dict[str, Any] = {"client_secret": f"{client_id}-secret"}
        if client_id == "private_key_jwt":  # this server expects its issuer as the audience of assertions
            settings = {"private_key": KEY.private_key, "assertion_audience": self.server.origin}
        return ClientCredentials(
            token_endpoint=self.server.metadata()["token_endpoint"],
            client_id=client_id,
            client_auth="basic" if client_id == "shop" else client_id,  # type: ignore[arg-type]
            resource=resource,
            insecure_allow_http=True,
            **settings,
        )


@pytest.fixture(scope="module")
def place(launcher: Launcher) -> Iterator[Place]:
    with ExitStack() as stack:
        server = stack.enter_context(launcher.start(clients=CLIENTS))
        orders_app = runpy.run_path(str(SAMPLES / "microservices" / "orders.py"))["orders_app"]
        orders = stack.enter_context(serve(orders_app(Place(server, "").trusting("api://orders"))))
        yield Place(server, orders)


@pytest.mark.parametrize("method", ["basic", "post", "private_key_jwt"])
def test_a_service_calls_another_with_its_own_token(place: Place, method: str) -> None:
    """RFC 6749 §2.3.1, RFC 7523 §2.2. The caller's token is for billing, and stays there."""
    orders = httpx.AsyncClient(base_url=place.orders, auth=place.client(method, "api://orders"), trust_env=False)
    billing_app = runpy.run_path(str(SAMPLES / "microservices" / "billing.py"))["billing_app"]

    with (
        serve(billing_app(place.trusting("api://billing"), orders)) as billing,
        httpx.Client(base_url=billing, auth=place.client("shop", "api://billing"), trust_env=False) as shop,
    ):
        before = place.server.requests().get("/token", 0)
        bills = [shop.get("/bill").json() for _ in range(3)]

    assert bills == [{"total": 42}] * 3
    assert place.server.requests()["/token"] == before + 2  # one of the shop, one of billing


def test_a_token_for_one_service_is_none_for_the_other(place: Place) -> None:
    """RFC 9700 §2.3."""
    with httpx.Client(base_url=place.orders, auth=place.client("basic", "api://billing"), trust_env=False) as client:
        answer = client.get("/orders")

    assert (answer.status_code, answer.json()["code"]) == (401, "wrong_audience")


def test_the_environment_says_all_that_a_server_with_keys_needs(place: Place, tmp_path: Path) -> None:
    """RFC 7523 §2.2: an encrypted key, the algorithm that is registered, and the issuer as the assertion's audience."""
    key = load_pem_private_key(KEY.private_key, None)
    (tmp_path / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"sesame")))
    environ = {
        "BEARERGUARD_TOKEN_ENDPOINT": place.server.metadata()["token_endpoint"],
        "BEARERGUARD_CLIENT_ID": "private_key_jwt",
        "BEARERGUARD_PRIVATE_KEY_FILE": str(tmp_path / "key.pem"),
        "BEARERGUARD_PRIVATE_KEY_PASSWORD": "sesame",
        "BEARERGUARD_SIGNING_ALGORITHM": "RS256",
        "BEARERGUARD_ASSERTION_AUDIENCE": place.server.origin,
        "BEARERGUARD_RESOURCE": "api://orders",
        "BEARERGUARD_INSECURE_ALLOW_HTTP": "1",
    }
    with httpx.Client(base_url=place.orders, auth=ClientCredentials.from_env(environ), trust_env=False) as client:
        assert client.get("/orders").status_code == 200

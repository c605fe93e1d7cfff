"""Signed principals reach the service through each proxy, and so do long ones."""

import json
from collections.abc import Callable, Iterator

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from bearerguard import ResourceServer
from bearerguard.forward_auth import SignedPrincipals, forward_auth
from bearerguard.testing import LocalIssuer
from gateways.conftest import POLICY, Gateway, standing
from gateways.proxies import SECRET
from gateways.wire import ask
from support.servers import serve

pytestmark = [pytest.mark.gateways, pytest.mark.socket]


@pytest.fixture(scope="module")
def signing(
    proxy: str, api: Callable[[], ResourceServer], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Gateway, str]]:
    """The proxy, and where its service is, which signs."""
    key = ec.generate_private_key(ec.SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    principals = SignedPrincipals(key, issuer="https://gateway.test", audience="orders")
    judge = forward_auth(api(), POLICY, proxy=proxy, shared_secret=SECRET, principals=principals)  # type: ignore[arg-type]
    with serve(judge) as url, standing(proxy, int(url.rsplit(":", 1)[1]), tmp_path_factory) as gateway:
        yield gateway, url


def test_the_service_verifies_who_is_calling(signing: tuple[Gateway, str], bearer: Callable[[str], dict[str, str]]) -> None:
    gateway, url = signing
    assert ask(gateway.port, "/files", bearer("reader")).status == 200
    (got,) = gateway.echo.taken()
    (statement,) = got.all("bearerguard-principal")

    (key,) = jwt.PyJWKSet.from_dict(httpx.get(f"{url}/keys").json()).keys
    claims = jwt.decode(statement, key, algorithms=["ES256"], audience="orders", issuer="https://gateway.test")
    assert (claims["principal"]["client_id"], claims["principal"]["roles"]) == ("reader", ["Read.All"])


def test_a_caller_with_many_roles_is_named_whole(gateway: Gateway, issuer: LocalIssuer) -> None:
    """Not cut off by a proxy's buffer; what is too long for one is refused."""
    roles = sorted(["Read.All", *(f"Something.{number}" for number in range(250))])
    reply = ask(gateway.port, "/files", {"Authorization": f"Bearer {issuer.mint('reader', roles=roles)}"})
    (got,) = gateway.echo.taken()

    assert reply.status == 200
    assert json.loads(got.all("bearerguard-principal")[0])["roles"] == roles

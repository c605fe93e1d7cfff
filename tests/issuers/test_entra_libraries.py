"""Microsoft's own client libraries obtain tokens from a local issuer in Entra's shapes, over https, and the API accepts them.

https://learn.microsoft.com/en-us/entra/msal/python/ and https://learn.microsoft.com/en-us/python/api/overview/azure/identity-readme
"""

import importlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import httpx
import pytest

from bearerguard import ClientCredentials, ResourceServer, TokenRequestError
from bearerguard.testing import Directory, LocalClient, LocalIssuer
from issuers.client_key import ClientKey, make_client_key
from issuers.oidc_provider import AUDIENCE, TENANT
from issuers.orders_api import orders_api
from issuers.secure_server import serve_securely
from support.certificates import Certificates

pytestmark = [pytest.mark.issuers, pytest.mark.socket]

SCOPE: Final = f"{AUDIENCE}/.default"
KEY: Final = make_client_key("batch")
CLIENTS: Final = [
    LocalClient("reader", "reader-secret", roles=["Read.All"]),
    LocalClient("noroles", "noroles-secret"),
    LocalClient("batch", roles=["Read.All"], public_jwks=KEY.public_jwks),
]


@dataclass(frozen=True, slots=True)
class Site:
    """A running issuer, and a running API that trusts it, both over https."""

    issuer: LocalIssuer
    api: httpx.Client
    certificates: Certificates

    def orders(self, token: str) -> httpx.Response:
        """``GET /orders`` with this token."""
        return self.api.get("/orders", headers={"Authorization": f"Bearer {token}"})


@pytest.fixture(scope="module", params=["entra_v1", "entra_v2"])
def site(request: pytest.FixtureRequest, certificates: Certificates) -> Iterator[Site]:
    trust = certificates.client_context()
    issuer = LocalIssuer(shape=request.param, audience=AUDIENCE, clients=CLIENTS, directory=Directory(tenant_id=TENANT))
    with serve_securely(issuer, certificates) as base_url:
        issuer.move_to(base_url)
        transport = httpx.AsyncHTTPTransport(verify=trust)
        api = orders_api(ResourceServer(issuer.trusted(), AUDIENCE, transport=transport), transport)
        with (
            serve_securely(api, certificates) as api_url,
            httpx.Client(base_url=api_url, verify=trust, trust_env=False) as client,
        ):
            yield Site(issuer, client, certificates)


def _library(name: str) -> Any:
    """A client library; its absence is a skip, or a failure where the tests of this folder are required."""
    try:
        return importlib.import_module(name)
    except ImportError:
        if os.environ.get("BEARERGUARD_REQUIRE_ISSUERS"):
            pytest.fail(f"BEARERGUARD_REQUIRE_ISSUERS is set, but {name} is not installed")
        pytest.skip(f"{name} is not installed: pip install --group issuers")


def _by_msal(site: Site, client_id: str, credential: str | ClientKey) -> str:
    requests = _library("requests")
    proof: Any = credential
    if isinstance(credential, ClientKey):
        proof = {"private_key": credential.private_key.decode(), "public_certificate": credential.certificate.decode()}
    with requests.Session() as http:
        http.verify, http.trust_env = str(site.certificates.authority), False
        app = _library("msal").ConfidentialClientApplication(
            client_id,
            client_credential=proof,
            authority=f"{site.issuer.base_url}/{TENANT}",
            instance_discovery=False,
            http_client=http,
        )
        answer: dict[str, Any] = app.acquire_token_for_client([SCOPE])
    return str(answer.get("access_token") or answer)


def _by_azure_identity(site: Site, client_id: str, credential: str | ClientKey) -> str:
    azure = _library("azure.identity")
    settings: dict[str, Any] = {
        "authority": site.issuer.base_url,
        "disable_instance_discovery": True,
        "connection_verify": str(site.certificates.authority),
    }
    if isinstance(credential, ClientKey):
        pem = credential.private_key + credential.certificate
        caller = azure.CertificateCredential(TENANT, client_id, certificate_data=pem, **settings)
    else:
        caller = azure.ClientSecretCredential(TENANT, client_id, credential, **settings)
    try:
        with caller:
            return str(caller.get_token(SCOPE).token)
    except _library("azure.core.exceptions").ClientAuthenticationError as error:
        return str(error)


def _by_bearerguard(site: Site, client_id: str, credential: str | ClientKey) -> str:
    settings: dict[str, Any] = {"client_secret": credential}
    if isinstance(credential, ClientKey):
        settings = {"private_key": credential.private_key, "certificate": credential.certificate}
    with httpx.HTTPTransport(verify=site.certificates.client_context()) as transport:
        auth = ClientCredentials.entra(
            tenant_id=TENANT,
            client_id=client_id,
            resource=AUDIENCE,
            authority=site.issuer.base_url,
            transport=transport,
            **settings,
        )
        try:
            return auth.token_sync()
        except TokenRequestError as error:
            return str(error.error_codes)


OBTAIN: Final[dict[str, Callable[[Site, str, str | ClientKey], str]]] = {
    "msal": _by_msal,
    "azure-identity": _by_azure_identity,
    "bearerguard": _by_bearerguard,
}
each_library = pytest.mark.parametrize("obtain", [pytest.param(obtain, id=name) for name, obtain in OBTAIN.items()])


@each_library
def test_a_token_by_a_secret_is_accepted(site: Site, obtain: Callable[..., str]) -> None:
    answer = site.orders(obtain(site, "reader", "reader-secret"))

    assert (answer.status_code, answer.json().get("client")) == (200, "reader")


@each_library
def test_a_token_by_a_certificate_is_accepted(site: Site, obtain: Callable[..., str]) -> None:
    answer = site.orders(obtain(site, "batch", KEY))

    assert (answer.status_code, answer.json().get("client")) == (200, "batch")


@each_library
def test_a_token_without_the_role_is_not_enough(site: Site, obtain: Callable[..., str]) -> None:
    answer = site.orders(obtain(site, "noroles", "noroles-secret"))

    assert (answer.status_code, answer.json()["code"]) == (403, "missing_role")


@each_library
def test_a_refusal_is_understood_as_entras(site: Site, obtain: Callable[..., str]) -> None:
    """https://learn.microsoft.com/en-us/entra/identity-platform/reference-error-codes"""
    assert "7000215" in obtain(site, "reader", "wrong")


@each_library
def test_a_key_that_is_not_registered_is_refused(site: Site, obtain: Callable[..., str]) -> None:
    assert "700027" in obtain(site, "batch", make_client_key("batch"))

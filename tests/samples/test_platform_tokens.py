"""``recipes/platform_tokens.py``: tokens as the platforms document them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bearerguard import AccessTokenError, IssuerUnavailable, Principal, ResourceServer, application
from bearerguard.issuers.issuer import Issuer
from bearerguard.testing import FakeClock, LocalIssuer
from support.preset_tokens import key_set, signed
from support.sample_files import sample

pytestmark = pytest.mark.anyio
NOW = 1_790_000_000
TIMES = {"iat": NOW, "exp": NOW + 300}


def record(name: str) -> Issuer:
    found: Issuer = getattr(sample("recipes.platform_tokens"), name)
    return found


async def judged(name: str, claims: dict[str, Any]) -> Principal:
    issuer = record(name)
    transport = httpx.MockTransport(lambda request: _document(issuer, request))
    api = ResourceServer(issuer, "api://of-somebody-else", transport=transport, clock=FakeClock(NOW))
    return await api.authenticate(signed({**TIMES, **claims}, {"typ": "JWT"}))


def _document(issuer: Issuer, request: httpx.Request) -> httpx.Response:
    if str(request.url) == issuer.metadata_url:
        return httpx.Response(200, json={"issuer": issuer.issuer, "jwks_uri": "https://keys.example/jwks"})
    return httpx.Response(200, json=key_set())


GOOGLE = {"iss": "https://accounts.google.com", "aud": "https://orders.example"}
GITHUB = {
    "iss": "https://token.actions.githubusercontent.com",
    "aud": "https://orders.example",
    "sub": "repo:octo-org@123456/octo-repo@456789:ref:refs/heads/main",
    "repository": "octo-org/octo-repo",
    "repository_id": "456789",
    "repository_owner_id": "123456",
    "jti": "0c4f",
}


async def test_a_service_account_of_google_is_an_application() -> None:
    claims = {"sub": "106845", "azp": "106845", "email": "invoices@contoso.iam.gserviceaccount.com", "email_verified": True}
    principal = await judged("google", GOOGLE | claims)

    assert (principal.client_id, principal.is_application) == ("106845", True)


async def test_a_person_at_google_is_none() -> None:
    assert not (await judged("google", GOOGLE | {"sub": "person", "azp": "4321.apps.googleusercontent.com"})).is_application


async def test_an_id_token_of_a_sign_in_at_google_is_refused() -> None:
    with pytest.raises(AccessTokenError) as refusal:
        await judged("google", GOOGLE | {"sub": "person", "azp": "web", "at_hash": "x"})
    assert refusal.value.code == "not_an_access_token"


async def test_a_workflow_of_github_is_its_repository_by_id() -> None:
    principal = await judged("github_actions", GITHUB)

    assert (principal.client_id, principal.tenant_id, principal.is_application) == ("456789", "123456", True)
    assert application().permits(principal)


@pytest.mark.parametrize("name", ["google", "github_actions"])
async def test_a_token_for_another_api_is_refused(name: str) -> None:
    claims = {"google": GOOGLE | {"sub": "1", "azp": "1"}, "github_actions": GITHUB}[name]
    with pytest.raises(AccessTokenError) as refusal:
        await judged(name, claims | {"aud": "https://github.com/octo-org"})
    assert refusal.value.code == "wrong_audience"


async def test_a_service_token_of_cloudflare_is_an_application_and_a_person_is_not() -> None:
    issuer = LocalIssuer(record("cloudflare_access").issuer, shape="cloudflare_access", clock=(clock := FakeClock()))
    api = ResourceServer(record("cloudflare_access"), "x", transport=httpx.ASGITransport(issuer), clock=clock)
    aud = {"aud": list(record("cloudflare_access").audience or ())}

    service = await api.authenticate(issuer.mint("reader", claims=aud))
    person = await api.authenticate(issuer.mint("reader", user="alice", claims=aud))

    assert (service.client_id, service.is_application) == ("reader", True)
    assert (person.subject, person.client_id, person.is_application) == ("alice", None, False)
    with pytest.raises(AccessTokenError):
        await api.authenticate(issuer.mint_id_token("reader", user="alice", claims=aud))


# --- Kubernetes

POD = {
    "iss": "https://kubernetes.default.svc.cluster.local",
    "aud": ["orders"],
    "sub": "system:serviceaccount:billing:invoices",
    "nbf": NOW,
    "kubernetes.io": {"namespace": "billing", "serviceaccount": {"name": "invoices", "uid": "0c4f"}},
}


@pytest.fixture
def mount(tmp_path: Path) -> Path:
    """What a pod finds: the cluster's certificate authority, and its own token."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "kubernetes")])
    begins = datetime(2026, 1, 1, tzinfo=UTC)
    built = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
    certificate = built.not_valid_before(begins).not_valid_after(begins + timedelta(days=3650)).sign(key, hashes.SHA256())
    (tmp_path / "ca.crt").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (tmp_path / "token").write_text("pods-own-token\n")
    return tmp_path


@pytest.fixture
def api_server(monkeypatch: pytest.MonkeyPatch) -> list[httpx.Request]:
    """Answers below the recipe's transport, and wants a token."""
    asked: list[httpx.Request] = []

    async def answer(_transport: httpx.AsyncHTTPTransport, request: httpx.Request) -> httpx.Response:
        asked.append(request)
        allowed = request.headers.get("authorization") == "Bearer pods-own-token"
        return httpx.Response(200 if allowed else 401, json=key_set() if allowed else {})

    monkeypatch.setattr(httpx.AsyncHTTPTransport, "handle_async_request", answer)
    return asked


async def test_the_keys_of_a_cluster_are_asked_for_with_the_pods_own_token(mount: Path, api_server: list[httpx.Request]) -> None:
    api = ResourceServer(
        record("kubernetes"),
        "x",
        transport=sample("recipes.platform_tokens").ServiceAccountTransport(mount),
        clock=FakeClock(NOW),
    )

    principal = await api.authenticate(signed({**TIMES, **POD}, {}))

    assert (principal.client_id, principal.tenant_id) == ("system:serviceaccount:billing:invoices", "billing")
    assert principal.is_application
    assert [str(request.url) for request in api_server] == ["https://kubernetes.default.svc/openid/v1/jwks"]


async def test_that_token_is_read_anew_and_goes_to_no_other_host(mount: Path, api_server: list[httpx.Request]) -> None:
    transport = sample("recipes.platform_tokens").ServiceAccountTransport(mount)
    (mount / "token").write_text("replaced")

    for host in ("kubernetes.default.svc", "kubernetes.default.svc.evil.example", "accounts.google.com"):
        await transport.handle_async_request(httpx.Request("GET", f"https://{host}/openid/v1/jwks"))

    assert [request.headers.get("authorization") for request in api_server] == ["Bearer replaced", None, None]


@pytest.mark.usefixtures("api_server")
async def test_without_a_token_there_are_no_keys(mount: Path) -> None:
    (mount / "token").write_text("")
    api = sample("recipes.platform_tokens").api_of_a_cluster(mount)
    with pytest.raises(IssuerUnavailable):
        await api.authenticate(signed({**POD, "iat": 1, "nbf": 1, "exp": 2**39}, {}))

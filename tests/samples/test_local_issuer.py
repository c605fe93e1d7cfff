"""A local issuer on a port, and an API that is led to it."""

import runpy
import signal

import httpx
import pytest

from bearerguard import ClientCredentials, ResourceServer, entra
from support.sample_files import SAMPLES, sample, started

pytestmark = pytest.mark.anyio

TENANT = "808b7ce5-9924-441e-ae53-3e42fd8a6d43"


def test_the_api_trusts_entra_unless_it_is_told_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ENTRA_AUTHORITY", raising=False)
    api: ResourceServer = sample("local_issuer.orders").api

    assert api.issuers == entra(TENANT)


async def _status(app: object, client_id: str, authority: str) -> int:
    """What a registered application is told."""
    auth = ClientCredentials.entra(
        tenant_id=TENANT,
        client_id=client_id,
        client_secret=f"{client_id}-secret",
        resource="api://orders",
        authority=authority,
        insecure_allow_http=True,
    )
    transport = httpx.ASGITransport(app)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="https://orders.test", auth=auth) as orders:
        return (await orders.get("/orders")).status_code


@pytest.mark.socket
async def test_applications_of_the_file_get_tokens_that_the_api_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    with started("local_issuer/serve.py", "0") as process:
        try:
            assert process.stdout is not None
            authority = process.stdout.readline().removeprefix("tokens from ").partition(f"/{TENANT}/")[0]
            monkeypatch.setenv("ENTRA_AUTHORITY", authority)
            app = runpy.run_path(str(SAMPLES / "local_issuer" / "orders.py"))["app"]
            assert [await _status(app, name, authority) for name in ("billing", "guest")] == [200, 403]
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=60)
        finally:
            process.kill()

    assert process.returncode == 0, errors
    assert "Traceback" not in errors

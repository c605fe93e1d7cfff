"""README's caller, run unmodified: only the network beneath it is this test's."""

import functools
import runpy

import anyio
import httpx
import pytest

from bearerguard import ClientCredentials, ResourceServer, entra
from bearerguard.testing import stand_in
from support.sample_files import SAMPLES, sample

TENANT = "808b7ce5-9924-441e-ae53-3e42fd8a6d43"


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("BEARERGUARD_TOKEN_ENDPOINT", "BEARERGUARD_ORIGINS", "AZ_AUTHORITY", "AZ_PRIVATE_KEY_FILE"):
        monkeypatch.delenv(name, raising=False)


def _run(monkeypatch: pytest.MonkeyPatch, tokens: httpx.AsyncBaseTransport, orders: httpx.AsyncBaseTransport) -> None:
    monkeypatch.setattr(ClientCredentials, "from_env", functools.partial(ClientCredentials.from_env, transport=tokens))
    monkeypatch.setattr(httpx, "AsyncClient", functools.partial(httpx.AsyncClient, transport=orders))
    runpy.run_path(str(SAMPLES / "calling_orders.py"), run_name="__main__")


def test_with_the_settings_of_entra(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    settings = {"AZ_TENANT": TENANT, "AZ_CLIENT_ID": "reader", "AZ_CLIENT_SECRET": "reader-secret", "AZ_RESOURCE": "api://orders"}
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    app = sample("starlette_app")

    with stand_in(app.api) as issuers:
        _run(monkeypatch, issuers.transport, httpx.ASGITransport(app.app))

    assert capsys.readouterr().out == "{'orders': [], 'caller': 'reader'}\n"


def test_with_the_settings_of_any_other_server(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    app = sample("path_policy")

    with stand_in(app.api) as issuers:
        monkeypatch.setenv("BEARERGUARD_TOKEN_ENDPOINT", issuers.main.token_endpoint)
        monkeypatch.setenv("BEARERGUARD_CLIENT_ID", "reader")
        monkeypatch.setenv("BEARERGUARD_CLIENT_SECRET", "reader-secret")
        _run(monkeypatch, issuers.transport, httpx.ASGITransport(app.app))

    assert capsys.readouterr().out == "{'orders': []}\n"


def test_the_shortest_caller(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """``first_call.py`` is synchronous."""
    settings = {"AZ_TENANT": TENANT, "AZ_CLIENT_ID": "reader", "AZ_CLIENT_SECRET": "reader-secret", "AZ_RESOURCE": "api://orders"}
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    app = sample("first_starlette")

    async def ask(path: str, headers: httpx.Headers) -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app.app), base_url="https://orders.internal") as api:
            answer = await api.get(path, headers=headers)
        return httpx.Response(answer.status_code, content=answer.content)

    with stand_in(app.api) as issuers:
        orders = httpx.MockTransport(lambda request: anyio.run(ask, request.url.path, request.headers))
        from_env = functools.partial(ClientCredentials.from_env, transport=issuers.transport)
        monkeypatch.setattr(ClientCredentials, "from_env", from_env)
        monkeypatch.setattr(httpx, "Client", functools.partial(httpx.Client, transport=orders))
        runpy.run_path(str(SAMPLES / "first_call.py"))

    assert capsys.readouterr().out == "{'caller': 'reader'}\n"


def test_the_tenant_of_this_test_is_that_of_the_sample() -> None:
    assert sample("starlette_app").api.issuers == entra(TENANT)
    assert isinstance(sample("starlette_app").api, ResourceServer)

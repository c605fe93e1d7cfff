"""The plugin as users meet it: its own pytest run, and fixtures that a conftest overrides."""

import os
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path
from textwrap import dedent

import pytest

from bearerguard import ResourceServer
from bearerguard.testing import AccessTokens, AuthorizedAsyncClients, AuthorizedClients, FakeClock, LocalIssuer, StandIns

APP = """
    from starlette.applications import Starlette
    from starlette.middleware import Middleware
    from starlette.responses import JSONResponse
    from starlette.routing import Route
    from bearerguard import AccessTokenMiddleware, ResourceServer, auth0, entra, requires, role

    api = ResourceServer([entra("808b7ce5-9924-441e-ae53-3e42fd8a6d43"), auth0("contoso.eu.auth0.com")], "api://billing")

    @requires(role("Read.All"))
    async def bills(request):
        return JSONResponse({"issuer": request.user.issuer})

    app = Starlette(routes=[Route("/bills", bills)], middleware=[Middleware(AccessTokenMiddleware, resource_server=api)])
"""


def _run_pytest(folder: Path, *options: str, **files: str) -> subprocess.CompletedProcess[str]:
    """A pytest with no other plugin than this one."""
    for name, text in files.items():
        (folder / f"{name}.py").write_text(dedent(text))
    (folder / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "bearerguard", "-p", "no:cacheprovider", *options]
    environ = os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    return subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False)


def test_pytest_finds_the_plugin_by_itself(pytestconfig: pytest.Config) -> None:
    (found,) = entry_points(group="pytest11", name="bearerguard")

    assert found.value == "bearerguard.testing.pytest_plugin"
    assert pytestconfig.pluginmanager.has_plugin("bearerguard")


def test_nothing_heavy_is_imported_until_a_fixture_is_used(tmp_path: Path) -> None:
    tests = """
        import sys

        HEAVY = {"anyio", "cachetools", "cryptography", "httpx", "httpx2", "jwt", "starlette", "uvicorn"}

        def test_of_something_else():
            assert HEAVY.isdisjoint(sys.modules)
            assert "bearerguard.resource_server" not in sys.modules

        def test_of_an_api(access_token):
            assert {"cryptography", "httpx", "jwt", "starlette"} <= set(sys.modules)
    """

    run = _run_pytest(tmp_path, test_imports=tests)

    assert (run.returncode, "2 passed" in run.stdout) == (0, True), run.stdout + run.stderr


def test_an_application_built_at_import_takes_tokens_of_its_issuers(tmp_path: Path) -> None:
    conftest = """
        import pytest
        import billing

        @pytest.fixture
        def bearerguard_server():
            return billing.api
    """
    tests = """
        import pytest
        from billing import api, app

        def test_each_kind_of_token(authorized_client, resource_server):
            kinds = {shape: authorized_client(app, roles=["Read.All"], shape=shape) for shape in (None, "entra_v1", "auth0")}
            assert {shape: client.get("/bills").json()["issuer"] for shape, client in kinds.items()} == {
                None: "https://login.microsoftonline.com/808b7ce5-9924-441e-ae53-3e42fd8a6d43/v2.0",
                "entra_v1": "https://sts.windows.net/808b7ce5-9924-441e-ae53-3e42fd8a6d43/",
                "auth0": "https://contoso.eu.auth0.com/",
            }
            assert resource_server is api

        def test_a_test_begins_without_the_keys_of_the_last_one(authorized_client, local_issuer):
            assert authorized_client(app, roles=["Read.All"]).get("/bills").status_code == 200
            assert local_issuer.requests["jwks"] == 1

        def test_without_a_fixture_it_is_connected_as_in_production():
            assert not any(status.ready for status in api.status())
    """

    run = _run_pytest(tmp_path, billing=APP, conftest=conftest, test_billing=tests)

    assert (run.returncode, "3 passed" in run.stdout) == (0, True), run.stdout + run.stderr


def test_the_issuer_may_be_overridden(tmp_path: Path) -> None:
    conftest = """
        import pytest
        from bearerguard.testing import LocalClient, LocalIssuer

        @pytest.fixture
        def local_issuer(fake_clock):
            clients = [LocalClient("warehouse", "warehouse-secret", roles=["Stock.Read"])]
            return LocalIssuer(shape="keycloak", audience="stock-api", clients=clients, clock=fake_clock)
    """
    tests = """
        import asyncio

        def test_it(access_token, resource_server, fake_clock):
            token = access_token(client_id="warehouse")
            principal = asyncio.run(resource_server.authenticate(token))
            assert "Stock.Read" in principal.roles
            assert principal.expires_at == fake_clock.now() + 300
    """

    run = _run_pytest(tmp_path, conftest=conftest, test_stock=tests)

    assert (run.returncode, "1 passed" in run.stdout) == (0, True), run.stdout + run.stderr


def test_every_fixture_tells_what_it_is_for(tmp_path: Path) -> None:
    shown = _run_pytest(tmp_path, "--fixtures").stdout

    section = shown.partition("fixtures defined from bearerguard.testing.pytest_plugin")[2]
    assert "no docstring available" not in section
    for name in (
        "access_token",
        "authorized_async_client",
        "authorized_client",
        "bearerguard_issuers",
        "bearerguard_server",
        "fake_clock",
        "local_issuer",
        "resource_server",
    ):
        assert f"\n{name} -- " in section


@pytest.mark.anyio
async def test_the_fixtures_belong_together(
    local_issuer: LocalIssuer,
    bearerguard_issuers: StandIns,
    resource_server: ResourceServer,
    access_token: AccessTokens,
    fake_clock: FakeClock,
) -> None:
    principal = await resource_server.authenticate(access_token(roles=["Read.All"], lifetime=600))

    assert principal.issuer == local_issuer.issuer
    assert principal.roles == {"Read.All"}
    assert principal.expires_at == fake_clock.now() + 600
    assert bearerguard_issuers.main is local_issuer


def test_time_starts_now_and_does_not_move(fake_clock: FakeClock) -> None:
    """Code of the user that looks at the real clock finds tokens that are good."""
    begun = fake_clock.now()

    assert begun > 1_767_268_800
    assert fake_clock.now() == begun


def test_nothing_is_replaced_where_no_server_is_named(bearerguard_server: ResourceServer | None) -> None:
    assert bearerguard_server is None


def test_the_clients_are_of_both_kinds(
    authorized_client: AuthorizedClients, authorized_async_client: AuthorizedAsyncClients
) -> None:
    assert isinstance(authorized_client, AuthorizedClients)
    assert isinstance(authorized_async_client, AuthorizedAsyncClients)

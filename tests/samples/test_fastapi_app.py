"""The orders API on FastAPI and the job that calls it."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest
from fastapi import FastAPI

from bearerguard import PathPolicy, ResourceServer, application, audit, client, role, scope
from bearerguard.testing import AccessTokens, AuthorizedClients, LocalClient, LocalIssuer, Loopback, stand_in
from bearerguard.testing.token_factory import TokenOptions
from support.sample_files import SAMPLES, sample

PARTS: Final = ("fastapi_app/app.py", "fastapi_app/orders.py", "fastapi_app/books.py", "fastapi_app/store.py")
MORE: Final = ("fastapi_app/problem.py", "fastapi_app/__main__.py", "background_job/job.py", "background_job/__main__.py")
READ, WRITE = role("Read.All"), role("Write.All")
READER: Final[TokenOptions] = {"roles": ["Read.All"]}
WRITER: Final[TokenOptions] = {"roles": ["Read.All", "Write.All"]}
JOB: Final[TokenOptions] = {"client_id": "closing-job", "roles": ["Read.All", "Write.All"]}


@pytest.fixture
def app(resource_server: ResourceServer) -> FastAPI:
    found: FastAPI = sample("fastapi_app.app").orders_app(resource_server)
    return found


def test_every_part_is_there() -> None:
    assert all((SAMPLES / part).exists() for part in PARTS + MORE)


def test_who_may_do_what(app: FastAPI) -> None:
    close = application() & client("closing-job", "accounting")
    assert [(row.path, *row.methods, row.access) for row in audit(app) if row.decided_by == "endpoint"] == [
        ("/orders", "GET", READ),
        ("/orders/mine", "GET", READ),
        ("/orders/{number}", "GET", READ),
        ("/orders", "POST", READ & WRITE),
        ("/orders/{number}/ship", "POST", READ & WRITE),
        ("/orders/live", "WEBSOCKET", READ),
        ("/books/report", "GET", READ | scope("books.read")),
        ("/books/months/{month}", "PUT", close),
        ("/health", "GET", PathPolicy.PUBLIC),
    ]


def test_an_order_is_taken_shipped_and_booked(app: FastAPI, authorized_client: AuthorizedClients) -> None:
    writer, reader, job = (authorized_client(app, **options) for options in (WRITER, READER, JOB))

    assert writer.post("/orders", json={"item": "coffee", "quantity": 2}).status_code == 201
    assert reader.get("/orders").json() == writer.get("/orders/mine").json()
    assert reader.get("/orders/1").json()["item"] == "coffee"
    assert reader.get("/orders/2").status_code == 404
    assert writer.post("/orders/1/ship").json()["shipped"]
    assert writer.post("/orders/1/ship").status_code == 409
    assert reader.get("/orders", params={"shipped": False}).json() == []
    assert reader.get("/books/report").json() == {"shipped": 1, "open": 0}
    assert job.put("/books/months/2026-08").json() == {"month": "2026-08", "shipped": 1}
    assert job.put("/books/months/2026-08").status_code == 409


@pytest.mark.parametrize(
    ("line", "token", "code"),
    [
        ("POST /orders", READER, "missing_role"),
        ("POST /orders/1/ship", READER, "missing_role"),
        ("GET /orders", {"roles": ["Write.All"]}, "missing_role"),
        ("GET /books/report", {"scopes": ["orders.read"], "roles": []}, "requirement_not_met"),
        ("PUT /books/months/2026-08", WRITER, "client_not_allowed"),
        ("PUT /books/months/2026-08", {**JOB, "user": "alice", "scopes": ["books.write"]}, "application_required"),
    ],
)
def test_others_may_not(line: str, token: TokenOptions, code: str, app: FastAPI, authorized_client: AuthorizedClients) -> None:
    method, _, path = line.partition(" ")
    answer = authorized_client(app, **token).request(method, path, json={"item": "tea"})

    assert (answer.status_code, answer.json()["code"]) == (403, code)


def test_the_websocket_tells_what_is_open(app: FastAPI, authorized_client: AuthorizedClients) -> None:
    writer = authorized_client(app, **WRITER)
    with writer.websocket_connect("/orders/live") as live:
        live.send_text("?")
        assert live.receive_json() == {"open": 0}
        writer.post("/orders", json={"item": "tea"})
        live.send_text("?")
        assert live.receive_json() == {"open": 1}


def test_health_and_documentation_are_for_everybody(app: FastAPI, authorized_client: AuthorizedClients) -> None:
    with authorized_client(app) as somebody:  # runs the lifespan: the audit lets it start
        for path in ("/health", "/docs", "/redoc", "/openapi.json"):
            assert somebody.get(path, auth=None).status_code == 200
        assert somebody.get("/orders", auth=None).status_code == 401


def test_the_one_for_production_trusts_entra() -> None:
    module = sample("fastapi_app.production")
    with stand_in(module.api) as issuers:
        token = AccessTokens(issuers)(roles=["ReadWrite.All"])
        with AuthorizedClients(AccessTokens(issuers))(module.app) as caller:
            answer = caller.post("/orders", json={"item": "tea"}, headers={"Authorization": f"Bearer {token}"})

    assert answer.status_code == 201
    assert "login.microsoftonline.com" in str(module.app.openapi()["components"]["securitySchemes"])


# --- on sockets


@pytest.mark.socket
def test_api_job_and_issuer_run_by_one_command() -> None:
    command = [sys.executable, "-m", "samples.fastapi_app"]
    environ = os.environ | {"NO_PROXY": "127.0.0.1"}
    run = subprocess.run(command, capture_output=True, text=True, cwd=SAMPLES.parent, env=environ, timeout=120, check=False)

    assert run.returncode == 0, run.stderr
    assert run.stdout == Path(__file__).with_name("fastapi_app.txt").read_text()


@pytest.mark.socket
def test_the_job_runs_by_itself_and_tells_the_scheduler(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Unmodified: what it needs is in its environment."""
    module = sample("background_job.__main__")
    monkeypatch.setattr(sys, "argv", ["job", "2026-08"])
    with Loopback() as issuer_place, Loopback() as api_place:
        issuer = LocalIssuer(
            issuer_place.base_url, clients=[LocalClient("closing-job", "s3cr3t-value", roles=["Read.All", "Write.All"])]
        )
        issuer_place.serve(issuer)
        api_place.serve(sample("fastapi_app.app").orders_app(ResourceServer(issuer.trusted(), "api://orders")))
        for name, value in _settings(issuer, api_place.base_url, "s3cr3t-value").items():
            monkeypatch.setenv(name, value)
        assert module.main() == 0
        assert module.main() == 1, "the month was closed before"
        monkeypatch.setenv("BEARERGUARD_CLIENT_SECRET", "wr0ng-value")
        assert module.main() == 1
        issuer.go_down("token")
        assert module.main() == 75
        issuer.come_back()
        monkeypatch.setenv("BEARERGUARD_CLIENT_SECRET", "s3cr3t-value")
        monkeypatch.setenv("ORDERS_URL", "http://127.0.0.1:9")
        assert module.main() == 75, "the API may be there later"
        monkeypatch.delenv("ORDERS_URL")
        with pytest.raises(SystemExit):
            module.main()
    told = capsys.readouterr()

    assert told.out == "closed 2026-08 with 0 orders\n"
    assert [line.partition(":")[0] for line in told.err.splitlines()[:4]] == ["refused", "no token", "no token", "no answer"]
    assert "set ORDERS_URL" in told.err
    assert "-value" not in told.err


def _settings(issuer: LocalIssuer, base_url: str, secret: str) -> dict[str, str]:
    return {
        "ORDERS_URL": base_url,
        "BEARERGUARD_INSECURE_ALLOW_HTTP": "1",
        "BEARERGUARD_TOKEN_ENDPOINT": issuer.token_endpoint,
        "BEARERGUARD_CLIENT_ID": "closing-job",
        "BEARERGUARD_CLIENT_SECRET": secret,
        "BEARERGUARD_RESOURCE": "api://orders",
    }


def test_the_job_ships_what_waits(app: FastAPI, authorized_client: AuthorizedClients) -> None:
    authorized_client(app, **WRITER).post("/orders", json={"item": "tea"})

    log = list(sample("background_job.job").close_month(authorized_client(app, **JOB), "2026-08"))

    assert log == ["shipped tea", "closed 2026-08 with 1 orders"]

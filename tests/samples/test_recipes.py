"""What samples/README.md recommends, at work."""

import json
import logging
from collections.abc import Iterator

import httpx
import pytest
from starlette.websockets import WebSocketDisconnect

from bearerguard.testing import AccessTokens, AuthorizedClients, stand_in
from support.sample_files import sample


@pytest.fixture
def logging_as_before() -> Iterator[None]:
    """The recipe sets up the whole process."""
    root, ours = logging.getLogger(), logging.getLogger("bearerguard")
    before = root.level, list(root.handlers), ours.level
    yield
    root.setLevel(before[0])
    root.handlers[:] = before[1]
    ours.setLevel(before[2])


@pytest.mark.usefixtures("logging_as_before")
def test_production_logs_are_one_json_line_each(capsys: pytest.CaptureFixture[str]) -> None:
    sample("recipes.production_logging").set_up_logging()

    logging.getLogger("bearerguard").info("wrong_audience: got %r", "a\nb")
    logging.getLogger("httpx").info("not shown")
    logging.getLogger("orders").error("a defect", exc_info=ValueError("broken"))

    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [(line["level"], line["logger"]) for line in lines] == [("INFO", "bearerguard"), ("ERROR", "orders")]
    assert "ValueError: broken" in lines[1]["exception"]


# --- report only


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("line", "roles", "code"),
    [
        ("GET /orders", ["Read.All"], None),
        ("GET /orders", [], "missing_role"),
        ("GET /orders", None, "missing_token"),
        ("DELETE /orders", ["Read.All"], "not_permitted"),
        ("GET /health", None, None),
    ],
)
async def test_a_roll_out_refuses_nobody_and_tells_who_would_be(
    line: str, roles: list[str] | None, code: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    module = sample("recipes.report_only")
    method, _, path = line.partition(" ")

    with stand_in(module.api) as issuers, caplog.at_level("INFO", "bearerguard"):
        async with httpx.AsyncClient(transport=httpx.ASGITransport(module.app), base_url="https://orders.test") as client:
            if roles is not None:
                client.headers["Authorization"] = f"Bearer {AccessTokens(issuers)(roles=roles)}"
            answer = await client.request(method, path)

    refusals = [vars(record)["code"] for record in caplog.records if record.name == "bearerguard" and record.levelname == "INFO"]
    assert answer.json() == {"orders": []}
    assert refusals == ([code] if code else [])


# --- websockets of browsers


def test_a_browser_opens_a_websocket_with_a_ticket_that_is_good_once() -> None:
    module = sample("recipes.browser_websocket")

    with (
        stand_in(module.api) as issuers,
        AuthorizedClients(AccessTokens(issuers))(module.app, scopes=["orders.read"], client_id="shop") as page,
    ):
        ticket = page.post("/tickets").json()["ticket"]
        with page.websocket_connect(f"/live?ticket={ticket}") as live:
            assert live.receive_json() == {"caller": "shop"}
        for used in (ticket, "made-up", ""):
            with pytest.raises(WebSocketDisconnect) as refused, page.websocket_connect(f"/live?ticket={used}"):
                pass
            assert refused.value.code == 1008


def test_a_ticket_is_for_callers_with_the_scope() -> None:
    module = sample("recipes.browser_websocket")

    with stand_in(module.api) as issuers, AuthorizedClients(AccessTokens(issuers))(module.app) as page:
        assert page.post("/tickets").status_code == 403


# --- several tenants


def test_tenants_see_their_own_orders_alone() -> None:
    module = sample("recipes.multi_tenant")
    tenants = (module.CONTOSO, module.FABRIKAM)

    with stand_in(module.api) as issuers:
        tokens = AccessTokens(issuers)
        shapes = [trusted.issuer for trusted in module.api.issuers]
        assert all(any(tenant in issuer for issuer in shapes) for tenant in tenants)
        with AuthorizedClients(tokens)(module.app, roles=["Read.All", "Write.All"]) as contoso:
            assert contoso.post("/orders", json={"item": "tea"}).status_code == 201
            assert contoso.get("/orders").json() == {"orders": ["tea"]}
            assert contoso.get("/tenants").status_code == 200


# --- several APIs in one process


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("path", "token_for", "status"),
    [
        ("/orders/", "orders_api", 200),
        ("/bills/", "bills_api", 200),
        ("/bills/", "orders_api", 401),
        ("/orders/", "bills_api", 401),
        ("/orders/", None, 401),
        ("/health", None, 200),
    ],
)
async def test_each_mount_takes_the_tokens_of_its_own_api(path: str, token_for: str | None, status: int) -> None:
    module = sample("recipes.several_apis")

    with stand_in(module.orders_api) as orders, stand_in(module.bills_api) as bills:
        issuers = {"orders_api": orders, "bills_api": bills}
        async with httpx.AsyncClient(transport=httpx.ASGITransport(module.app), base_url="https://apis.test") as client:
            if token_for is not None:
                client.headers["Authorization"] = f"Bearer {AccessTokens(issuers[token_for])(roles=['Read.All'])}"
            answer = await client.get(path)

    assert answer.status_code == status

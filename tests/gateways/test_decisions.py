"""What a client gets through each proxy, and what the service gets."""

import json
from collections.abc import Callable

import pytest

from bearerguard.testing import LocalIssuer
from gateways.conftest import Gateway
from gateways.wire import HANDSHAKE, ask

pytestmark = [pytest.mark.gateways, pytest.mark.socket]

Bearer = Callable[[str], dict[str, str]]


def test_a_permitted_request_is_served_with_its_caller(gateway: Gateway, bearer: Bearer) -> None:
    reply = ask(gateway.port, "/files?page=2", bearer("reader"))
    (got,) = gateway.echo.taken()

    assert (reply.status, got.method, got.target) == (200, "GET", "/files?page=2")
    (principal,) = got.all("bearerguard-principal")
    assert json.loads(principal)["roles"] == ["Read.All"]
    assert got.all("bearerguard-secret") == []


def test_401_keeps_challenge_and_body(gateway: Gateway) -> None:
    reply = ask(gateway.port, "/files")

    assert (reply.status, reply.one("www-authenticate")) == (401, 'Bearer realm="api"')
    assert json.loads(reply.body)["code"] == "missing_token"
    assert (reply.one("content-type"), reply.one("cache-control")) == ("application/json", "no-store")


def test_403_keeps_challenge_and_body(gateway: Gateway, bearer: Bearer) -> None:
    reply = ask(gateway.port, "/files/x", bearer("reader"))

    assert reply.status == 403
    assert reply.one("www-authenticate").startswith('Bearer realm="api", error="insufficient_scope"')
    assert json.loads(reply.body)["code"] == "missing_role"


def test_400_keeps_challenge_and_body(gateway: Gateway) -> None:
    reply = ask(gateway.port, "/open/a;b")

    assert reply.status == 400
    assert reply.one("www-authenticate").startswith('Bearer realm="api", error="invalid_request"')
    assert json.loads(reply.body)["code"] == "malformed_path"


def test_503_keeps_retry_after(gateway: Gateway, issuer_that_is_down: LocalIssuer) -> None:
    """Envoy takes every 5xx for a service that is down: it tells no body, and Retry-After of its own."""
    reply = ask(gateway.port, "/files", {"Authorization": f"Bearer {issuer_that_is_down.mint('reader')}"})

    assert (reply.status, int(reply.one("retry-after")) >= 1) == (503, True)
    assert reply.all("www-authenticate") == []
    if gateway.name != "envoy":
        assert json.loads(reply.body)["code"] == "issuer_unavailable"


def test_a_head_is_judged_and_refused_as_one(gateway: Gateway, bearer: Bearer) -> None:
    refused = ask(gateway.port, "/files", method="HEAD")

    assert (refused.status, refused.one("www-authenticate")) == (401, 'Bearer realm="api"')
    assert ask(gateway.port, "/files", bearer("reader"), method="HEAD").status == 200
    assert [got.method for got in gateway.echo.taken()] == ["HEAD"]


@pytest.mark.parametrize("method", ["POST", "GET"])
@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({}, b"tea for two"),
        ({"Transfer-Encoding": "chunked"}, b"b\r\ntea for two\r\n0\r\n\r\n"),
        ({"Expect": "100-continue"}, b"tea for two"),
    ],
    ids=["with its length", "in chunks", "after 100-continue"],
)
def test_a_body_reaches_the_service_alone(
    gateway: Gateway, bearer: Bearer, method: str, headers: dict[str, str], body: bytes
) -> None:
    """A length without a body would make the judge take the next question for one."""
    gateway.questions.clear()
    assert ask(gateway.port, "/files", bearer("writer") | headers, method=method, body=body).status == 200
    (got,) = gateway.echo.taken()
    assert (got.method, b"tea for two" in got.body) == (method, True)
    assert ask(gateway.port, "/files/x", bearer("noroles") | headers, method=method, body=body).status == 403
    assert gateway.echo.taken() == []

    assert len(gateway.questions) == 2
    for asked, sent in gateway.questions:
        assert (sent, asked.get(b"content-length", b"0"), asked.get(b"transfer-encoding")) == (b"", b"0", None)


def test_a_preflight_needs_a_row(gateway: Gateway) -> None:
    preflight = {"Origin": "https://app.test", "Access-Control-Request-Method": "GET"}

    assert ask(gateway.port, "/files", preflight, method="OPTIONS").status == 200
    assert ask(gateway.port, "/live", preflight, method="OPTIONS").status == 401
    assert [got.target for got in gateway.echo.taken()] == ["/files"]


def test_an_optional_caller_is_told_if_there_is_one(gateway: Gateway, bearer: Bearer) -> None:
    assert ask(gateway.port, "/feed").status == ask(gateway.port, "/feed", bearer("reader")).status == 200
    assert ask(gateway.port, "/feed", {"Authorization": "Bearer nonsense"}).status == 401
    assert [len(got.all("bearerguard-principal")) for got in gateway.echo.taken()] == [0, 1]


def test_a_websocket_is_opened_by_a_row_for_both(gateway: Gateway, bearer: Bearer) -> None:
    handshake = [*HANDSHAKE, *bearer("reader").items()]

    assert ask(gateway.port, "/live", handshake).status == 101
    (got,) = gateway.echo.taken()
    assert (got.all("upgrade"), len(got.all("bearerguard-principal"))) == (["websocket"], 1)
    assert ask(gateway.port, "/live", HANDSHAKE).status == 401
    assert ask(gateway.port, "/files", handshake).status == 403
    assert gateway.echo.taken() == []


@pytest.mark.parametrize("status", [401, 403, 404, 500, 503])
def test_what_the_service_answers_is_handed_on(gateway: Gateway, status: int) -> None:
    """Its own refusals and failures are not taken for those of ``forward_auth``."""
    reply = ask(gateway.port, f"/open/x?status={status}")

    assert (reply.status, reply.all("x-served"), json.loads(reply.body)["method"]) == (status, ["yes"], "GET")
    assert reply.all("www-authenticate") == reply.all("retry-after") == []
    gateway.echo.taken()

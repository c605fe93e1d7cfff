"""Tests of orders_app.py, which is left as it is: no network, no mocks, no token made by hand."""

import pytest
from orders_app import api, app

from bearerguard import ResourceServer
from bearerguard.testing import AccessTokens, AuthorizedClients, FakeClock, LocalIssuer, spoil


@pytest.fixture
def bearerguard_server() -> ResourceServer:
    """The one line that a project needs, mostly in its conftest.py: the object that the application was built with."""
    return api


def test_a_reader_gets_orders(authorized_client: AuthorizedClients) -> None:
    answer = authorized_client(app, roles=["Read.All"], client_id="billing").get("/orders")
    assert (answer.status_code, answer.json()["caller"]) == (200, "billing")


def test_without_the_role_nothing_is_shown(authorized_client: AuthorizedClients) -> None:
    assert authorized_client(app, roles=["Write.All"]).get("/orders").status_code == 403


@pytest.mark.parametrize("shape", ["entra_v1", "entra_v2"])
def test_both_kinds_of_entra_token_count(authorized_client: AuthorizedClients, shape: str) -> None:
    assert authorized_client(app, roles=["Read.All"], shape=shape).get("/orders").status_code == 200


@pytest.mark.parametrize("code", ["token_expired", "wrong_audience", "invalid_signature", "graph_token"])
def test_bad_tokens_are_refused(authorized_client: AuthorizedClients, local_issuer: LocalIssuer, code: str) -> None:
    answer = authorized_client(app).get("/orders", headers={"Authorization": f"Bearer {spoil(local_issuer, code)}"})
    assert (answer.status_code, answer.json()["code"]) == (401, code)


# Fault drills: what callers see on the issuer's bad days.


def test_while_the_issuer_is_down_callers_are_served(
    authorized_client: AuthorizedClients, local_issuer: LocalIssuer, fake_clock: FakeClock
) -> None:
    reader = authorized_client(app, roles=["Read.All"])
    assert reader.get("/orders").status_code == 200
    local_issuer.go_down()
    fake_clock.advance(23 * 3600)
    assert reader.get("/orders").status_code == 200


def test_after_a_day_without_it_they_are_told_to_come_back(
    authorized_client: AuthorizedClients, local_issuer: LocalIssuer, fake_clock: FakeClock
) -> None:
    reader = authorized_client(app, roles=["Read.All"])
    assert reader.get("/orders").status_code == 200
    local_issuer.go_down()
    fake_clock.advance(25 * 3600)
    answer = reader.get("/orders")
    assert (answer.status_code, "Retry-After" in answer.headers) == (503, True)
    local_issuer.come_back()
    fake_clock.advance(60)
    assert reader.get("/orders").status_code == 200


def test_the_first_token_after_a_rotation_is_accepted(authorized_client: AuthorizedClients, local_issuer: LocalIssuer) -> None:
    reader = authorized_client(app, roles=["Read.All"])
    assert reader.get("/orders").status_code == 200
    local_issuer.rotate_keys(keep_old=False)
    assert reader.get("/orders").status_code == 200


def test_a_withdrawn_key_takes_its_tokens_with_it(
    authorized_client: AuthorizedClients, access_token: AccessTokens, local_issuer: LocalIssuer, fake_clock: FakeClock
) -> None:
    leaked = {"Authorization": f"Bearer {access_token(roles=['Read.All'])}"}
    client = authorized_client(app)
    assert client.get("/orders", headers=leaked).status_code == 200
    leaked_kid = local_issuer.signing_key.kid
    local_issuer.rotate_keys()
    local_issuer.withdraw(leaked_kid)
    fake_clock.advance(600)  # a key set is fetched again after ten minutes, unless the issuer's Cache-Control says otherwise
    answer = client.get("/orders", headers=leaked)
    assert (answer.status_code, answer.json()["code"]) == (401, "unknown_key")

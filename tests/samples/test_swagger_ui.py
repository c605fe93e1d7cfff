"""The sample ``swagger_ui``: who may do what, and what its page says. In a browser: ``tests/browser``."""

import json
import re
from typing import Final

import pytest
from fastapi import FastAPI

from bearerguard import ResourceServer
from bearerguard.testing import AccessTokens, AuthorizedClients
from bearerguard.testing.token_factory import TokenOptions
from support.sample_files import SAMPLES, sample

FOLDER: Final = SAMPLES / "swagger_ui"


@pytest.fixture
def app(resource_server: ResourceServer) -> FastAPI:
    found: FastAPI = sample("swagger_ui.app").orders_app(resource_server, client_id="my-docs")
    return found


@pytest.mark.parametrize(
    ("caller", "status"),
    [
        ({"user": "alice", "roles": ["Read.All"], "scopes": ["orders.read"]}, 200),
        ({"user": "alice", "roles": ["Read.All"]}, 403),
        ({"user": "carol", "scopes": ["orders.read"]}, 403),
        ({"client_id": "reader", "roles": ["Read.All"]}, 200),
    ],
    ids=str,
)
def test_people_need_role_and_scope_and_applications_the_role(
    app: FastAPI, authorized_client: AuthorizedClients, caller: TokenOptions, status: int
) -> None:
    assert authorized_client(app, **caller).get("/orders").status_code == status


def test_the_page_is_open_and_names_no_other_host(app: FastAPI, authorized_client: AuthorizedClients) -> None:
    page = authorized_client(app).get("/docs", auth=None)

    assert page.status_code == 200
    assert "://" not in page.text
    assert '"clientId": "my-docs"' in page.text
    assert '"usePkceWithAuthorizationCodeGrant": true' in page.text


def test_what_is_installed_is_pinned_and_no_registry_is_named() -> None:
    lock = json.loads((FOLDER / "package-lock.json").read_text())

    assert lock["packages"]["node_modules/swagger-ui-dist"]["version"] == re.sub(
        r"[^\d.]", "", json.loads((FOLDER / "package.json").read_text())["dependencies"]["swagger-ui-dist"]
    )
    assert not [package for package in lock["packages"].values() if "resolved" in package]


def test_a_writer_orders(app: FastAPI, authorized_client: AuthorizedClients, access_token: AccessTokens) -> None:
    token = access_token(user="bob", roles=["Write.All"], scopes=["orders.write"])

    assert authorized_client(app).post("/orders", headers={"Authorization": f"Bearer {token}"}).status_code == 201

"""The first test of orders_app.py."""

import pytest
from orders_app import api, app

from bearerguard import ResourceServer
from bearerguard.testing import AuthorizedClients


@pytest.fixture
def bearerguard_server() -> ResourceServer:
    return api  # the object that the application was built with


def test_readers_only(authorized_client: AuthorizedClients) -> None:
    assert authorized_client(app, roles=["Read.All"]).get("/orders").status_code == 200
    assert authorized_client(app, roles=["Write.All"]).get("/orders").status_code == 403

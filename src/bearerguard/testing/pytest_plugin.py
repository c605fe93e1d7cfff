"""Fixtures for the tests of an API; pytest finds them through the entry point ``pytest11``.

Every test run imports this module, so it imports little: the first fixture that needs more loads
it. Each fixture may be overridden in a ``conftest.py`` or in a test module.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from bearerguard.resource_server import ResourceServer
    from bearerguard.testing import AccessTokens, AuthorizedAsyncClients, AuthorizedClients, FakeClock, LocalIssuer, StandIns


@pytest.fixture
def fake_clock() -> "FakeClock":
    """The time of issuer and API: starts at the present second, moves when a test advances it."""
    from bearerguard.clock import SystemClock
    from bearerguard.testing.fake_clock import FakeClock

    return FakeClock(now=float(int(SystemClock().now())))


@pytest.fixture
def bearerguard_server() -> "ResourceServer | None":
    """The ResourceServer that your application was built with. Override it to return that object.

    In each test that uses one of these fixtures, a local issuer replaces its issuers and
    ``fake_clock`` its clock.
    """
    return None


@pytest.fixture
def local_issuer(bearerguard_server: "ResourceServer | None", fake_clock: "FakeClock") -> "LocalIssuer":
    """The authorization server of the test: mint tokens, rotate keys, go down.

    It replaces the first issuer that ``bearerguard_server`` trusts. Without a server it is
    https://issuer.test, for the audience api://orders. Override it to choose shape, audience and
    clients.
    """
    from bearerguard.testing.local_issuer import LocalIssuer
    from bearerguard.testing.stand_ins import main_issuer

    return LocalIssuer(clock=fake_clock) if bearerguard_server is None else main_issuer(bearerguard_server, clock=fake_clock)


@pytest.fixture
def bearerguard_issuers(bearerguard_server: "ResourceServer | None", local_issuer: "LocalIssuer") -> "Iterator[StandIns]":
    """``local_issuer`` and a twin for each other issuer that the API trusts.

    ``.transport`` leads to them.
    """
    from bearerguard.testing.stand_ins import StandIns, server_of_every_shape

    server = server_of_every_shape(local_issuer) if bearerguard_server is None else bearerguard_server
    with StandIns(server, local_issuer).in_place() as stand_ins:
        yield stand_ins


@pytest.fixture
def resource_server(bearerguard_issuers: "StandIns") -> "ResourceServer":
    """The ResourceServer under test: ``bearerguard_server``, or one that trusts every shape."""
    return bearerguard_issuers.server


@pytest.fixture
def access_token(bearerguard_issuers: "StandIns") -> "AccessTokens":
    """Makes tokens: ``access_token(roles=["Read.All"], client_id=…, lifetime=…, claims=…)``."""
    from bearerguard.testing.token_factory import AccessTokens

    return AccessTokens(bearerguard_issuers)


@pytest.fixture
def authorized_client(access_token: "AccessTokens") -> "Iterator[AuthorizedClients]":
    """Makes clients for sync tests: ``authorized_client(app, roles=[…]).get("/orders")``."""
    from bearerguard.testing.authorized import AuthorizedClients

    clients = AuthorizedClients(access_token)
    yield clients
    clients.close()


@pytest.fixture
def authorized_async_client(access_token: "AccessTokens") -> "AuthorizedAsyncClients":
    """Makes clients for async tests: ``await authorized_async_client(app).get("/orders")``."""
    from bearerguard.testing.authorized import AuthorizedAsyncClients

    return AuthorizedAsyncClients(access_token)

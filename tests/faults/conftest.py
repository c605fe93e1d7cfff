"""An issuer on a socket for the drills that change nothing of it."""

from collections.abc import Iterator

import pytest

from bearerguard.testing import LocalIssuer
from support.patience import Patience
from support.servers import serve


@pytest.fixture(scope="module")
def issuer() -> Iterator[LocalIssuer]:
    """On loopback; a module's own fixture of this name takes its place."""
    local = LocalIssuer()
    with serve(local) as base_url:
        local.move_to(base_url)
        yield local


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> Patience:
    """Rules the fetches of every resource server that is made from now on."""
    made = Patience()
    monkeypatch.setattr("bearerguard.connection.Fetcher", made.fetcher)
    return made

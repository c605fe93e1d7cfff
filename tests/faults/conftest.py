"""An issuer on a socket for the drills that change nothing of it."""

from collections.abc import Iterator

import pytest

from bearerguard.testing import LocalIssuer
from support.servers import serve


@pytest.fixture(scope="module")
def issuer() -> Iterator[LocalIssuer]:
    """On loopback; a module's own fixture of this name takes its place."""
    local = LocalIssuer()
    with serve(local) as base_url:
        local.move_to(base_url)
        yield local

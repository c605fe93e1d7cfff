"""A local issuer on a real socket, and ``--update-golden``, which writes the golden files anew."""

from collections.abc import Iterator

import pytest

from bearerguard.testing import LocalIssuer, Loopback


@pytest.fixture
def update_golden(request: pytest.FixtureRequest) -> bool:
    """Whether golden files are to be written."""
    return bool(request.config.getoption("--update-golden"))


@pytest.fixture
def served_issuer() -> Iterator[LocalIssuer]:
    """An issuer that commands reach over loopback."""
    with Loopback() as place:
        issuer = LocalIssuer(place.base_url, cache_control="max-age=600")
        place.serve(issuer)
        yield issuer

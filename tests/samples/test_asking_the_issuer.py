"""The sample ``asking_the_issuer``: opaque tokens are asked about, and a revoked one is good for as long as the page says."""

from collections.abc import Iterator

import pytest

from bearerguard import InvalidToken
from bearerguard.testing import FakeClock, StandIns, stand_in
from support.sample_files import sample

pytestmark = pytest.mark.anyio


@pytest.fixture
def issuers(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIns]:
    monkeypatch.setenv("INTROSPECTION_SECRET", "a secret of the API")
    with stand_in(sample("asking_the_issuer").api, clock=FakeClock()) as replaced:
        yield replaced


@pytest.mark.parametrize("opaque", [True, False])
async def test_opaque_tokens_are_asked_about_and_jwts_are_not(issuers: StandIns, opaque: bool) -> None:
    principal = await issuers.server.authenticate(issuers.main.mint(opaque=opaque, roles=["Read.All"]))

    assert "Read.All" in principal.roles
    assert issuers.main.requests["introspection"] == int(opaque)


async def test_a_revoked_token_stays_good_for_a_minute(issuers: StandIns) -> None:
    token = issuers.main.mint(opaque=True)
    await issuers.server.authenticate(token)
    issuers.main.revoke(token)
    await issuers.server.authenticate(token)

    issuers.main.clock.advance(60)  # type: ignore[attr-defined]  # a FakeClock

    with pytest.raises(InvalidToken) as caught:
        await issuers.server.authenticate(token)
    assert caught.value.code == "inactive_token"

"""Keys handed in by the configuration: nothing is fetched, nothing ages."""

from typing import Any

import pytest

from bearerguard.errors import ConfigurationError
from bearerguard.keys.static_key_source import StaticKeySource
from support.key_sets import ISSUER, jwks, kids_of, look

pytestmark = pytest.mark.anyio


def test_the_configured_set_is_known_from_the_beginning() -> None:
    assert kids_of(StaticKeySource(ISSUER, jwks("a", "b")).known()) == {"a", "b"}


async def test_obtaining_and_looking_again_bring_the_same_set() -> None:
    keys = StaticKeySource(ISSUER, jwks("a"))
    known = keys.known()
    assert known is not None
    assert await keys.obtain() is known
    assert await look(keys, "b", known) is known


def test_no_flood_has_to_be_kept_away_from_it() -> None:
    assert StaticKeySource(ISSUER, jwks("a")).lacking("b") is None


def test_it_is_always_ready() -> None:
    status = StaticKeySource(ISSUER, jwks("a")).status()
    assert (status.issuer, status.ready, status.keys, status.age) == (ISSUER, True, ("a",), 0.0)
    assert (status.last_error, status.next_fetch_in) == ("", None)


def test_it_does_not_age_and_can_be_closed() -> None:
    keys = StaticKeySource(ISSUER, jwks("a"))
    keys.close()
    assert keys.age() == 0.0
    assert kids_of(keys.known()) == {"a"}


@pytest.mark.parametrize("document", [{"keys": []}, {"keys": [{"kty": "oct", "k": "AQAB"}]}, {}])
def test_a_set_without_a_usable_key_is_refused_when_it_is_built(document: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        StaticKeySource(ISSUER, document)
    assert caught.value.parameter == "jwks"

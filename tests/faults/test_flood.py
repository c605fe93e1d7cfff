"""Floods of tokens that nobody issued, and what becomes of the valid ones."""

from collections import Counter
from typing import Final

import pytest

from bearerguard import Introspection, ResourceServer
from bearerguard.testing import LocalIssuer
from support.endpoint_process import endpoint_process
from support.flood import AT_MOST, Flood
from support.lag import usual
from support.outages import AUDIENCE, trusted

pytestmark = [pytest.mark.anyio, pytest.mark.socket, pytest.mark.timed, pytest.mark.xdist_group("measured")]

STRANGERS_IN_A_SECOND: Final = 40


async def test_a_flood_of_unknown_kids_costs_one_fetch_and_valid_requests_at_most_twice_their_time(issuer: LocalIssuer) -> None:
    """In the median of five floods of 1 000 in a second; one fetch, and every forged token refused, in each of them.

    What is not counted: the time that the thread waits for a CPU while other programs have them all (``own_time``).
    """
    valid = [issuer.mint() for _ in range(400)]
    forged = [issuer.mint(header={"kid": f"unknown-{number}"}) for number in range(1_000)]
    flood = Flood(forged, lambda number: valid[number % len(valid)], 1.0, Counter())

    async def ratio() -> float:
        server = ResourceServer(trusted(issuer), AUDIENCE, token_cache_size=0)
        await server.authenticate(valid[0])
        issuer.requests.clear()
        measured = await flood.ratio(server)
        assert flood.refused == {"unknown_key": len(forged)}
        assert dict(issuer.requests) == {"jwks": 1}  # at once, and the next one not before 5 s
        return measured

    assert await usual(ratio, AT_MOST) <= AT_MOST


async def test_a_flood_of_opaque_tokens_costs_few_questions_and_remembered_callers_at_most_twice_their_time() -> None:
    """In the median of five floods of 800 in 1.2 seconds; few questions, and none let through, in each of them.

    Each was asked about, or refused with 503 because too many questions were under way.
    """
    valid = [f"good-{number}" for number in range(20)]
    flood = Flood([f"made-up-{number}" for number in range(800)], lambda number: valid[number % len(valid)], 1.2, Counter())

    async def ratio() -> float:
        asked = Introspection(endpoint, client_id="reader", client_secret="reader-secret", insecure_allow_http=True)
        server = ResourceServer(audience=AUDIENCE, introspection=asked)
        for token in valid:
            await server.authenticate(token)
        measured = await flood.ratio(server)
        assert set(flood.refused) == {"inactive_token", "issuer_unavailable"}
        assert flood.refused.total() == len(flood.forged)
        assert flood.refused["inactive_token"] <= STRANGERS_IN_A_SECOND * (flood.lasted + 1)
        await server.aclose()
        return measured

    with endpoint_process(AUDIENCE) as endpoint:
        assert await usual(ratio, AT_MOST) <= AT_MOST

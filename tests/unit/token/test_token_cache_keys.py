"""Verified tokens die with the key that verified them."""

import os
from typing import Any, Final

import anyio
import pytest

from bearerguard.principal import Principal
from bearerguard.resource_server import ResourceServer
from bearerguard.testing import SigningKey
from support.forked import held_by_another_thread, holds_in_a_child
from support.published import LONG_AFTER, Published, background_work, outcome
from support.sealed import EC, NOW, claims, seal, server

TOKEN: Final = seal()
either_form = pytest.mark.parametrize("size", [2, 10_000], ids=["packed", "at hand"])
FOR_LONG: Final = seal(payload=claims(exp=NOW + 10**7))


def entries(api: ResourceServer) -> Any:
    """What the cache holds."""
    return api._connection.cache._entries


@pytest.mark.anyio
@either_form
async def test_of_two_issuers_only_the_one_whose_key_is_gone_loses_its_tokens(size: int) -> None:
    """CVE-2025-59936: the cache knows which issuer's set must still hold the key."""
    published = Published()
    published.keys["other.test"] = [SigningKey("ES256", kid="ec")]
    api = published.server(published.issuer(), published.issuer("https://other.test/"), token_cache_size=size)
    theirs = seal(payload=claims(iss="https://other.test/"), key=published.keys["other.test"][0])
    assert [await outcome(api, token) for token in (TOKEN, theirs)] == ["accepted", "accepted"]
    published.keys["other.test"] = [SigningKey("ES256", kid="ec")]

    published.clock.advance(LONG_AFTER)
    assert all(api.recall(token) for token in (TOKEN, theirs))
    await background_work()

    assert api.recall(TOKEN) is not None
    assert api.recall(theirs) is None
    assert await outcome(api, theirs) == "invalid_signature"


@pytest.mark.anyio
@either_form
async def test_hits_keep_the_keys_fresh_and_so_notice_that_one_was_withdrawn(size: int) -> None:
    """Revoked at the issuer, forgotten here. Nothing but hits comes in, and they ask for the set ahead of time."""
    published = Published()
    api = published.server(token_cache_size=size)
    await api.authenticate(TOKEN)
    published.keys["issuer.test"] = [SigningKey("ES256", kid="new")]
    assert published.fetches == 1

    published.clock.advance(LONG_AFTER)
    assert api.recall(TOKEN) is not None
    await background_work()

    assert published.fetches == 2
    assert api.recall(TOKEN) is None
    assert await outcome(api, TOKEN) == "unknown_key"


@pytest.mark.anyio
@either_form
async def test_a_key_replaced_under_its_kid_takes_its_tokens_along(size: int) -> None:
    """The same name is not the same key."""
    published = Published()
    api = published.server(token_cache_size=size)
    await api.authenticate(TOKEN)
    published.keys["issuer.test"] = [SigningKey("ES256", kid=EC.kid)]

    published.clock.advance(LONG_AFTER)
    api.recall(TOKEN)
    await background_work()

    assert api.recall(TOKEN) is None
    assert await outcome(api, TOKEN) == "invalid_signature"


@pytest.mark.anyio
async def test_a_key_that_stays_keeps_its_tokens_through_a_rotation() -> None:
    """A new key beside it, another order: nothing has to be verified anew."""
    published = Published()
    api = published.server()
    principal = await api.authenticate(TOKEN)
    published.keys["issuer.test"] = [SigningKey("ES256", kid="new"), *reversed(published.keys["issuer.test"])]

    published.clock.advance(LONG_AFTER)
    api.recall(TOKEN)
    await background_work()

    assert published.fetches == 2
    assert api.recall(TOKEN) == principal


@pytest.mark.anyio
@either_form
async def test_a_key_that_comes_back_does_not_revive_its_entries(size: int) -> None:
    """What was forgotten is verified in full."""
    published = Published()
    api = published.server(token_cache_size=size)
    await api.authenticate(FOR_LONG)
    keys = published.keys["issuer.test"]
    for published.keys["issuer.test"] in ([SigningKey("ES256", kid="new")], keys):
        published.clock.advance(LONG_AFTER)
        api._connection.registrations.all[0].keys.known()  # another token asks meanwhile
        await background_work()

    assert published.fetches == 3
    assert api.recall(FOR_LONG) is None
    assert await outcome(api, FOR_LONG) == "accepted"


@pytest.mark.anyio
@either_form
async def test_a_set_older_than_a_day_is_never_used_by_a_hit(size: int) -> None:
    """Kept 24 h when the issuer fails, and not a second longer."""
    published = Published()
    api = published.server(token_cache_size=size)
    await api.authenticate(FOR_LONG)
    published.is_down = True

    published.clock.advance(86_399)
    assert api.recall(FOR_LONG) is None  # after idle hours the first request waits for a fetch
    assert await outcome(api, FOR_LONG) == "accepted"
    assert api.recall(FOR_LONG) is not None
    published.clock.advance(1)

    assert api.recall(FOR_LONG) is None
    assert await outcome(api, FOR_LONG) == "issuer_unavailable"


@pytest.mark.anyio
async def test_an_entry_outlives_an_outage_that_ends() -> None:
    """Nothing was wrong with the token: once its key is confirmed again it counts without being verified anew."""
    published = Published()
    api = published.server()
    principal = await api.authenticate(FOR_LONG)
    published.is_down = True
    published.clock.advance(86_400)
    assert await outcome(api, FOR_LONG) == "issuer_unavailable"

    published.is_down = False
    published.clock.advance(120)
    await api.authenticate(seal(payload=claims(exp=NOW + 10**6)))

    assert api.recall(FOR_LONG) == principal


def test_a_hit_outside_of_an_event_loop_is_a_hit() -> None:
    """``recall`` does not await: where no loop runs, no refresh can begin, and none is needed for the answer."""
    published = Published()
    api = published.server()
    anyio.run(api.authenticate, TOKEN)

    published.clock.advance(LONG_AFTER)

    assert api.recall(TOKEN) is not None
    assert published.fetches == 1


@pytest.mark.anyio
async def test_concurrent_misses_of_one_token_share_one_fetch_and_agree() -> None:
    """Single flight; the second to finish overwrites an equal entry."""
    published = Published()
    api = published.server()
    principals: list[Principal] = []

    async def one() -> None:
        principals.append(await api.authenticate(TOKEN))

    async with anyio.create_task_group() as tasks:
        for _ in range(20):
            tasks.start_soon(one)

    assert published.fetches == 1
    assert len(principals) == 20
    assert set(principals) == {api.recall(TOKEN)}
    assert len(entries(api)) == 1


@pytest.mark.anyio
async def test_a_token_is_verified_anew_after_aclose() -> None:
    """What is closed remembers nothing; the object stays usable."""
    published = Published()
    api = published.server()
    await api.authenticate(TOKEN)

    await api.aclose()

    assert api.recall(TOKEN) is None
    assert await outcome(api, TOKEN) == "accepted"


# --- asleep, and forked


@pytest.mark.anyio
@either_form
@pytest.mark.parametrize("asleep", [601.0, 3 * 86_400.0], ids=["ten minutes", "three days"])
async def test_a_remembered_token_whose_key_was_withdrawn_is_refused_at_the_first_request_after_sleep(
    size: int, asleep: float
) -> None:
    """Monotonic time stands still while a machine sleeps, or its virtual machine is paused."""
    published = Published()
    api = published.server(token_cache_size=size)
    assert [await outcome(api, FOR_LONG) for _ in range(3)] == ["accepted"] * 3
    published.keys["issuer.test"] = [SigningKey("ES256", kid="another")]

    published.clock.step_wall_clock(asleep)

    assert api.recall(FOR_LONG) is None
    assert await outcome(api, FOR_LONG) == "unknown_key"


@pytest.mark.anyio
@either_form
async def test_a_remembered_token_expires_while_the_machine_sleeps(size: int) -> None:
    published = Published()
    api = published.server(token_cache_size=size)
    assert [await outcome(api, TOKEN) for _ in range(3)] == ["accepted"] * 3

    published.clock.step_wall_clock(2 * 3600.0)

    assert api.recall(TOKEN) is None
    assert await outcome(api, TOKEN) == "token_expired"


@pytest.mark.anyio
async def test_the_age_of_the_keys_includes_sleep() -> None:
    """The caller, the readiness probe and the judgement go by one age."""
    published = Published()
    api = published.server()
    principal = await api.authenticate(TOKEN)

    published.clock.advance(20)
    published.clock.step_wall_clock(100)
    assert (principal.key_age, api.status()[0].age) == (120, 120)

    published.clock.step_wall_clock(-3600)
    assert (principal.key_age, api.status()[0].age) == (20, 20)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@either_form
def test_a_forked_child_waits_for_no_lock_that_a_thread_of_its_parent_holds(size: int) -> None:
    """It has its parent's tokens, unless they may be half changed."""
    api = server(token_cache_size=size)
    anyio.run(outcome, api, TOKEN)

    def remembers() -> bool:
        return api.recall(TOKEN) is not None

    assert holds_in_a_child(remembers)
    with held_by_another_thread(api._connection.cache._changing):
        assert holds_in_a_child(lambda: not remembers() and anyio.run(outcome, api, TOKEN) == "accepted" and remembers())
    assert remembers()

"""Whom a resource server trusts is exchanged while requests run: whole, at once, from any thread."""

import gc
import logging
import os
import threading
from collections.abc import Callable
from typing import Any, Final

import anyio
import httpx
import pytest

from bearerguard import ConfigurationError, Introspection, Issuer, ResourceServer
from bearerguard.connection import Connection
from bearerguard.errors import IssuerUnavailable
from bearerguard.testing import FakeClock, LocalIssuer
from support.forked import held_by_another_thread, holds_in_a_child
from support.published import Published, background_work, outcome
from support.sealed import AUDIENCE, EC, ISSUER, RSA, claims, issuer, key_set, seal, server, verdict

OTHER: Final = "https://other.test/"
TOKEN: Final = seal()
OF_THE_OTHER: Final = seal(claims(iss=OTHER))
both_loops = pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])


def published() -> Published:
    """Keys of two issuers."""
    both = Published()
    both.keys["other.test"] = [EC]
    return both


# --- what is withdrawn is refused at once


def test_a_remembered_token_of_a_withdrawn_issuer_is_refused_at_once() -> None:
    api = server(issuer(), issuer(OTHER))
    assert [verdict(api, TOKEN), verdict(api, TOKEN)] == ["accepted", "accepted"]

    api.reconfigure(issuers=issuer(OTHER))

    assert api.recall(TOKEN) is None
    assert verdict(api, TOKEN) == "unknown_issuer"
    assert verdict(api, OF_THE_OTHER) == "accepted"


def test_a_remembered_token_for_a_withdrawn_audience_is_refused_at_once() -> None:
    api = server(audience=[AUDIENCE, "api://billing"])
    assert verdict(api, TOKEN) == "accepted"

    api.reconfigure(audience="api://billing")

    assert api.recall(TOKEN) is None
    assert verdict(api, TOKEN) == "wrong_audience"


def test_a_stricter_record_of_the_same_issuer_holds_for_remembered_tokens_too() -> None:
    api = server()
    assert verdict(api, TOKEN) == "accepted"

    api.reconfigure(issuers=issuer(require_at_jwt=True))

    assert verdict(api, TOKEN) == "wrong_token_type"


def test_a_static_key_that_was_taken_out_of_the_same_mapping_is_gone() -> None:
    """A mapping may be changed in place: two records are equal then, and their keys are not."""
    keys = key_set(EC, RSA)
    api = server(Issuer(ISSUER, jwks=keys))
    assert verdict(api, TOKEN) == "accepted"
    keys["keys"].pop(0)

    api.reconfigure(issuers=Issuer(ISSUER, jwks=keys))

    assert verdict(api, TOKEN) == "unknown_key"


def test_a_key_of_the_former_issuer_signs_for_nobody_else() -> None:
    api = server(issuer(ISSUER, [EC]))
    api.reconfigure(issuers=issuer(OTHER, [RSA]))

    assert verdict(api, OF_THE_OTHER) == "unknown_key"


@both_loops
@pytest.mark.anyio
async def test_keys_of_an_issuer_that_moved_are_fetched_from_the_new_place(anyio_backend: str) -> None:
    both = published()
    api = both.server()
    assert await outcome(api, TOKEN) == "accepted"
    both.keys["other.test"] = [RSA]

    api.reconfigure(issuers=Issuer(ISSUER, jwks_uri=f"{OTHER}keys"))

    assert await outcome(api, TOKEN) == "unknown_key"


@pytest.mark.anyio
async def test_an_answer_about_a_token_for_a_withdrawn_audience_is_forgotten() -> None:
    answer = {"active": True, "iss": ISSUER, "aud": AUDIENCE, "exp": claims()["exp"], "client_id": "reader", "sub": "x"}
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json=answer))
    asked = Introspection("https://issuer.test/introspect", client_id="api", client_secret="secret")
    api = ResourceServer((), AUDIENCE, introspection=asked, transport=transport, clock=FakeClock(claims()["iat"]))
    assert await outcome(api, b"opaque") == "accepted"

    api.reconfigure(audience="api://billing")
    assert await outcome(api, b"opaque") == "wrong_audience"

    api.reconfigure(audience=AUDIENCE)
    assert await outcome(api, TOKEN) == "accepted"
    api.reconfigure(issuers=issuer(ISSUER, [RSA]))
    assert await outcome(api, TOKEN) == "unknown_key", "a JWT is not good by what was said before its keys were known"


# --- requests under way


class Held:
    """A network that answers when it is told to."""

    def __init__(self, both: Published) -> None:
        self.asked, self.go_on = anyio.Event(), anyio.Event()
        self._both = both

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.set()
        await self.go_on.wait()
        return self._both._answer(request)


def held_up(both: Published, *issuers: Issuer) -> tuple[ResourceServer, Held]:
    held = Held(both)
    return ResourceServer(issuers, AUDIENCE, transport=httpx.MockTransport(held), clock=both.clock), held


async def while_waiting(api: ResourceServer, asked: anyio.Event, act: Callable[[], None]) -> str:
    """What becomes of a request that waits, once ``asked`` is set, when something happens meanwhile."""
    seen: list[str] = []

    async def request() -> None:
        seen.append(await outcome(api, TOKEN))

    with anyio.fail_after(20):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(request)
            await asked.wait()
            act()
    return seen[0]


@both_loops
@pytest.mark.anyio
async def test_a_request_that_waits_for_a_withdrawn_issuer_is_refused_and_not_served(anyio_backend: str) -> None:
    """An issuer that answers slowly must not get a token in after it was withdrawn."""
    both = published()
    api, held = held_up(both, both.issuer())

    assert await while_waiting(api, held.asked, lambda: api.reconfigure(issuers=issuer(OTHER))) == "unknown_issuer"


@both_loops
@pytest.mark.anyio
async def test_a_request_that_waits_for_a_kept_issuer_is_served(anyio_backend: str) -> None:
    both = published()
    api, held = held_up(both, both.issuer())

    def keep() -> None:
        api.reconfigure(issuers=[both.issuer(), both.issuer(OTHER)])
        held.go_on.set()

    assert await while_waiting(api, held.asked, keep) == "accepted"
    assert both.fetches == 1


@both_loops
@pytest.mark.anyio
async def test_a_request_never_mixes_two_settings(anyio_backend: str) -> None:
    """Issuer A with audience A, or B with B: a token of A for B's audience is good under neither."""
    a, b = issuer(ISSUER), issuer(OTHER)
    api = server(a, audience="api://a")
    mixed = [seal(claims(iss=ISSUER, aud="api://b")), seal(claims(iss=OTHER, aud="api://a"))]
    stop = threading.Event()

    def swap() -> None:
        while not stop.is_set():
            api.reconfigure(issuers=b, audience="api://b")
            api.reconfigure(issuers=a, audience="api://a")

    swapping = threading.Thread(target=swap)
    swapping.start()
    try:
        seen = {await outcome(api, token) for _ in range(300) for token in mixed}
    finally:
        stop.set()
        swapping.join()

    assert seen == {"unknown_issuer", "wrong_audience"}


@both_loops
@pytest.mark.anyio
async def test_a_token_that_was_asked_about_under_old_settings_is_asked_about_under_the_new(anyio_backend: str) -> None:
    """The hook is asked while the issuer is withdrawn: its yes is about a token that is not good any more."""
    asked, go_on = anyio.Event(), anyio.Event()

    async def revoked(_principal: Any) -> bool:
        asked.set()
        await go_on.wait()
        return False

    api = server(revoked=revoked, revoked_timeout=30)

    def withdraw() -> None:
        api.reconfigure(issuers=issuer(OTHER))
        go_on.set()

    assert await while_waiting(api, asked, withdraw) == "unknown_issuer"


# --- wrong settings


@pytest.mark.parametrize(
    ("settings", "parameter"),
    [
        pytest.param({"issuers": []}, "issuers", id="no issuer"),
        pytest.param({"issuers": None}, "issuers", id="None is not: leave it"),
        pytest.param({"issuers": "https://issuer.test/"}, "issuers", id="a text"),
        pytest.param({"issuers": [issuer(OTHER), issuer(OTHER)]}, "issuers", id="listed twice"),
        pytest.param({"issuers": issuer(OTHER, [])}, "jwks", id="no usable key"),
        pytest.param({"audience": ""}, "audience", id="empty audience"),
        pytest.param({"audience": None}, "audience", id="audience None"),
        pytest.param({"issuers": issuer(OTHER), "audience": []}, "audience", id="one of two"),
        pytest.param({}, "issuers or audience", id="nothing"),
    ],
)
def test_wrong_settings_leave_the_old_ones_in_place(settings: dict[str, Any], parameter: str) -> None:
    api = server()
    before = api.connection

    with pytest.raises(ConfigurationError) as caught:
        api.reconfigure(**settings)

    assert caught.value.parameter == parameter
    assert api.connection is before
    assert verdict(api, TOKEN) == "accepted"


# --- keys of issuers that stay, and of those that go


@both_loops
@pytest.mark.anyio
async def test_keys_of_an_issuer_that_stays_are_not_fetched_again(anyio_backend: str) -> None:
    both = published()
    api = both.server()
    await api.authenticate(TOKEN)

    api.reconfigure(issuers=[both.issuer(OTHER), both.issuer(require_at_jwt=False, audience="api://orders")])
    await api.authenticate(TOKEN)
    api.reconfigure(audience=[AUDIENCE, "api://billing"])
    await api.authenticate(TOKEN)

    assert both.fetches == 1
    assert [(state.issuer, state.ready) for state in api.status()] == [(OTHER, False), (ISSUER, True)]


@both_loops
@pytest.mark.anyio
async def test_a_fetch_for_an_issuer_that_goes_is_ended(anyio_backend: str) -> None:
    both = published()
    api, held = held_up(both, both.issuer(), both.issuer(OTHER))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(outcome, api, TOKEN)
        await held.asked.wait()
        withdrawn = api.connection.registrations.all[0].keys

        api.reconfigure(issuers=issuer(OTHER))
        with anyio.fail_after(10):
            while withdrawn._flights:  # type: ignore[attr-defined]
                await anyio.lowlevel.checkpoint()

    assert both.fetches == 0


@pytest.mark.anyio
async def test_a_fetch_is_ended_from_another_thread_and_its_waiters_go_on() -> None:
    both = published()
    api, held = held_up(both, both.issuer())
    elsewhere = threading.Thread(target=api.reconfigure, kwargs={"issuers": issuer(OTHER)})

    assert await while_waiting(api, held.asked, elsewhere.start) == "unknown_issuer"
    elsewhere.join()


@both_loops
@pytest.mark.anyio
async def test_a_source_that_was_withdrawn_begins_no_fetch(anyio_backend: str) -> None:
    """A request that had just read the old settings, when another thread exchanged them."""
    both = published()
    api = both.server()
    withdrawn = api.connection.registrations.all[0].keys
    api.reconfigure(issuers=issuer(OTHER))

    with anyio.fail_after(10), pytest.raises(IssuerUnavailable):
        await withdrawn.obtain()
    await background_work()

    assert both.fetches == 0


def test_an_event_loop_that_was_closed_is_no_obstacle() -> None:
    both = published()
    api, held = held_up(both, both.issuer())

    async def begin() -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(outcome, api, TOKEN)
            await held.asked.wait()
            tasks.cancel_scope.cancel()

    anyio.run(begin)
    api.reconfigure(issuers=issuer(OTHER))
    gc.collect()

    assert verdict(api, OF_THE_OTHER) == "accepted"


def test_two_threads_that_exchange_different_settings_lose_neither() -> None:
    api = server()
    for turn in range(50):
        threads = [
            threading.Thread(target=api.reconfigure, kwargs={"issuers": issuer(f"https://issuer{turn}.test/")}),
            threading.Thread(target=api.reconfigure, kwargs={"audience": f"api://{turn}"}),
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert (api.issuers[0].issuer, api.audience) == (f"https://issuer{turn}.test/", frozenset({f"api://{turn}"}))


def test_a_signal_that_exchanges_settings_meanwhile_neither_blocks_nor_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its handler runs in the same thread, between any two steps."""
    api = server()
    trusting = Connection.trusting
    signals = [{"audience": "api://billing"}]

    def interrupted(connection: Connection, issuers: tuple[Issuer, ...], audience: frozenset[str]) -> Connection:
        successor = trusting(connection, issuers, audience)
        if signals:
            api.reconfigure(**signals.pop())  # type: ignore[arg-type]
        return successor

    monkeypatch.setattr(Connection, "trusting", interrupted)
    api.reconfigure(issuers=issuer(OTHER))

    assert (api.issuers[0].issuer, api.audience) == (OTHER, frozenset({"api://billing"}))


# --- who else shows whom the server trusts


def test_the_log_tells_what_changed(caplog: pytest.LogCaptureFixture) -> None:
    api = server()
    with caplog.at_level(logging.INFO, logger="bearerguard"):
        api.reconfigure(issuers=issuer(OTHER), audience="api://billing")

    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert all(text in record.message for text in (OTHER, ISSUER, "api://billing"))


def test_two_servers_share_nothing() -> None:
    one, two = server(), server()
    one.reconfigure(issuers=issuer(OTHER), audience="api://billing")

    assert (two.issuers[0].issuer, two.audience) == (ISSUER, frozenset({AUDIENCE}))
    assert verdict(two, TOKEN) == "accepted"


def test_a_local_issuer_takes_over_from_another() -> None:
    """As a deployment moves: trust both, then the new one alone."""
    old, new = LocalIssuer("https://old.test"), LocalIssuer("https://new.test")
    records = [Issuer(each.issuer, jwks=each.jwks()) for each in (old, new)]
    api = ResourceServer(records[0], "api://orders")

    def verdicts() -> list[str]:
        return [verdict(api, each.mint()) for each in (old, new)]

    assert verdicts() == ["accepted", "unknown_issuer"]
    api.reconfigure(issuers=records)
    assert verdicts() == ["accepted", "accepted"]
    api.reconfigure(issuers=records[1])
    assert verdicts() == ["unknown_issuer", "accepted"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_child_does_not_wait_for_a_thread_of_its_parent() -> None:
    api = server()

    def reconfigured() -> bool:
        api.reconfigure(audience="api://billing")
        return api.audience == frozenset({"api://billing"})

    with held_by_another_thread(api._swapping):
        assert holds_in_a_child(reconfigured)

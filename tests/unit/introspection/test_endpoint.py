"""The endpoint: where it is, and how long an exchange may take."""

import threading
from typing import Any

import anyio.to_thread
import httpx
import pytest

from bearerguard import IssuerUnavailable, ResourceServer
from bearerguard.testing import FakeClock, LocalIssuer
from support.introspected import AUDIENCE, GOOD, NOW, OPAQUE, asking, scripted, settings

pytestmark = pytest.mark.anyio
DAY = 86_400.0
AFTER_THE_BACK_OFF = 2.0


async def test_where_the_metadata_says_the_endpoint_is_counts_for_a_day() -> None:
    issuer = LocalIssuer(clock=(clock := FakeClock(NOW)))
    api = asking(issuer, endpoint=None, issuer=issuer.issuer)
    await api.authenticate(issuer.mint(opaque=True))

    clock.advance(DAY - 0.5)
    await api.authenticate(issuer.mint(opaque=True))
    assert issuer.requests["metadata"] == 1
    clock.advance(0.5)
    await api.authenticate(issuer.mint(opaque=True))

    assert issuer.requests["metadata"] == 2


async def test_an_endpoint_that_cannot_be_reached_may_have_moved() -> None:
    places = ["https://issuer.test/old", "https://issuer.test/new"]

    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return httpx.Response(200, json={"issuer": "https://issuer.test", "introspection_endpoint": places[0]})
        if str(request.url) != places[-1]:
            raise httpx.ConnectError("gone")
        return httpx.Response(200, json=GOOD)

    api, _ = scripted(answer, clock := FakeClock(NOW), endpoint=None, issuer="https://issuer.test")
    with pytest.raises(IssuerUnavailable):
        await api.authenticate(OPAQUE)

    places.pop(0)
    clock.advance(AFTER_THE_BACK_OFF)

    assert await api.authenticate(OPAQUE)


async def test_a_function_of_the_users_runs_in_a_thread_of_its_own_and_its_time_counts() -> None:
    """Whoever gives no credential in time gives none: the token is neither good nor bad."""
    threads: list[threading.Thread] = []
    may_go_on = threading.Event()

    def secret() -> str:
        threads.append(threading.current_thread())
        may_go_on.wait(10)
        return "reader-secret"

    issuer = LocalIssuer(clock=(clock := FakeClock(NOW)))
    patient: dict[str, Any] = {"endpoint": None, "issuer": issuer.issuer, "client_secret": secret}
    asked = settings(timeout=1.0, **patient)
    api = ResourceServer((), AUDIENCE, transport=httpx.ASGITransport(issuer), clock=clock, introspection=asked)
    with pytest.raises(IssuerUnavailable) as caught:
        await api.authenticate(issuer.mint(opaque=True))
    may_go_on.set()

    assert threads[0] is not threading.current_thread()
    assert "within 1 s" in caught.value.last_error
    for _ in range(20):  # with so short a limit, a busy machine may need another try
        clock.advance(120.0)
        try:
            await api.authenticate(issuer.mint(opaque=True))
        except IssuerUnavailable:
            continue
        break
    assert issuer.requests["metadata"] >= 2  # the endpoint may have moved


async def test_a_secret_at_hand_needs_no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(anyio.to_thread, "run_sync")
    api, _ = scripted(GOOD)

    assert await api.authenticate(OPAQUE)

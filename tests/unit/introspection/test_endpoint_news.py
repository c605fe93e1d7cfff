"""What operators learn of an endpoint: events, status, readiness, and the log."""

from typing import Any, Final

import anyio.lowlevel
import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from bearerguard import AccessTokenError, Event, IssuerUnavailable, ResourceServer
from bearerguard.errors import NamedCaller, Refusal
from bearerguard.testing import FakeClock, LocalIssuer
from bearerguard.web.readiness import readiness
from support.introspected import AUDIENCE, GOOD, NOW, OPAQUE, URL, Scripted, scripted, settings

pytestmark = pytest.mark.anyio
BOTH: Final = pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
ISSUER: Final = "https://issuer.test"


class Site:
    """A server with introspection alone, the endpoint it asks, and the events it tells."""

    def __init__(self, answer: Any, **changes: Any) -> None:
        self.clock = FakeClock(NOW)
        self.events: list[Event] = []
        self.endpoint = Scripted(answer)
        self.api = ResourceServer(
            audience=AUDIENCE,
            introspection=settings(**{"issuer": ISSUER, **changes}),
            transport=httpx.MockTransport(self.endpoint),
            clock=self.clock,
            on_event=self.events.append,
        )

    async def judge(self, token: str = OPAQUE) -> Refusal | None:
        """The refusal, if there is one."""
        try:
            await self.api.authenticate(token)
        except Refusal as refusal:
            return refusal
        return None

    def told(self, prefix: str = "introspection") -> list[tuple[str, str, str]]:
        """Name, issuer and code of the events whose name begins so."""
        return [(event.name, event.issuer, event.code) for event in self.events if event.name.startswith(prefix)]


# --- events


async def test_each_answer_is_an_event_with_its_duration(caplog: pytest.LogCaptureFixture) -> None:
    site = Site(GOOD)
    site.clock.advance(10)

    def slow(_request: httpx.Request) -> Any:
        site.clock.advance(0.25)
        return httpx.Response(200, json=GOOD)

    site.endpoint.answer = slow
    await site.judge()
    await site.judge()  # remembered

    assert site.told() == [("introspection_answered", ISSUER, "")]
    assert caplog.records == []
    assert next(event.seconds for event in site.events if event.name == "introspection_answered") == pytest.approx(0.25)


def _raising(error: Exception) -> Any:
    def answer(_request: httpx.Request) -> httpx.Response:
        raise error

    return answer


def _secret_that_is_not_to_be_had() -> str:
    raise OSError


@pytest.mark.parametrize(
    ("answer", "changes", "code"),
    [
        (httpx.Response(500), {}, "status"),
        (httpx.Response(400), {}, "status"),
        (httpx.Response(401), {}, "credentials"),
        (httpx.Response(403), {}, "credentials"),
        (GOOD, {"client_secret": _secret_that_is_not_to_be_had}, "credentials"),
        (httpx.Response(302, headers={"Location": URL}), {}, "redirect"),
        (httpx.Response(200, text="<html>"), {}, "invalid"),
        ({"active": "true"}, {}, "invalid"),
        ({}, {}, "invalid"),
        ({**GOOD, "padding": "x" * 70_000}, {}, "too_large"),
        (_raising(httpx.ConnectError("refused")), {}, "unreachable"),
        (_raising(httpx.ReadTimeout("slow")), {}, "timeout"),
        (_raising(RuntimeError("a defect")), {}, "unexpected"),
        (httpx.Response(404), {"endpoint": None}, "status"),
    ],
)
async def test_each_failure_is_an_event_that_tells_its_kind(answer: Any, changes: dict[str, Any], code: str) -> None:
    site = Site(answer, **changes)
    site.clock.advance(10)

    assert isinstance(await site.judge(), IssuerUnavailable)

    assert site.told() == [("introspection_failed", ISSUER, code)]
    assert [event.seconds for event in site.events if event.name == "introspection_failed"] == [0.0]


@pytest.mark.parametrize(
    ("answer", "caller"),
    [
        ({"active": False}, NamedCaller(ISSUER, verified=True)),
        ({**GOOD, "aud": "api://billing"}, NamedCaller(ISSUER, "reader", "reader", verified=True)),
        ({**GOOD, "aud": "api://billing", "client_id": 7, "sub": ["x"]}, NamedCaller(ISSUER, verified=True)),
        (httpx.Response(500), NamedCaller(ISSUER)),
    ],
)
async def test_a_refusal_names_whom_the_endpoint_named(answer: Any, caller: NamedCaller) -> None:
    site = Site(answer)
    refusal = await site.judge()
    again = await site.judge()

    assert refusal is not None
    assert again is not None
    assert (refusal.caller, again.caller) == (caller, caller)
    assert [event.issuer for event in site.events if event.name == "token_refused"] == [ISSUER] * 2


async def test_a_jwt_that_is_not_active_any_more_names_its_caller() -> None:
    issuer = LocalIssuer(clock=FakeClock(NOW))
    asked = settings(also_jwt=True, transport=httpx.MockTransport(Scripted({"active": False})))
    api = ResourceServer(
        issuer.trusted(), AUDIENCE, introspection=asked, transport=httpx.ASGITransport(issuer), clock=issuer.clock
    )

    with pytest.raises(AccessTokenError) as caught:
        await api.authenticate(issuer.mint())

    assert (caught.value.caller.issuer, caught.value.caller.client_id) == (issuer.issuer, "reader")


@pytest.mark.parametrize("on", [True, False])
def test_an_endpoint_that_may_be_plain_http_is_told(on: bool, caplog: pytest.LogCaptureFixture) -> None:
    changes: dict[str, Any] = {"endpoint": "http://127.0.0.1:9000/introspect", "insecure_allow_http": True} if on else {}
    site = Site(GOOD, **changes)

    assert site.told("insecure") == [("insecure_option", ISSUER, "insecure_allow_http")] * on
    assert ("insecure_allow_http is on for introspection" in caplog.text) is on


# --- status


async def test_the_status_is_what_is_known_of_the_endpoint() -> None:
    site = Site(GOOD)
    assert site.api.status() == ()
    before = site.api.introspection_status()
    assert before is not None
    assert (before.endpoint, before.ready, before.last_error, before.last_success) == (URL, True, "", None)

    await site.judge()
    after = site.api.introspection_status()

    assert after is not None
    assert (after.ready, after.last_error, after.next_try_in, after.last_success) == (True, "", 0.0, NOW)
    assert (after.under_way, after.remembered) == (0, 1)


async def test_the_status_tells_a_failure_and_when_the_endpoint_is_asked_again() -> None:
    site = Site(httpx.Response(503))
    await site.judge()
    failing = site.api.introspection_status()
    assert failing is not None
    assert (failing.ready, failing.last_error) == (False, "status 503")
    assert 0.5 <= failing.next_try_in <= 1.5

    site.clock.advance(2.0)
    site.endpoint.answer = GOOD
    await site.judge("another")
    well = site.api.introspection_status()

    assert well is not None
    assert (well.ready, well.last_error, well.next_try_in) == (True, "", 0.0)


async def test_an_answer_about_a_token_that_was_good_ends_the_waiting_for_all() -> None:
    site = Site(GOOD, cache_for=0)
    await site.judge()
    site.endpoint.answer = httpx.Response(503)
    await site.judge("another")
    site.endpoint.answer = GOOD
    await site.judge()

    status = site.api.introspection_status()

    assert status is not None
    assert (status.last_error, status.next_try_in) == ("", 0.0)


async def test_a_question_that_the_endpoint_rejects_says_nothing_of_its_state() -> None:
    site = Site(httpx.Response(400))
    await site.judge()

    status = site.api.introspection_status()

    assert status is not None
    assert (status.ready, status.last_error) == (True, "")


def test_a_server_without_introspection_has_no_such_status() -> None:
    assert ResourceServer(LocalIssuer().trusted(), AUDIENCE).introspection_status() is None


# --- readiness


async def _probed(api: ResourceServer, **options: Any) -> httpx.Response:
    """One probe; then the background has its turn."""
    app = Starlette(routes=[Route("/ready", readiness(api, **options))])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://api.test") as client:
        answer = await client.get("/ready")
    for _ in range(50):
        await anyio.lowlevel.checkpoint()
    return answer


async def test_an_endpoint_that_nobody_needed_yet_is_ready_and_is_not_asked() -> None:
    site = Site(GOOD)

    answer = await _probed(site.api)

    assert (answer.status_code, answer.json()["introspection"]["ready"]) == (200, True)
    assert site.endpoint.requests == []


@BOTH
async def test_an_instance_whose_endpoint_never_answered_is_not_ready_and_heals_by_being_probed() -> None:
    site = Site(httpx.Response(401))
    await site.judge()
    answer = await _probed(site.api)
    assert (answer.status_code, answer.json()["introspection"]["last_error"][:10]) == (503, "status 401")
    assert answer.headers["Retry-After"] in {"1", "2"}
    assert len(site.endpoint.requests) == 1  # it is not due yet

    site.endpoint.answer = {"active": False}
    site.clock.advance(2.0)
    await _probed(site.api)

    assert (await _probed(site.api)).status_code == 200
    assert len(site.endpoint.requests) == 2


async def test_an_endpoint_that_fails_later_takes_no_instance_out_of_service() -> None:
    site = Site(GOOD)
    await site.judge()
    site.endpoint.answer = httpx.Response(503)
    await site.judge("another")

    answer = await _probed(site.api)

    assert (answer.status_code, answer.json()["introspection"]["last_error"]) == (200, "status 503")


async def test_without_details_nothing_is_told_of_the_endpoint() -> None:
    assert (await _probed(Site(GOOD).api, details=False)).json() == {"ready": True}


async def test_starting_asks_nothing() -> None:
    site = Site(GOOD)

    await site.api.warm_up()

    assert site.endpoint.requests == []


async def test_an_endpoint_that_calls_a_made_up_token_good_lets_nobody_in(caplog: pytest.LogCaptureFixture) -> None:
    """The probe's token is random, and what is said of it is not remembered as good."""
    site = Site(httpx.Response(500))
    await site.judge()
    site.endpoint.answer = GOOD
    site.clock.advance(2.0)

    await site.api.warm_up()

    status = site.api.introspection_status()
    assert status is not None
    assert (status.ready, status.remembered) == (True, 0)
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


# --- the log


async def test_a_failure_on_one_token_alone_is_no_change_of_state(caplog: pytest.LogCaptureFixture) -> None:
    api, endpoint = scripted(httpx.Response(400))
    with pytest.raises(IssuerUnavailable):
        await api.authenticate("odd")
    endpoint.answer = GOOD
    await api.authenticate(OPAQUE)

    assert [record for record in caplog.records if record.getMessage().startswith("introspection")] == []

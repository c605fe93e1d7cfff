"""Asking, remembering, and sharing one question."""

import json
import logging
from typing import Any
from urllib.parse import parse_qs

import anyio
import anyio.lowlevel
import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from jwt.algorithms import ECAlgorithm

from bearerguard import AccessTokenError, Introspection, Issuer, IssuerUnavailable, ResourceServer
from bearerguard.issuers import ClaimRule, Profile
from bearerguard.testing import FakeClock, LocalClient, LocalIssuer, SigningKey
from support.introspected import AUDIENCE, GOOD, NOW, OPAQUE, URL, asking, scripted, settings

pytestmark = pytest.mark.anyio
BOTH = pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])


def _issuer(**changes: Any) -> LocalIssuer:
    return LocalIssuer(clock=FakeClock(NOW), **changes)


async def _refused(api: ResourceServer, token: str) -> str:
    with pytest.raises(AccessTokenError) as caught:
        await api.authenticate(token)
    return caught.value.code


# --- what is asked, and how


@BOTH
async def test_an_opaque_token_is_asked_about() -> None:
    issuer = _issuer()
    token = issuer.mint("writer", opaque=True)

    principal = await asking(issuer).authenticate(token)

    assert (principal.issuer, principal.client_id) == (issuer.issuer, "writer")
    assert principal.roles == {"Read.All", "Write.All"}
    assert principal.claims["active"] is True


async def test_a_jwt_is_verified_as_before_and_not_asked_about() -> None:
    issuer = _issuer()

    await asking(issuer).authenticate(issuer.mint())

    assert "introspection" not in issuer.requests


async def test_a_jwt_of_an_unknown_issuer_is_not_shown_to_the_endpoint() -> None:
    issuer = _issuer()

    assert await _refused(asking(issuer), LocalIssuer("https://other.test", clock=FakeClock(NOW)).mint()) == "unknown_issuer"
    assert "introspection" not in issuer.requests


async def test_without_issuers_the_endpoint_judges_every_token() -> None:
    issuer = _issuer()

    assert (await asking(issuer, trusted=False).authenticate(issuer.mint())).client_id == "reader"


@pytest.mark.parametrize(
    "token",
    ["a", "a.b", "a.b.c", "a.b.c.d", "a.b.c.d.e", "e30.e30.e30", "W10.e30.e30", "...", "..", "~+/-._~=="],
)
async def test_whatever_is_no_jwt_is_asked_about(token: str) -> None:
    """A JWT has three parts, and the first is a JSON object with ``alg``."""
    issuer = _issuer()

    assert await _refused(asking(issuer), token) == "inactive_token"
    assert issuer.requests["introspection"] == 1


async def test_the_longest_token_is_asked_about() -> None:
    api, endpoint = scripted(GOOD)

    assert await api.authenticate("x" * 16_384)
    assert len(endpoint.requests) == 1


@pytest.mark.parametrize("token", ["", "a b", "a,b", "a\nb", "a%62", "x" * 16_385])
async def test_what_no_bearer_token_may_be_is_never_asked_about(token: str) -> None:
    issuer = _issuer()

    await _refused(asking(issuer), token)

    assert "introspection" not in issuer.requests


async def test_a_token_travels_in_the_body_and_our_credential_in_the_header() -> None:
    api, endpoint = scripted(GOOD)

    await api.authenticate("a+b/c==")

    (request,) = endpoint.requests
    assert (request.method, str(request.url)) == ("POST", URL)
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert parse_qs(request.content.decode()) == {"token": ["a+b/c=="], "token_type_hint": ["access_token"]}
    assert httpx.BasicAuth("reader", "reader-secret")._auth_header == request.headers["authorization"]


async def test_the_credential_may_travel_in_the_body() -> None:
    issuer = _issuer()

    assert await asking(issuer, client_auth="post").authenticate(issuer.mint(opaque=True))


async def test_the_credential_may_be_a_signed_assertion() -> None:
    made = ec.generate_private_key(ec.SECP256R1())
    pem = made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    jwk = {**json.loads(ECAlgorithm.to_jwk(made.public_key())), "kid": "api-1", "alg": "ES256", "use": "sig"}
    issuer = _issuer(clients=[LocalClient("reader", public_jwks={"keys": [jwk]})])
    proof: dict[str, Any] = {"client_secret": None, "client_auth": "private_key_jwt", "private_key": pem, "key_id": "api-1"}

    assert await asking(issuer, **proof).authenticate(issuer.mint(opaque=True))


async def test_the_issuers_metadata_may_name_the_endpoint() -> None:
    issuer = _issuer()
    api = asking(issuer, endpoint=None, issuer=issuer.issuer)

    await api.authenticate(issuer.mint(opaque=True))
    await api.authenticate(issuer.mint(opaque=True))

    assert (issuer.requests["metadata"], issuer.requests["introspection"]) == (1, 2)


async def test_metadata_without_an_endpoint_is_a_fault_of_the_issuer() -> None:
    issuer = _issuer(shape="entra_v2")
    asked = Introspection(issuer=issuer.trusted()[0], client_id="reader", client_secret="reader-secret")
    api = ResourceServer((), AUDIENCE, transport=httpx.ASGITransport(issuer), clock=issuer.clock, introspection=asked)

    with pytest.raises(IssuerUnavailable, match="verified"):
        await api.authenticate(OPAQUE)


# --- revocation and memory


async def test_a_good_answer_counts_for_a_minute() -> None:
    issuer = LocalIssuer(clock=(clock := FakeClock(NOW)))
    api, token = asking(issuer), issuer.mint(opaque=True)
    await api.authenticate(token)
    issuer.revoke(token)

    clock.advance(59)
    assert api.recall(token.encode()) is not None
    clock.advance(1)

    assert api.recall(token.encode()) is None
    assert await _refused(api, token) == "inactive_token"


async def test_without_memory_each_request_asks() -> None:
    issuer = _issuer()
    api, token = asking(issuer, cache_for=0), issuer.mint(opaque=True)
    await api.authenticate(token)
    issuer.revoke(token)

    assert await _refused(api, token) == "inactive_token"


async def test_an_answer_never_outlives_the_token() -> None:
    issuer = LocalIssuer(clock=(clock := FakeClock(NOW)))
    api, token = asking(issuer), issuer.mint(opaque=True, lifetime=10)
    await api.authenticate(token)

    clock.advance(10)

    assert api.recall(token.encode()) is None
    assert await _refused(api, token) == "inactive_token"


async def test_an_answer_counts_from_when_it_was_asked_for() -> None:
    clock = FakeClock(NOW)

    def slow(_request: httpx.Request) -> Any:
        clock.advance(3)
        return httpx.Response(200, json=GOOD)

    api, _ = scripted(slow, clock)
    await api.authenticate(OPAQUE)

    clock.advance(56.9)
    assert api.recall(OPAQUE.encode()) is not None
    clock.advance(0.2)
    assert api.recall(OPAQUE.encode()) is None


async def test_a_bad_answer_counts_for_five_seconds() -> None:
    api, endpoint = scripted({"active": False}, clock := FakeClock(NOW))
    await _refused(api, OPAQUE)
    endpoint.answer = GOOD

    clock.advance(4.9)
    assert await _refused(api, OPAQUE) == "inactive_token"
    clock.advance(0.1)

    assert await api.authenticate(OPAQUE)
    assert len(endpoint.requests) == 2


@pytest.mark.parametrize(("token", "changes"), [("a.b", {}), ("opaque", {"also_jwt": True})])
async def test_a_remembered_answer_is_recalled_without_waiting(token: str, changes: dict[str, Any]) -> None:
    api, _ = scripted(GOOD, **changes)
    await api.authenticate(token)

    assert api.recall(token.encode()) is not None


async def test_a_remembered_answer_names_the_caller_whoever_asks() -> None:
    api, endpoint = scripted(GOOD, clock := FakeClock(NOW))
    introspector = api.connection.introspector
    assert introspector is not None

    first, again = [await introspector.authenticate(OPAQUE.encode(), frozenset) for _ in range(2)]
    clock.advance(5)

    assert (first, first.client_id, len(endpoint.requests)) == (again, "reader", 1)
    assert again.key_age == 5.0  # since it was asked about


async def test_two_apis_never_share_an_answer() -> None:
    asked = settings()
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json=GOOD))
    ours, other = (
        ResourceServer((), audience, introspection=asked, transport=transport, clock=FakeClock(NOW))
        for audience in (AUDIENCE, "api://billing")
    )
    await ours.authenticate(OPAQUE)

    assert other.recall(OPAQUE.encode()) is None
    assert await _refused(other, OPAQUE) == "wrong_audience"


async def test_closing_forgets() -> None:
    api, endpoint = scripted(GOOD)
    await api.authenticate(OPAQUE)

    await api.aclose()

    assert api.recall(OPAQUE.encode()) is None
    assert await api.authenticate(OPAQUE)
    assert len(endpoint.requests) == 2


async def test_a_remembered_answer_is_good_while_the_endpoint_is_down() -> None:
    issuer = _issuer()
    api, token = asking(issuer), issuer.mint(opaque=True)
    await api.authenticate(token)

    issuer.go_down("introspection")

    assert await api.authenticate(token)
    with pytest.raises(IssuerUnavailable):
        await api.authenticate(issuer.mint(opaque=True))


# --- JWTs that are asked about, too


async def test_a_revoked_jwt_is_refused_at_once_where_jwts_are_asked_about() -> None:
    issuer = LocalIssuer(clock=(clock := FakeClock(NOW)))
    api, token = asking(issuer, also_jwt=True), issuer.mint()
    assert (await api.authenticate(token)).client_id == "reader"
    issuer.revoke(token)
    assert api.recall(token.encode()) is not None

    clock.advance(60)

    assert api.recall(token.encode()) is None
    assert await _refused(api, token) == "inactive_token"


async def test_a_jwt_of_an_issuer_that_is_not_asked_is_recalled() -> None:
    issuer = _issuer()
    api, token = asking(issuer, also_jwt=True, issuer="https://other.test"), issuer.mint()
    await api.authenticate(token)

    assert api.recall(token.encode()) is not None


async def test_without_memory_of_jwts_the_answers_are_remembered_all_the_same() -> None:
    issuer = _issuer()
    network = httpx.ASGITransport(issuer)
    asked = settings(endpoint=issuer.introspection_endpoint, also_jwt=True)
    api = ResourceServer(
        issuer.trusted(), AUDIENCE, transport=network, clock=issuer.clock, introspection=asked, token_cache_size=0
    )
    token = issuer.mint()

    assert (await api.authenticate(token)).client_id == (await api.authenticate(token)).client_id == "reader"
    assert issuer.requests["introspection"] == 1


async def test_rules_of_a_preset_look_into_the_nested_claims_of_the_jwt() -> None:
    issuer = _issuer()
    ruled = Issuer(issuer.issuer, profile=Profile(rules=(ClaimRule(("a", "b"), values=frozenset({"x"}), required=True),)))
    network, brief = httpx.ASGITransport(issuer), httpx.MockTransport(lambda _: httpx.Response(200, json={"active": True}))
    asked = settings(also_jwt=True, transport=brief, issuer=ruled)
    api = ResourceServer(issuer.trusted(), AUDIENCE, transport=network, clock=issuer.clock, introspection=asked)

    assert await api.authenticate(issuer.mint(claims={"a": {"b": "x"}}))
    await _refused(api, issuer.mint(claims={"a": {"b": "y"}}))


async def test_a_forged_jwt_is_never_asked_about() -> None:
    issuer = _issuer()
    api = asking(issuer, also_jwt=True)

    assert await _refused(api, issuer.mint(key=SigningKey(kid=issuer.signing_key.kid))) == "invalid_signature"
    assert "introspection" not in issuer.requests


async def test_a_jwt_is_not_good_while_the_endpoint_is_down() -> None:
    issuer = _issuer()
    api = asking(issuer, also_jwt=True, cache_for=0)
    issuer.break_answers("introspection", "active_text")

    with pytest.raises(IssuerUnavailable):
        await api.authenticate(issuer.mint())


async def test_a_remembered_answer_does_not_stand_for_a_signature() -> None:
    """The key was withdrawn since."""
    issuer = LocalIssuer(clock=FakeClock(NOW))
    api, token = asking(issuer, also_jwt=True), issuer.mint()
    await api.authenticate(token)

    api.connection.cache.clear()

    assert api.recall(token.encode()) is None


async def test_an_answer_about_a_jwt_need_not_repeat_its_claims() -> None:
    issuer = _issuer()
    network = httpx.ASGITransport(issuer)
    brief = httpx.MockTransport(lambda _: httpx.Response(200, json={"active": True}))
    asked = settings(also_jwt=True, transport=brief)
    api = ResourceServer(issuer.trusted(), AUDIENCE, transport=network, clock=issuer.clock, introspection=asked)

    assert (await api.authenticate(issuer.mint())).roles == {"Read.All"}


@pytest.mark.parametrize("said", [{"iss": "https://other.test"}, {"aud": "api://billing"}, {"exp": NOW - 61}, {"cnf": {}}])
async def test_what_an_answer_says_about_a_jwt_must_hold(said: dict[str, Any]) -> None:
    issuer = _issuer()
    brief = httpx.MockTransport(lambda _: httpx.Response(200, json={"active": True, **said}))
    asked = settings(also_jwt=True, transport=brief)
    network = httpx.ASGITransport(issuer)
    api = ResourceServer(issuer.trusted(), AUDIENCE, transport=network, clock=issuer.clock, introspection=asked)

    await _refused(api, issuer.mint())


async def test_jwts_of_other_issuers_are_not_shown_to_the_endpoint() -> None:
    issuer = _issuer()
    api = asking(issuer, also_jwt=True, issuer="https://other.test")

    assert await api.authenticate(issuer.mint())
    assert "introspection" not in issuer.requests


# --- one question for all who wait


class _Held:
    """An endpoint that answers when it is told to."""

    def __init__(self) -> None:
        self.asked = 0
        self.may_answer = anyio.Event()

    async def __call__(self, _request: httpx.Request) -> httpx.Response:
        self.asked += 1
        await self.may_answer.wait()
        return httpx.Response(200, json=GOOD)


def _held(clock: FakeClock | None = None) -> tuple[ResourceServer, _Held]:
    endpoint = _Held()
    transport = httpx.MockTransport(endpoint)
    return ResourceServer((), AUDIENCE, introspection=settings(), transport=transport, clock=clock or FakeClock(NOW)), endpoint


async def _until_asked(endpoint: _Held, times: int) -> None:
    with anyio.fail_after(5):
        while endpoint.asked < times:  # noqa: ASYNC110  each question that comes counts
            await anyio.sleep(0.001)


@BOTH
async def test_two_hundred_first_requests_of_one_token_ask_once() -> None:
    api, endpoint = _held()
    callers = []

    async def call() -> None:
        callers.append(await api.authenticate(OPAQUE))

    async with anyio.create_task_group() as group:
        for _ in range(200):
            group.start_soon(call)
        await _until_asked(endpoint, 1)
        endpoint.may_answer.set()

    assert len(callers) == 200
    assert endpoint.asked == 1


@BOTH
async def test_a_waiter_that_is_cancelled_cancels_nobody_else() -> None:
    api, endpoint = _held()
    callers = []

    async def call() -> None:
        callers.append(await api.authenticate(OPAQUE))

    async with anyio.create_task_group() as group:
        async with anyio.create_task_group() as first:
            first.start_soon(call)
            await _until_asked(endpoint, 1)
            group.start_soon(call)
            await anyio.lowlevel.checkpoint()
            first.cancel_scope.cancel()
        endpoint.may_answer.set()

    assert len(callers) == 1
    assert endpoint.asked == 1


@BOTH
async def test_closing_ends_a_question_and_its_answer_is_not_remembered() -> None:
    api, endpoint = _held()
    refused = []

    async def call() -> None:
        try:
            await api.authenticate(OPAQUE)
        except IssuerUnavailable as why:
            refused.append(why.retry_after)

    async with anyio.create_task_group() as group:
        group.start_soon(call)
        await _until_asked(endpoint, 1)
        await api.aclose()
        endpoint.may_answer.set()

    assert refused == [1]
    assert api.recall(OPAQUE.encode()) is None


async def test_what_finds_no_place_is_refused_at_once_and_good_tokens_have_their_share() -> None:
    clock = FakeClock(NOW)
    api, endpoint = _held(clock)
    endpoint.may_answer.set()
    for number in range(20):
        await api.authenticate(f"good-{number}")
    clock.advance(60)
    endpoint.may_answer = anyio.Event()
    outcomes: list[str] = []

    async def call(token: str) -> None:
        try:
            await api.authenticate(token)
        except IssuerUnavailable:
            outcomes.append(f"{token.partition('-')[0]}: no place")
        else:
            outcomes.append(f"{token.partition('-')[0]}: served")

    async with anyio.create_task_group() as group:
        for number in range(40):
            group.start_soon(call, f"new-{number}")
        await _until_asked(endpoint, 60)
        clock.advance(1.0)
        for number in range(40, 60):
            group.start_soon(call, f"new-{number}")
        await _until_asked(endpoint, 68)
        for number in range(20):
            group.start_soon(call, f"good-{number}")
        await _until_asked(endpoint, 84)
        endpoint.may_answer.set()

    counted = {outcome: outcomes.count(outcome) for outcome in outcomes}
    assert counted == {"new: served": 48, "new: no place": 12, "good: served": 16, "good: no place": 4}


async def test_a_flood_of_made_up_tokens_costs_the_endpoint_a_bounded_number_of_questions() -> None:
    api, endpoint = scripted({"active": False}, clock := FakeClock(NOW))
    codes = []
    for number in range(2_000):
        clock.advance(3 / 2_000)
        try:
            await api.authenticate(f"made-up-{number}")
        except (AccessTokenError, IssuerUnavailable) as refusal:
            codes.append(refusal.status)

    assert len(endpoint.requests) <= 3 * 50
    assert set(codes) == {401, 503}


# --- what the log tells


@pytest.mark.parametrize("fault", ["html", "active_number", "unauthorized", "error_status", "redirect", "too_large"])
async def test_the_log_tells_a_change_of_state_once(fault: Any, caplog: pytest.LogCaptureFixture) -> None:
    issuer = LocalIssuer(clock=(clock := FakeClock(NOW)))
    api = asking(issuer)
    issuer.break_answers("introspection", fault)
    for _ in range(3):
        with pytest.raises(IssuerUnavailable):
            await api.authenticate(issuer.mint(opaque=True))
        clock.advance(120)
    issuer.come_back()
    for _ in range(3):
        await api.authenticate(issuer.mint(opaque=True))

    told = [record.getMessage() for record in caplog.records if record.getMessage().startswith("introspection")]
    assert ["fails" in text for text in told] == [True, False]
    assert "answers again" in told[1]


async def test_while_it_backs_off_the_endpoint_is_not_asked() -> None:
    issuer = LocalIssuer(clock=(clock := FakeClock(NOW)))
    api = asking(issuer)
    issuer.go_down("introspection")
    for _ in range(5):
        with pytest.raises(IssuerUnavailable):
            await api.authenticate(issuer.mint(opaque=True))
    assert issuer.requests["introspection"] == 1
    issuer.come_back()

    clock.advance(1.2)

    assert await api.authenticate(issuer.mint(opaque=True))


async def test_an_answer_ends_the_waiting_and_the_next_failure_is_the_first_again() -> None:
    api, endpoint = scripted(httpx.Response(500), clock := FakeClock(NOW))
    for _ in range(4):
        with pytest.raises(IssuerUnavailable):
            await api.authenticate("a")
        clock.advance(60.0)
    endpoint.answer = GOOD
    await api.authenticate("b")
    endpoint.answer = httpx.Response(500)
    with pytest.raises(IssuerUnavailable) as caught:
        await api.authenticate("c")
    asked = len(endpoint.requests)

    clock.advance(1.3)
    with pytest.raises(IssuerUnavailable):
        await api.authenticate("d")

    assert caught.value.retry_after <= 2
    assert len(endpoint.requests) == asked + 1


@pytest.mark.parametrize("status", [400, 500])
async def test_the_operator_is_told_what_failed(status: int) -> None:
    api, _ = scripted(httpx.Response(status))
    with pytest.raises(IssuerUnavailable) as caught:
        await api.authenticate(OPAQUE)

    assert caught.value.last_error == f"status {status}"
    assert caught.value.last_error in caught.value.operator_text
    assert URL in caught.value.operator_text


@pytest.mark.parametrize("answer", [{"active": False}, {**GOOD, "aud": "api://billing"}])
async def test_what_the_endpoint_said_is_no_claim_of_the_callers(answer: dict[str, Any]) -> None:
    api, _ = scripted(answer)
    with pytest.raises(AccessTokenError) as caught:
        await api.authenticate(OPAQUE)

    assert caught.value.verified


async def test_a_token_that_the_endpoint_rejects_does_not_stop_the_others() -> None:
    """RFC 7662 knows no such answer: with 400 some servers answer to a token that they cannot read."""
    api, endpoint = scripted(httpx.Response(400))
    with pytest.raises(IssuerUnavailable):
        await api.authenticate("odd")

    endpoint.answer = GOOD

    assert await api.authenticate(OPAQUE)


@pytest.mark.parametrize(
    "answer",
    [
        {"active": False},
        {**GOOD, "aud": OPAQUE},
        {**GOOD, "aud": "api://billing", "sub": OPAQUE, "client_id": OPAQUE},
        httpx.Response(500, text=OPAQUE),
        httpx.ConnectError(f"POST token={OPAQUE} reader-secret"),
        RuntimeError(OPAQUE),
    ],
)
async def test_neither_token_nor_secret_is_ever_logged(answer: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    def answered(_request: httpx.Request) -> Any:
        if isinstance(answer, Exception):
            raise answer
        return answer

    api, _ = scripted(answered)
    with pytest.raises((AccessTokenError, IssuerUnavailable)) as caught:
        await api.authenticate(OPAQUE)
    api.report(caught.value)

    assert caplog.records
    told = caplog.text + repr(caught.value) + repr(caught.value.caller) + repr(api.connection)
    assert OPAQUE not in told
    assert "reader-secret" not in told

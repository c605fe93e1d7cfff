"""ClientCredentials as its users hold it."""

import copy
import logging
import traceback
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from bearerguard import ClientCredentials, ConfigurationError, TokenRequestError
from bearerguard.testing import FakeClock
from support.token_endpoint_stub import API, ENDPOINT, StubApi, StubEndpoint, refusal

SECRET = "hunter2/+%"
KEY = ec.generate_private_key(ec.SECP256R1())
PEM = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def credentials(endpoint: StubEndpoint, **settings: Any) -> ClientCredentials:
    return ClientCredentials(
        **{
            "token_endpoint": ENDPOINT,
            "client_id": "billing",
            "client_secret": SECRET,
            "transport": endpoint.transport,
            **settings,
        }
    )


def get(auth: ClientCredentials, api: StubApi, url: str = API, **request: Any) -> httpx.Response:
    with httpx.Client(transport=api.transport, auth=auth) as client:
        return client.get(url, **request)


# --- the token on a request


def test_a_request_carries_the_token() -> None:
    """RFC 6750 §2.1."""
    api, endpoint = StubApi(), StubEndpoint()
    response = get(credentials(endpoint), api)
    assert response.request.headers["Authorization"] == "Bearer token-1"


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
async def test_clients_of_both_kinds_share_one_token() -> None:
    api, endpoint = StubApi(), StubEndpoint()
    auth = credentials(endpoint)
    async with httpx.AsyncClient(transport=api.transport, auth=auth) as client:
        await client.get(API)
    get(auth, api)
    assert api.tokens == ["token-1", "token-1"]
    assert len(endpoint.requests) == 1


@pytest.mark.anyio
async def test_other_http_libraries_ask_for_the_token_itself() -> None:
    endpoint = StubEndpoint()
    auth = credentials(endpoint)
    assert await auth.token() == auth.token_sync() == "token-1"
    assert auth.drop("token-1")
    assert await auth.token() == "token-2"


def test_the_users_client_is_left_as_it_was() -> None:
    """The auth object changes requests, never the client that sends them."""
    api, endpoint = StubApi(), StubEndpoint()
    endpoint.script = [httpx.Response(200, headers={"Set-Cookie": "a=b"}, json={"access_token": "x", "token_type": "bearer"})]
    auth = credentials(endpoint)
    with httpx.Client(transport=api.transport, auth=auth, headers={"X-Own": "1"}) as client:
        before = (copy.copy(client.headers), dict(client.cookies), client.auth, client.timeout, client.base_url)
        client.get(API)
        assert (client.headers, dict(client.cookies), client.auth, client.timeout, client.base_url) == before
        assert "Authorization" not in client.headers


def test_nothing_is_asked_for_before_the_first_request() -> None:
    endpoint = StubEndpoint()
    credentials(endpoint)
    assert endpoint.requests == []


# --- what an API answers


def test_a_revoked_token_is_replaced_and_the_request_repeated() -> None:
    api, endpoint = StubApi(), StubEndpoint()
    auth = credentials(endpoint)
    for number in range(3):
        assert get(auth, api).status_code == 200
        api.revoked.add(f"token-{number + 1}")
    assert get(auth, api).status_code == 200
    assert len(endpoint.requests) == 4


def test_a_token_that_is_refused_again_is_the_callers_to_see() -> None:
    """Once, not for ever."""
    api, endpoint = StubApi(), StubEndpoint()
    api.revoked = {"token-1", "token-2"}
    assert get(credentials(endpoint), api).status_code == 401
    assert api.tokens == ["token-1", "token-2"]


@pytest.mark.parametrize("challenge", ["Bearer", 'Bearer realm="orders"', None], ids=repr)
def test_a_bare_401_drops_the_token_once_and_asks_again(challenge: str | None) -> None:
    """A revoked token, where the API says no more than 401."""
    api, endpoint = StubApi(), StubEndpoint()
    api.revoked, api.challenge = {"token-1"}, challenge
    auth = credentials(endpoint)
    assert get(auth, api).status_code == 200
    assert api.tokens == ["token-1", "token-2"]


def test_an_api_that_answers_every_token_with_a_bare_401_is_no_storm_on_the_endpoint() -> None:
    """A wrong audience, say: ten tokens at first, then one in ten seconds."""
    clock, api, endpoint = FakeClock(), StubApi(), StubEndpoint()
    api.revoked, api.challenge = {f"token-{number}" for number in range(1000)}, None
    auth = credentials(endpoint, clock=clock)
    for _ in range(200):
        assert get(auth, api).status_code == 401
    assert len(endpoint.requests) == 11
    clock.advance(100)
    for _ in range(200):
        assert get(auth, api).status_code == 401
    assert len(endpoint.requests) == 21


def test_a_bare_401_of_an_origin_that_the_token_is_not_meant_for_changes_nothing() -> None:
    api, endpoint = StubApi(), StubEndpoint()
    api.revoked, api.challenge = {"token-1"}, None
    auth = credentials(endpoint, origins=[API])
    with pytest.raises(ConfigurationError):
        get(auth, api, "https://stock.example")
    assert endpoint.requests == []


@pytest.mark.parametrize("challenge", ['Bearer error="insufficient_scope"', 'Basic realm="x"', 'DPoP algs="ES256"'], ids=repr)
def test_another_401_is_the_callers_to_see(challenge: str) -> None:
    api, endpoint = StubApi(), StubEndpoint()
    api.revoked, api.challenge = {"token-1"}, challenge
    auth = credentials(endpoint)
    assert get(auth, api).status_code == 401
    assert auth.token_sync() == "token-1"


@pytest.mark.parametrize("status", [200, 400, 403, 503])
def test_a_challenge_under_another_status_changes_nothing(status: int) -> None:
    endpoint = StubEndpoint()
    auth = credentials(endpoint)
    headers = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
    with httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(status, headers=headers)), auth=auth) as client:
        assert client.get(API).status_code == status
    assert len(endpoint.requests) == 1


def test_a_claims_challenge_is_passed_on_to_the_endpoint_and_the_request_repeated() -> None:
    """Continuous Access Evaluation:
    learn.microsoft.com/entra/identity-platform/claims-challenge."""
    api, endpoint = StubApi(), StubEndpoint()
    api.revoked = {"token-1"}
    api.challenge = 'Bearer realm="", authorization_uri="https://x.example", error="insufficient_claims", claims="eyJhIjp7fX0="'
    assert get(credentials(endpoint), api).status_code == 200
    assert endpoint.form()["claims"] == ['{"a":{}}']
    assert "claims" not in endpoint.form(0)


def test_an_endpoint_that_is_down_when_a_token_is_revoked_is_told() -> None:
    api, endpoint = StubApi(), StubEndpoint()
    auth = credentials(endpoint)
    get(auth, api)
    api.revoked.add("token-1")
    endpoint.script = [refusal("invalid_client", status=401)]
    with pytest.raises(TokenRequestError):
        get(auth, api)


# --- what the endpoint answers


def failing(step: Callable[[httpx.Request], httpx.Response] | httpx.Response | Exception) -> tuple[TokenRequestError, int]:
    endpoint = StubEndpoint()
    endpoint.script = [step] * 2
    auth = credentials(endpoint, clock=FakeClock())
    failures = []
    for _ in range(20):
        with pytest.raises(TokenRequestError) as raised:
            get(auth, StubApi())
        failures.append(raised.value)
    assert len({str(failure) for failure in failures}) == 1
    return failures[0], len(endpoint.requests)


@pytest.mark.parametrize(
    ("step", "error"),
    [
        (httpx.ConnectError("refused"), "token_endpoint_unreachable"),
        (httpx.ReadTimeout("slow"), "token_endpoint_timeout"),
        (httpx.Response(200, html="<html>Sign in</html>"), "invalid_token_response"),
        (httpx.Response(502, html="<html>Bad gateway</html>"), "token_endpoint_failed"),
        (httpx.Response(429, headers={"Retry-After": "30"}), "token_endpoint_failed"),
        (httpx.Response(302, headers={"Location": "https://evil.example"}), "token_endpoint_failed"),
        (httpx.Response(200, json={"access_token": "x", "token_type": "Bearer", "expires_in": 0}), "invalid_token_response"),
        (httpx.Response(200, json={"access_token": "x", "token_type": "Bearer", "expires_in": -1}), "invalid_token_response"),
        (httpx.Response(200, json={"access_token": "x", "token_type": "Bearer", "expires_in": "soon"}), "invalid_token_response"),
        (refusal("invalid_client", status=401), "invalid_client"),
        (refusal("invalid_scope"), "invalid_scope"),
    ],
    ids=["down", "slow", "html", "gateway", "429", "redirect", "expires-at-once", "negative", "text", "client", "scope"],
)
@pytest.mark.usefixtures("one_try")
def test_every_way_to_fail_is_one_clear_error_and_one_request(step: Any, error: str) -> None:
    """However often callers ask, the endpoint is asked once."""
    failure, requests = failing(step)
    assert failure.error == error
    assert requests == 1


def test_a_failure_under_429_says_when_the_endpoint_is_asked_again() -> None:
    failure, _ = failing(httpx.Response(429, headers={"Retry-After": "30"}))
    assert (failure.status, failure.retry_after, failure.temporary) == (429, 30, True)


def test_a_wrong_secret_is_asked_about_a_few_times_an_hour_and_healed_without_a_restart() -> None:
    """No retry loop on invalid_client; but somebody may mend the registration at any moment."""
    clock, endpoint = FakeClock(), StubEndpoint()
    endpoint.script = [refusal("invalid_client", status=401)] * 1000
    auth = credentials(endpoint, clock=clock)
    for _ in range(3600):
        with pytest.raises(TokenRequestError):
            auth.token_sync()
        clock.advance(1)
    assert len(endpoint.requests) <= 18
    endpoint.script = []
    clock.advance(300)
    assert auth.token_sync() == "token-1"


def test_a_page_that_is_not_a_token_response_is_asked_for_again_soon() -> None:
    """A failure kept for a minute would outlast the rollout that caused it."""
    clock, endpoint = FakeClock(), StubEndpoint()
    endpoint.script = [httpx.Response(404, html="<html>Not found</html>")]
    auth = credentials(endpoint, clock=clock)
    with pytest.raises(TokenRequestError):
        auth.token_sync()
    clock.advance(1.3)
    assert auth.token_sync() == "token-1"


def test_an_unknown_member_and_a_type_in_lower_case_do_no_harm() -> None:
    """RFC 6749 §5.1."""
    endpoint = StubEndpoint()
    endpoint.script = [
        httpx.Response(200, json={"token_type": "bearer", "access_token": "x", "ext_expires_in": 3599, "scope": "a"})
    ]
    assert credentials(endpoint).token_sync() == "x"


# --- settings


def test_plain_http_needs_a_loopback_address_and_a_word() -> None:
    endpoint, api = StubEndpoint(), StubApi()
    with pytest.raises(ConfigurationError):
        credentials(endpoint, token_endpoint="http://127.0.0.1:9000/token")
    with pytest.raises(ConfigurationError):
        get(credentials(endpoint), api, "http://127.0.0.1:8000")
    with pytest.raises(ConfigurationError):
        get(credentials(endpoint, insecure_allow_http=True), api, "http://orders.example")
    assert get(credentials(endpoint, insecure_allow_http=True), api, "http://127.0.0.1:8000").status_code == 200
    assert len(api.tokens) == 1


def test_a_second_origin_needs_to_be_named() -> None:
    """Nothing is sent there, not even without the token."""
    api, endpoint = StubApi(), StubEndpoint()
    auth = credentials(endpoint)
    get(auth, api)
    with pytest.raises(ConfigurationError) as raised:
        get(auth, api, "https://stock.example/")
    assert raised.value.parameter == "origins"
    assert len(api.tokens) == 1
    named = credentials(endpoint, origins=[API, "https://stock.example"])
    assert get(named, api, "https://stock.example/").status_code == 200


@pytest.mark.parametrize(
    "url", ["https://ORDERS.example:443/", "https://orders.example/%2e%2e/x", "https://user:pw@orders.example"]
)
def test_an_origin_is_recognized_however_it_is_written(url: str) -> None:
    api, endpoint = StubApi(), StubEndpoint()
    assert get(credentials(endpoint, origins=[API]), api, url).status_code == 200


@pytest.mark.parametrize(
    "url", ["https://orders.example@evil.example/", "https://orders.example.evil.example", "https://orders.example:8443"]
)
def test_an_origin_is_not_mistaken_for_another_one(url: str) -> None:
    api, endpoint = StubApi(), StubEndpoint()
    with pytest.raises(ConfigurationError):
        get(credentials(endpoint, origins=[API]), api, url)
    assert (api.tokens, endpoint.requests) == ([], [])


@pytest.mark.parametrize(
    ("wrong", "parameter"),
    [
        ({"timeout": 0}, "timeout"),
        ({"timeout": 61}, "timeout"),
        ({"timeout": True}, "timeout"),
        ({"timeout": float("nan")}, "timeout"),
        ({"timeout": "5"}, "timeout"),
        ({"replay_limit": -1}, "replay_limit"),
        ({"replay_limit": None}, "replay_limit"),
        ({"origins": "https://orders.example"}, "origins"),
        ({"client_secret": None}, "client_secret"),
    ],
    ids=str,
)
def test_a_wrong_setting_names_its_parameter(wrong: dict[str, Any], parameter: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        credentials(StubEndpoint(), **wrong)
    assert raised.value.parameter == parameter


# --- secrets stay secret


@pytest.mark.parametrize("client_auth", ["basic", "post"])
def test_neither_secret_nor_token_is_in_a_log_a_repr_or_a_traceback(client_auth: str, caplog: pytest.LogCaptureFixture) -> None:
    """At the most talkative level, through a success, a refused token and a failure that repeats
    what it was sent."""

    def echo(request: httpx.Request) -> httpx.Response:
        told = f"{request.headers} {request.content!r} {request.headers.get('Authorization')}"
        return refusal("invalid_client", told, status=401, trace_id=told)

    api, endpoint, clock = StubApi(), StubEndpoint(), FakeClock()
    endpoint.script = [lambda _: httpx.Response(200, json={"access_token": "s3cret-token", "token_type": "Bearer"}), echo]
    auth = credentials(endpoint, client_auth=client_auth, clock=clock)
    with caplog.at_level(logging.DEBUG):
        get(auth, api)
        api.revoked.add("s3cret-token")
        with pytest.raises(TokenRequestError) as raised:
            get(auth, api)
    shown = [caplog.text, repr(auth), repr(raised.value), repr(vars(raised.value)), repr(vars(auth))]
    shown.append("".join(traceback.TracebackException.from_exception(raised.value, capture_locals=True).format()))
    secrets = [SECRET, "hunter2", "s3cret-token", endpoint.requests[0].headers.get("Authorization", "s3cret-token").split()[-1]]
    assert not [secret for secret in secrets for text in shown if secret in text]


def test_the_query_of_an_endpoint_is_not_shown() -> None:
    assert "k3y" not in repr(credentials(StubEndpoint(), token_endpoint=f"{ENDPOINT}?code=k3y"))

"""Tokens that a real authorization server issued, and what the API answers, under each server and for each algorithm."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Final

import pytest

from bearerguard import oidc
from bearerguard.testing import FakeClock
from issuers.oidc_provider import Caller, Launcher, with_signature_bit_flipped
from issuers.orders_api import ALL_TOKENS, AUTH0, ENTRA_V1, ENTRA_V2, PLAIN, Setting, Tokens, running, running_api
from support.certificates import Certificates
from support.servers import SERVERS, Server

pytestmark = [pytest.mark.issuers, pytest.mark.socket]

ALGORITHMS: Final = ("RS256", "PS256", "ES256", "EdDSA")


@dataclass(frozen=True, slots=True)
class Case:
    caller: Caller | None
    method: str
    status: int
    code: str | None = None

    def __str__(self) -> str:
        return f"{self.caller or 'nobody'}-{self.method}-{self.status}"


CASES: Final = (
    Case("reader", "GET", 200),
    Case("reader", "POST", 403, "missing_role"),
    Case("writer", "GET", 200),
    Case("writer", "POST", 201),
    Case("noroles", "GET", 403, "missing_role"),
    Case("noroles", "POST", 403, "missing_role"),
    Case(None, "GET", 401, "missing_token"),
    Case(None, "DELETE", 401, "missing_token"),
)


def _name(setting: tuple[Tokens, str, Server]) -> str:
    tokens, algorithm, server = setting
    return f"{tokens.name}-{algorithm}-{server}"


@pytest.fixture(
    scope="module",
    params=[
        *product(ALL_TOKENS, ALGORITHMS, ["uvicorn"]),
        *product([PLAIN, ENTRA_V2], ["RS256"], [server for server in SERVERS if server != "uvicorn"]),
    ],
    ids=_name,
)
def setting(request: pytest.FixtureRequest, launcher: Launcher, certificates: Certificates) -> Iterator[Setting]:
    tokens, algorithm, server = request.param
    with running(tokens, algorithm, launcher, certificates, under=server) as running_setting:
        yield running_setting


@pytest.mark.parametrize("case", CASES, ids=str)
def test_each_caller_gets_what_its_roles_permit(setting: Setting, case: Case) -> None:
    token = setting.server.token(case.caller, path=setting.tokens.path) if case.caller else None
    answer = setting.call(case.method, token)
    assert answer.status_code == case.status
    assert answer.json().get("code") == case.code
    assert ("WWW-Authenticate" in answer.headers) == (case.status >= 400)


def test_the_endpoint_knows_the_calling_application(setting: Setting) -> None:
    token = setting.server.token("reader", path=setting.tokens.path)
    assert setting.call("GET", token).json()["client"] == "reader"


def test_a_flipped_bit_of_the_signature_is_refused(setting: Setting) -> None:
    token = setting.server.token("reader", path=setting.tokens.path)
    answer = setting.call("GET", with_signature_bit_flipped(token))
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_signature")


def test_a_token_for_another_api_is_refused(setting: Setting) -> None:
    """RFC 9068 §4: ``aud`` must name this API; the issuer serves both."""
    token = setting.server.token("reader", path=setting.tokens.path, resource="api://billing")
    answer = setting.call("GET", token)
    assert (answer.status_code, answer.json()["code"]) == (401, "wrong_audience")


@pytest.mark.parametrize("tokens", ALL_TOKENS, ids=lambda tokens: tokens.name)
def test_an_expired_token_is_refused(tokens: Tokens, launcher: Launcher, certificates: Certificates) -> None:
    clock = FakeClock(now=4_000_000_000)  # 2096, long after any token of this run
    with (
        launcher.start(shape=tokens.shape, certificates=certificates if tokens.secure else None) as server,
        running_api(tokens, server, certificates, clock=clock) as setting,
    ):
        answer = setting.call("GET", server.token("reader", path=tokens.path))
    assert (answer.status_code, answer.json()["code"]) == (401, "token_expired")


def test_a_token_of_another_issuer_is_refused_and_fetches_nothing(launcher: Launcher, certificates: Certificates) -> None:
    """RFC 8725 §3.8: an unknown ``iss`` causes no network call."""
    with running(PLAIN, "RS256", launcher, certificates) as setting, launcher.start() as stranger:
        before = setting.server.requests()
        answer = setting.call("GET", stranger.token("writer"))
        assert setting.server.requests() == before
        assert "/jwks" not in stranger.requests()
    assert (answer.status_code, answer.json()["code"]) == (401, "unknown_issuer")


def test_one_entra_configuration_takes_v1_and_v2_tokens(launcher: Launcher, certificates: Certificates) -> None:
    """The version depends on the API's registration, not on the endpoint that the client asked."""
    with running(ENTRA_V2, "RS256", launcher, certificates) as setting:
        answers = [setting.call("GET", setting.server.token("reader", path=tokens.path)) for tokens in (ENTRA_V1, ENTRA_V2)]
    assert [answer.status_code for answer in answers] == [200, 200]


def test_many_requests_cost_one_fetch_of_the_keys(launcher: Launcher, certificates: Certificates) -> None:
    with running(AUTH0, "ES256", launcher, certificates) as setting:
        answers = [setting.call("GET", setting.server.token("reader")) for _ in range(5)]
        assert setting.server.requests()["/jwks"] == 1
    assert [answer.status_code for answer in answers] == [200] * 5


def test_rfc_8414_metadata_alone_is_enough(launcher: Launcher, certificates: Certificates) -> None:
    """RFC 8414 §3: the issuer's OpenID configuration is not asked for."""
    trusted = Tokens("rfc8414", "plain", "", lambda server: oidc(server.origin, discovery="oauth", insecure_allow_http=True))
    with launcher.start() as server, running_api(trusted, server, certificates) as setting:
        token = server.token("reader")
        before = server.requests()["/.well-known/openid-configuration"]
        assert setting.call("GET", token).status_code == 200
        assert server.requests()["/.well-known/openid-configuration"] == before

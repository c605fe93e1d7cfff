"""The issuer changes its signing key while the API runs, or goes away."""

from collections.abc import Iterator
from itertools import product

import pytest

from issuers.oidc_provider import Launcher
from issuers.orders_api import ALL_TOKENS, PLAIN, Setting, running, running_api
from support.certificates import Certificates

pytestmark = [pytest.mark.issuers, pytest.mark.socket]


@pytest.fixture(
    params=[*product(ALL_TOKENS, ["RS256"]), *product([PLAIN], ["PS256", "ES256", "EdDSA"])],
    ids=lambda case: f"{case[0].name}-{case[1]}",
)
def setting(request: pytest.FixtureRequest, launcher: Launcher, certificates: Certificates) -> Iterator[Setting]:
    tokens, algorithm = request.param
    with running(tokens, algorithm, launcher, certificates) as running_setting:
        yield running_setting


def test_tokens_of_both_keys_pass_while_the_former_key_is_published(setting: Setting) -> None:
    former = setting.server.token("reader", path=setting.tokens.path)
    assert setting.call("GET", former).status_code == 200
    assert len(setting.server.rotate(keep=True)) == 2
    newer = setting.server.token("reader", path=setting.tokens.path)
    assert setting.call("GET", newer).status_code == 200
    assert setting.call("GET", former).status_code == 200


def test_a_withdrawn_key_takes_its_tokens_with_it(setting: Setting) -> None:
    """Also those that were verified before: a remembered token dies with its key."""
    former = setting.server.token("reader", path=setting.tokens.path)
    assert setting.call("GET", former).status_code == 200
    assert len(setting.server.rotate(keep=False)) == 1
    newer = setting.server.token("reader", path=setting.tokens.path)
    assert setting.call("GET", newer).status_code == 200
    answer = setting.call("GET", former)
    assert (answer.status_code, answer.json()["code"]) == (401, "unknown_key")


def test_a_known_key_serves_on_when_the_issuer_is_gone(launcher: Launcher, certificates: Certificates) -> None:
    with running(PLAIN, "RS256", launcher, certificates) as setting:
        seen, unseen = setting.server.token("reader"), setting.server.token("writer")
        assert setting.call("GET", seen).status_code == 200
        setting.server.stop()
        assert setting.call("GET", seen).status_code == 200
        assert setting.call("POST", unseen).status_code == 201


def test_without_any_key_a_missing_issuer_is_not_the_callers_fault(launcher: Launcher, certificates: Certificates) -> None:
    """503 with ``Retry-After`` and no ``invalid_token``."""
    with launcher.start() as server:
        token = server.token("reader")
        server.stop()
        with running_api(PLAIN, server, certificates) as setting:
            answer = setting.call("GET", token)
    assert (answer.status_code, answer.json()["code"]) == (503, "issuer_unavailable")
    assert int(answer.headers["Retry-After"]) >= 1
    assert "invalid_token" not in answer.headers.get("WWW-Authenticate", "")

"""``private_key_jwt``: RFC 7523 §3 and OpenID Connect Core 1.0 §9."""

from typing import Any, Final

import jwt
import pytest

from bearerguard.testing import FakeClock, LocalClient, LocalIssuer, SigningKey
from bearerguard.testing.assertion_verifier import ASSERTION_TYPE
from support.plain_jwt import FORMS, ask, verified

pytestmark = pytest.mark.anyio
NOW: Final = 1_767_268_800
KEY: Final = SigningKey("ES256", kid="billing-1")
OTHER: Final = SigningKey("ES256", kid="billing-2")
BILLING: Final = LocalClient("billing", roles=["Read.All"], public_jwks={"keys": [OTHER.public_jwk(), KEY.public_jwk()]})
GOOD: Final[dict[str, Any]] = {
    "iss": "billing",
    "sub": "billing",
    "aud": "https://issuer.test/token",
    "exp": NOW + 60,
    "jti": "one",
}


def _issuer(**settings: Any) -> LocalIssuer:
    return LocalIssuer(clients=[BILLING, LocalClient("reader", "reader-secret")], clock=FakeClock(now=NOW), **settings)


def _form(assertion: str, **more: str) -> dict[str, str]:
    return {
        "grant_type": "client_credentials",
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": assertion,
        **more,
    }


def _assertion(key: SigningKey = KEY, header: dict[str, Any] | None = None, **claims: Any) -> str:
    payload = {name: value for name, value in {**GOOD, **claims}.items() if value is not None}
    return key.compact(header or {"alg": key.algorithm, "kid": key.kid}, payload)


async def test_a_client_is_known_by_its_signed_assertion() -> None:
    issuer = _issuer()

    answer = await ask(issuer, _form(_assertion()))

    assert verified(issuer, answer.json()["access_token"])["client_id"] == "billing"


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256", "ES384", "EdDSA", "Ed25519"])
async def test_every_asymmetric_algorithm_will_do(algorithm: str) -> None:
    key = SigningKey(algorithm)
    client = LocalClient("billing", public_jwks={"keys": [{**key.public_jwk(), "alg": None}]})
    issuer = LocalIssuer(clients=[client], clock=FakeClock(now=NOW))

    assert (await ask(issuer, _form(_assertion(key)))).status_code == 200


@pytest.mark.parametrize("audience", ["https://issuer.test", ["https://issuer.test/token", "https://other.test"]])
async def test_the_audience_may_be_the_issuer_or_one_of_several(audience: object) -> None:
    """RFC 7523 §3: the token endpoint's URL may be used; RFC 9700 prefers the issuer."""
    assert (await ask(_issuer(), _form(_assertion(aud=audience)))).status_code == 200


async def test_an_assertion_without_kid_is_tried_with_every_key_of_the_client() -> None:
    """msal sends x5t and no kid."""
    assert (await ask(_issuer(), _form(_assertion(header={"alg": "ES256"})))).status_code == 200


async def test_the_body_may_repeat_the_client_id() -> None:
    assert (await ask(_issuer(), _form(_assertion(), client_id="billing"))).status_code == 200


async def test_entra_says_that_the_client_used_a_certificate() -> None:
    """``azpacr`` 2: learn.microsoft.com/entra/identity-platform/access-token-claims-reference."""
    issuer = _issuer(shape="entra_v2")
    form = _form(_assertion(aud=issuer.token_endpoint), **FORMS["entra_v2"])

    answer = await ask(issuer, form)

    assert verified(issuer, answer.json()["access_token"])["azpacr"] == "2"


@pytest.mark.parametrize(
    "assertion",
    [
        pytest.param(_assertion(aud="https://elsewhere.test"), id="another audience"),
        pytest.param(_assertion(aud=None), id="no audience"),
        pytest.param(_assertion(exp=NOW - 120), id="expired"),
        pytest.param(_assertion(exp=None), id="no exp"),
        pytest.param(_assertion(exp="tomorrow"), id="exp that is a string"),
        pytest.param(_assertion(exp=True), id="exp that is a boolean"),
        pytest.param(_assertion(exp=float("nan")), id="exp that is not a number"),
        pytest.param(_assertion(nbf=NOW + 120), id="not valid yet"),
        pytest.param(_assertion(nbf=float("nan")), id="nbf that is not a number"),
        pytest.param(_assertion(nbf="now"), id="nbf that is a string"),
        pytest.param(_assertion(jti=None), id="no jti"),
        pytest.param(_assertion(iss="reader"), id="iss of another client"),
        pytest.param(_assertion(iss="reader", sub="reader"), id="a client without keys"),
        pytest.param(_assertion(sub=["billing"]), id="sub that is a list"),
        pytest.param(_assertion(SigningKey("ES256", kid="billing-1")), id="a key of another owner"),
        pytest.param(_assertion(header={"alg": "ES256", "kid": "unknown"}), id="an unknown kid"),
        pytest.param(_assertion(header={"alg": "HS256", "kid": "billing-1"}), id="HMAC"),
        pytest.param(_assertion(header={"alg": "none", "kid": "billing-1"}), id="no algorithm"),
        pytest.param(_assertion(header={"alg": "RS256", "kid": "billing-1"}), id="an algorithm of another key type"),
        pytest.param(_assertion(header={"alg": ["ES256"], "kid": "billing-1"}), id="a list of algorithms"),
        pytest.param(jwt.encode(GOOD, "secret" * 8, "HS256"), id="a shared secret"),
        pytest.param(_assertion()[:-8], id="a cut signature"),
        pytest.param("x", id="not a JWT"),
        pytest.param("a.b.c", id="three pieces of nothing"),
    ],
)
async def test_a_wrong_assertion_is_refused(assertion: str) -> None:
    """RFC 7523 §3.2: ``invalid_client``."""
    answer = await ask(_issuer(), _form(assertion))

    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


async def test_an_assertion_of_an_unknown_client_is_refused() -> None:
    answer = await ask(_issuer(), _form(_assertion(iss="stranger", sub="stranger")))

    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


@pytest.mark.parametrize(
    "more",
    [{"client_id": "reader"}, {"client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"}],
    ids=["another client id", "another type"],
)
async def test_an_assertion_is_refused_beside_what_contradicts_it(more: dict[str, str]) -> None:
    answer = await ask(_issuer(), {**_form(_assertion()), **more})

    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


async def test_an_assertion_is_good_once() -> None:
    """OpenID Connect Core 1.0 §9: ``jti`` prevents reuse."""
    issuer = _issuer()
    await ask(issuer, _form(_assertion()))

    assert (await ask(issuer, _form(_assertion()))).status_code == 401


async def test_its_id_is_forgotten_once_it_has_expired() -> None:
    clock = FakeClock(now=NOW)
    issuer = LocalIssuer(clients=[BILLING], clock=clock)
    await ask(issuer, _form(_assertion()))
    clock.advance(3_600)

    assert (await ask(issuer, _form(_assertion(exp=NOW + 3_660)))).status_code == 200


async def test_a_refusal_shows_nothing_of_the_assertion() -> None:
    assertion = _assertion(aud="https://elsewhere.test")

    answer = await ask(_issuer(), _form(assertion))

    assert not any(part in answer.text for part in assertion.split("."))


@pytest.mark.parametrize("payload", [b"[" * 100_000, b'{"iss":' + b"9" * 10_000 + b"}"], ids=["deep", "long"])
async def test_an_assertion_that_json_chokes_on_is_refused(payload: bytes) -> None:
    answer = await ask(_issuer(), _form(KEY.compact({"alg": "ES256", "kid": "billing-1"}, payload)))

    assert answer.status_code == 401

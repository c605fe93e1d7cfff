"""Each refusal has words in each vendor's style; each number of Entra has a hint for callers."""

from typing import Any, Final

import pytest

from bearerguard.error_hints import HINTS, hint_for
from bearerguard.testing import FakeClock, LocalClient, LocalIssuer, SigningKey
from bearerguard.testing.assertion_verifier import ASSERTION_TYPE
from bearerguard.testing.token_refusal import RFC6749, Reason
from bearerguard.testing.vendors.entra import REFUSALS as ENTRA
from support.plain_jwt import FORMS, ask

NOW: Final = 1_767_268_800
KEY: Final = SigningKey("RS256", kid="billing-1")
CLIENTS: Final = [LocalClient("billing", public_jwks={"keys": [KEY.public_jwk()]})]
OF_A_TOKEN_REQUEST: Final = [reason for reason in Reason if reason is not Reason.TOKEN_OF_ANOTHER_CLIENT]
SECRET: Final = {"client_id": "reader", "client_secret": "reader-secret"}


def assertion(issuer: LocalIssuer, key: SigningKey = KEY, **claims: Any) -> dict[str, str]:
    good = {"iss": "billing", "sub": "billing", "aud": issuer.token_endpoint, "exp": NOW + 60, "jti": "one"}
    signed = key.compact({"alg": key.algorithm, "kid": key.kid}, {**good, **claims})
    return {"client_assertion_type": ASSERTION_TYPE, "client_assertion": signed, "client_id": "billing"}


@pytest.mark.parametrize("reason", OF_A_TOKEN_REQUEST)
def test_every_reason_has_words_in_the_style_of_the_rfc_and_of_entra(reason: Reason) -> None:
    assert RFC6749.wordings[reason].error
    assert ENTRA.wordings[reason].code


@pytest.mark.parametrize("reason", [reason for reason in OF_A_TOKEN_REQUEST if reason is not Reason.INVALID_GRANT])
def test_every_number_of_entra_that_is_sent_for_client_credentials_has_a_hint(reason: Reason) -> None:
    number = ENTRA.wordings[reason].code

    assert hint_for("", [number]) == next((hint.advice for hint in HINTS if hint.code == number), "none")


@pytest.mark.anyio
@pytest.mark.parametrize("shape", ["entra_v1", "entra_v2"])
@pytest.mark.parametrize(
    ("wrong", "number"),
    [
        pytest.param({"key": SigningKey("RS256", kid="billing-1")}, 700027, id="a key that is not registered"),
        pytest.param({"exp": NOW - 120}, 700024, id="expired"),
        pytest.param({"nbf": NOW + 120}, 700024, id="not valid yet"),
        pytest.param({"aud": "https://elsewhere.test"}, 700023, id="another audience"),
        pytest.param({"iss": "reader"}, 700021, id="an issuer that is not the subject"),
        pytest.param({"iss": "reader", "sub": "reader"}, 700021, id="another client than client_id names"),
        pytest.param({"jti": None}, 50027, id="no jti"),
        pytest.param({"exp": "tomorrow"}, 50027, id="exp that is a string"),
    ],
)
async def test_entra_tells_what_is_wrong_with_an_assertion(shape: str, wrong: dict[str, Any], number: int) -> None:
    """learn.microsoft.com/azure/developer/java/sdk: troubleshooting a service principal."""
    issuer = LocalIssuer(shape=shape, clients=CLIENTS, clock=FakeClock(now=NOW))

    answer = await ask(issuer, {"grant_type": "client_credentials", **FORMS[shape], **assertion(issuer, **wrong)})

    body = answer.json()
    assert (answer.status_code, body["error"], body["error_codes"]) == (401, "invalid_client", [number])


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("form", "number"),
    [
        pytest.param({**SECRET, "grant_type": ["client_credentials", "password"]}, 9000411, id="a repeated parameter"),
        pytest.param({**SECRET, "client_assertion": "x"}, 90023, id="two methods"),
    ],
)
async def test_entra_refuses_a_contradiction_with_a_number(form: dict[str, Any], number: int) -> None:
    """learn.microsoft.com/entra/identity-platform/reference-error-codes: 9000410 is other."""
    answer = await ask(LocalIssuer(shape="entra_v2"), {"grant_type": "client_credentials", **form})

    assert (answer.status_code, answer.json()["error_codes"]) == (400, [number])

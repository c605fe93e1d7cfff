"""How a client proves who it is with a secret: RFC 6749 §2.3.1."""

from base64 import b64encode
from typing import Final

import pytest

from bearerguard.testing import LocalClient, LocalIssuer
from support.plain_jwt import ask

pytestmark = pytest.mark.anyio
GRANT: Final = {"grant_type": "client_credentials"}
AWKWARD: Final = LocalClient(id="billing app:eu", secret="p%ss w+rd:é&=")


def _basic(credentials: bytes) -> dict[str, str]:
    return {"Authorization": f"Basic {b64encode(credentials).decode()}"}


async def test_id_and_secret_are_form_decoded_in_basic() -> None:
    """RFC 6749 §2.3.1: encoded with application/x-www-form-urlencoded before base64."""
    issuer = LocalIssuer(clients=[AWKWARD])

    answer = await ask(issuer, GRANT, headers=_basic(b"billing+app%3Aeu:p%25ss+w%2Brd%3A%C3%A9%26%3D"))

    assert answer.status_code == 200


async def test_a_secret_that_was_not_form_encoded_is_wrong() -> None:
    """The mistake of many clients: a secret with % or + in it."""
    issuer = LocalIssuer(clients=[LocalClient("billing", "a+b")])

    answer = await ask(issuer, GRANT, headers=_basic(b"billing:a+b"))

    assert answer.status_code == 401


async def test_id_and_secret_may_stand_in_the_body() -> None:
    issuer = LocalIssuer(clients=[AWKWARD])

    answer = await ask(issuer, {**GRANT, "client_id": AWKWARD.id, "client_secret": AWKWARD.secret or ""})

    assert answer.status_code == 200


@pytest.mark.parametrize("scheme", ["Basic", "basic", "BASIC"])
async def test_the_scheme_is_matched_in_any_case(scheme: str) -> None:
    """RFC 9110 §11.1."""
    encoded = b64encode(b"reader:reader-secret").decode()

    answer = await ask(LocalIssuer(), GRANT, headers={"Authorization": f"{scheme} {encoded}"})

    assert answer.status_code == 200


async def test_the_body_may_repeat_the_client_id_of_basic() -> None:
    answer = await ask(LocalIssuer(), {**GRANT, "client_id": "reader"}, headers=_basic(b"reader:reader-secret"))

    assert answer.status_code == 200


@pytest.mark.parametrize(
    "form",
    [{"client_id": "writer"}, {"client_secret": "reader-secret"}, {"client_assertion": "x"}],
    ids=["another client id", "a secret in the body too", "an assertion too"],
)
async def test_two_methods_in_one_request_are_refused(form: dict[str, str]) -> None:
    """RFC 6749 §2.3: not more than one method in each request."""
    answer = await ask(LocalIssuer(), {**GRANT, **form}, headers=_basic(b"reader:reader-secret"))

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize(
    "authorization",
    [
        pytest.param("Basic", id="no credentials"),
        pytest.param("Basic !!!", id="no base64"),
        pytest.param("Basic cmVhZGVy", id="no colon"),
        pytest.param("Basic /////w==", id="no UTF-8"),
        pytest.param("Bearer cmVhZGVyOnJlYWRlci1zZWNyZXQ=", id="another scheme"),
    ],
)
async def test_credentials_that_cannot_be_read_are_no_credentials(authorization: str) -> None:
    answer = await ask(LocalIssuer(), GRANT, headers={"Authorization": authorization})

    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


@pytest.mark.parametrize("credentials", [b"keyholder:", b"keyholder:None"])
async def test_a_client_without_a_secret_is_not_let_in_by_an_empty_one(credentials: bytes) -> None:
    issuer = LocalIssuer(clients=[LocalClient("keyholder")])

    answer = await ask(issuer, GRANT, headers=_basic(credentials))

    assert answer.status_code == 401

"""Whatever a client sends, the token endpoint answers: it never fails."""

import string
from typing import Any, Final

import anyio
import httpx
from hypothesis import given, settings
from hypothesis import strategies as st

from bearerguard.testing import FakeClock, LocalClient, LocalIssuer, SigningKey
from bearerguard.testing.assertion_verifier import ASSERTION_TYPE
from bearerguard.testing.shapes import SHAPES
from support.plain_jwt import FORMS, ask, http

KEY: Final = SigningKey("ES256")
CLIENTS: Final = [LocalClient("reader", "reader-secret"), LocalClient("billing", public_jwks={"keys": [KEY.public_jwk()]})]
ISSUERS: Final = {shape: LocalIssuer(shape=shape, clients=CLIENTS, clock=FakeClock()) for shape in SHAPES}
VALUES: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
OURS: Final = st.just("billing")
CLAIMS: Final = st.fixed_dictionaries(
    {"iss": OURS | VALUES, "sub": OURS | VALUES},
    optional=dict.fromkeys(("aud", "exp", "nbf", "iat", "jti"), VALUES),
)
HEADERS: Final = st.fixed_dictionaries(
    {"alg": st.sampled_from(["ES256", "RS256", "none"]) | VALUES}, optional=dict.fromkeys(("kid", "typ", "crit", "b64"), VALUES)
)


def _answer(shape: str, **request: Any) -> httpx.Response:
    async def post() -> httpx.Response:
        issuer = ISSUERS[shape]
        async with http(issuer) as client:
            return await client.post(issuer.token_endpoint, **request)

    return anyio.run(post)


@settings(max_examples=200)
@given(
    shape=st.sampled_from(list(SHAPES)),
    body=st.binary(max_size=200),
    authorization=st.binary(max_size=50).filter(lambda value: b"\n" not in value),
)
def test_any_body_and_any_header_get_an_error(shape: str, body: bytes, authorization: bytes) -> None:
    media_type = b"application/x-www-form-urlencoded"

    answer = _answer(shape, content=body, headers={b"Content-Type": media_type, b"Authorization": authorization})

    assert answer.status_code in {400, 401, 403}
    assert answer.json()["error"]


@settings(max_examples=200)
@given(
    shape=st.sampled_from(list(SHAPES)),
    form=st.dictionaries(st.sampled_from(["grant_type", "scope", "audience", "resource", "client_id"]), st.text(), max_size=4),
    secret=st.text(alphabet=string.printable) | st.text(),
)
def test_any_parameters_get_an_error(shape: str, form: dict[str, str], secret: str) -> None:
    values = {**FORMS[shape], "grant_type": "client_credentials", "client_id": "reader", **form, "client_secret": f"-{secret}"}

    answer = _answer(shape, data={name: value.encode("utf-8", "replace") for name, value in values.items()})

    assert answer.status_code in {400, 401, 403}


@given(header=HEADERS, claims=CLAIMS | st.binary(max_size=40))
def test_any_assertion_gets_an_error(header: dict[str, Any], claims: dict[str, Any] | bytes) -> None:
    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": KEY.compact(header, claims),
    }

    answer = anyio.run(ask, ISSUERS["generic"], form)

    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")

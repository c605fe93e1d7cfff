"""The local issuer as its users meet it: mint, rotate, run."""

import json
from base64 import urlsafe_b64decode
from typing import Any

import httpx
import jwt
import pytest

from bearerguard import errors
from bearerguard.testing import FakeClock, LocalClient, LocalIssuer, SigningKey
from support.plain_jwt import ask, get, minted, verified
from support.servers import serve


def test_the_roles_of_the_client_are_the_default() -> None:
    assert minted(LocalIssuer(), "writer")["roles"] == ["Read.All", "Write.All"]


def test_roles_scopes_and_audience_are_the_users_choice() -> None:
    issuer = LocalIssuer()

    claims = minted(issuer, "reader", roles=["Admin"], scopes=["a", "b"], audience="api://billing")

    assert (claims["roles"], claims["scope"], claims["aud"]) == (["Admin"], "a b", "api://billing")


def test_an_empty_audience_is_not_the_default_one() -> None:
    """A test of an API that asks for such a token must not be given a good one."""
    assert minted(LocalIssuer(), audience="")["aud"] == ""


def test_the_first_client_is_the_default() -> None:
    issuer = LocalIssuer(clients=[LocalClient("billing"), LocalClient("shipping")])

    assert minted(issuer)["client_id"] == "billing"


def test_an_unregistered_client_has_no_roles() -> None:
    claims = minted(LocalIssuer(), "stranger")

    assert claims["client_id"] == "stranger"
    assert "roles" not in claims


def test_a_client_may_have_claims_of_its_own() -> None:
    issuer = LocalIssuer(clients=[LocalClient("a", claims={"https://shop.test/roles": ["Read.All"]})])

    assert minted(issuer, "a")["https://shop.test/roles"] == ["Read.All"]


def test_times_come_from_the_clock() -> None:
    clock = FakeClock(now=1_000_000.9)
    issuer = LocalIssuer(clock=clock, lifetime=300)
    clock.advance(10)

    claims = minted(issuer)

    assert (claims["iat"], claims["exp"]) == (1_000_010, 1_000_310)


def test_a_negative_lifetime_makes_an_expired_token() -> None:
    claims = minted(LocalIssuer(clock=FakeClock(now=1_000_000)), lifetime=-600)

    assert claims["exp"] == 999_400


def test_the_same_clock_gives_the_same_claims() -> None:
    first, second = (LocalIssuer(clock=FakeClock()) for _ in range(2))

    assert verified(first, first.mint()) == verified(second, second.mint())


def test_each_token_has_an_id_of_its_own() -> None:
    issuer = LocalIssuer(clock=FakeClock())

    assert minted(issuer)["jti"] != minted(issuer)["jti"]


@pytest.mark.parametrize(
    ("overrides", "name", "expected"),
    [({"iss": "https://other.test"}, "iss", "https://other.test"), ({"aud": None}, "aud", None), ({"cnf": {}}, "cnf", {})],
    ids=["replaced", "removed", "added"],
)
def test_claims_are_replaced_added_and_removed(overrides: dict[str, Any], name: str, expected: object) -> None:
    assert minted(LocalIssuer(), claims=overrides).get(name) == expected


def test_header_members_are_replaced_added_and_removed() -> None:
    header = jwt.get_unverified_header(LocalIssuer().mint(header={"typ": None, "nonce": "n", "kid": "k"}))

    assert header == {"alg": "RS256", "nonce": "n", "kid": "k"}


@pytest.mark.parametrize("algorithm", ["RS256", "PS384", "ES256", "ES384", "ES512", "EdDSA"])
def test_tokens_are_signed_with_the_algorithm_asked_for(algorithm: str) -> None:
    issuer = LocalIssuer(algorithm=algorithm)
    token = issuer.mint()

    assert jwt.get_unverified_header(token)["alg"] == algorithm
    assert verified(issuer, token)["client_id"] == "reader"


def test_one_token_may_use_another_algorithm_of_the_same_key() -> None:
    """RFC 7518 §3: an RSA key serves RS256 and PS256; Entra's keys have no ``alg``."""
    issuer = LocalIssuer(shape="entra_v2")

    assert minted(issuer, algorithm="PS256")["azp"] == "reader"


def test_a_key_cannot_be_made_to_use_an_algorithm_of_another_type() -> None:
    with pytest.raises(ValueError, match="cannot sign"):
        LocalIssuer().mint(algorithm="ES256")


def test_a_token_may_be_signed_with_a_key_that_was_never_published() -> None:
    issuer, forger = LocalIssuer(), SigningKey()
    token = issuer.mint(key=forger, header={"kid": issuer.signing_key.kid})

    with pytest.raises(jwt.InvalidSignatureError):
        verified(issuer, token)


def test_anything_can_be_signed() -> None:
    issuer = LocalIssuer()

    token = issuer.sign(b'{"alg":"RS256","alg":"RS256"}', b"\xff\xfe")

    header, payload, _ = token.split(".")
    assert urlsafe_b64decode(header + "==") == b'{"alg":"RS256","alg":"RS256"}'
    assert urlsafe_b64decode(payload + "==") == b"\xff\xfe"


def test_what_is_signed_unchanged_verifies() -> None:
    issuer = LocalIssuer()
    header = {"alg": "PS256", "kid": issuer.signing_key.kid}

    assert verified(issuer, issuer.sign(header, {"sub": "reader"})) == {"sub": "reader"}


def test_a_header_may_name_an_algorithm_that_no_key_knows() -> None:
    token = LocalIssuer().sign({"alg": "none"}, {"sub": "reader"})

    assert json.loads(urlsafe_b64decode(token.split(".")[0] + "==")) == {"alg": "none"}


def test_a_rotation_signs_with_a_new_key_and_keeps_the_old_one_published() -> None:
    issuer = LocalIssuer()
    before = issuer.mint()

    kid = issuer.rotate_keys()

    assert jwt.get_unverified_header(issuer.mint())["kid"] == kid
    assert verified(issuer, before)["client_id"] == "reader"


def test_a_rotation_may_drop_the_old_keys_at_once() -> None:
    issuer = LocalIssuer()
    issuer.mint()

    kid = issuer.rotate_keys(keep_old=False)

    assert [jwk["kid"] for jwk in issuer.jwks()["keys"]] == [kid]


def test_a_rotation_may_change_the_algorithm() -> None:
    issuer = LocalIssuer()

    issuer.rotate_keys(algorithm="ES256")

    assert minted(issuer)["client_id"] == "reader"
    assert [jwk["alg"] for jwk in issuer.jwks()["keys"]] == ["ES256", "RS256"]


def test_no_rotation_brings_a_key_back() -> None:
    issuer = LocalIssuer()
    kids = [issuer.signing_key.kid, *(issuer.rotate_keys(keep_old=False) for _ in range(4))]

    assert len(set(kids)) == 5


def test_a_withdrawn_key_is_published_no_more() -> None:
    issuer = LocalIssuer()
    old = issuer.signing_key.kid
    new = issuer.rotate_keys()

    issuer.withdraw(old)

    assert [jwk["kid"] for jwk in issuer.jwks()["keys"]] == [new]


def test_a_key_that_is_not_published_cannot_be_withdrawn() -> None:
    with pytest.raises(ValueError, match="no published key"):
        LocalIssuer().withdraw("unknown")


@pytest.mark.parametrize(
    ("settings", "parameter"),
    [
        ({"audience": ""}, "audience"),
        ({"audience": []}, "audience"),
        ({"lifetime": 0}, "lifetime"),
        ({"lifetime": 1.5}, "lifetime"),
        ({"base_url": "issuer.test"}, "base_url"),
        ({"base_url": "https://issuer.test?x=1"}, "base_url"),
        ({"algorithm": "HS256"}, "algorithm"),
    ],
    ids=str,
)
def test_a_wrong_setting_is_named(settings: dict[str, Any], parameter: str) -> None:
    with pytest.raises(errors.ConfigurationError) as caught:
        LocalIssuer(**settings)

    assert caught.value.parameter == parameter


@pytest.mark.anyio
async def test_an_issuer_moves_to_the_port_its_server_chose() -> None:
    issuer = LocalIssuer(shape="entra_v2")
    kid = issuer.signing_key.kid

    issuer.move_to("http://127.0.0.1:9000")

    assert issuer.token_endpoint.startswith("http://127.0.0.1:9000/")
    assert (await get(issuer, issuer.jwks_uri)).json()["keys"][0]["kid"] == kid
    assert (await ask(issuer)).status_code == 200


@pytest.mark.socket
@pytest.mark.anyio
async def test_it_runs_under_a_server_on_a_real_socket() -> None:
    issuer = LocalIssuer()
    with serve(issuer) as url:
        issuer.move_to(url)
        async with httpx.AsyncClient(trust_env=False) as client:
            document = (await client.get(issuer.metadata_url)).json()
            keys = (await client.get(document["jwks_uri"])).json()
            form = {"grant_type": "client_credentials"}
            answer = await client.post(document["token_endpoint"], data=form, auth=("reader", "reader-secret"))

    assert document["issuer"] == url
    key = jwt.PyJWK(keys["keys"][0])
    claims = jwt.decode(answer.json()["access_token"], key, algorithms=["RS256"], audience="api://orders", issuer=url)
    assert claims["roles"] == ["Read.All"]

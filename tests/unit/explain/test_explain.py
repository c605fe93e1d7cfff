"""``explain``: every check of a token, by the verifier's own parts."""

import asyncio
import time
from typing import Any

import httpx
import pytest

import bearerguard
from bearerguard import Introspection, ResourceServer, application, client, delegated, explain, role, scope, tenant
from bearerguard._explain.pasted import MAX_PASTED, read_pasted
from bearerguard.error_codes import ALL_CODES
from bearerguard.errors import AccessTokenError
from bearerguard.testing import FakeClock, LocalIssuer, spoil, spoilable
from bearerguard.token.claims import CHECKS

NEVER_OF_A_TOKEN = {
    *("missing_token", "unsupported_scheme", "repeated_authorization", "malformed_path", "not_permitted"),
    *("forbidden_header", "gateway_misconfigured"),
    *("issuer_unavailable", "internal_error", "token_revoked", "revocation_unknown"),
    "inactive_token",  # only the endpoint can tell, and explaining asks nobody
}
REQUIREMENTS = {
    "missing_role": role("Read.All"),
    "missing_scope": scope("orders.read"),
    "client_not_allowed": client("reader"),
    "tenant_not_allowed": tenant("99999999-8888-4777-8666-555555555555"),
    "application_required": application(),
    "user_required": delegated(),
    "requirement_not_met": role("Read.All") | scope("orders.read"),
}


def server_of(issuer: LocalIssuer) -> ResourceServer:
    transport = httpx.ASGITransport(issuer)
    server = ResourceServer([issuer.trusted()], list(issuer.audiences), transport=transport, clock=issuer.clock)
    asyncio.run(server.warm_up())
    return server


def codes_in(explanation: bearerguard.Explanation) -> list[str]:
    return [check.code for check in explanation.failures]


def test_a_good_token_passes_every_check_of_the_table() -> None:
    issuer = LocalIssuer()

    explanation = explain(issuer.mint(), resource_server=server_of(issuer), require=role("Read.All"))

    assert explanation.verdict == "accepted"
    concerning = [check.what for check in CHECKS if check.concerns(issuer.trusted()[0])]
    assert [check.name for check in explanation.checks] == ["text", "iss", *concerning, "signature", "requirement"]


@pytest.mark.parametrize("shape", ["generic", "entra_v1", "entra_v2", "azure_b2c"])
def test_every_code_that_a_token_can_earn_is_explained(shape: str) -> None:
    issuer = LocalIssuer(shape=shape)
    server = server_of(issuer)

    missed = []
    for code in spoilable(issuer):
        explanation = explain(spoil(issuer, code), resource_server=server, require=REQUIREMENTS.get(code))
        if code not in codes_in(explanation) or explanation.verdict != "refused":
            missed.append((code, codes_in(explanation)))

    assert missed == []


def test_the_spoiled_tokens_cover_every_code_that_is_a_matter_of_the_token() -> None:
    shapes = ("generic", "entra_v1", "azure_b2c")
    covered = {code for shape in shapes for code in spoilable(LocalIssuer(shape=shape))}

    assert {code.code for code in ALL_CODES} - covered - NEVER_OF_A_TOKEN == {"malformed_authorization"}


@pytest.mark.parametrize("shape", ["generic", "entra_v2"])
def test_the_first_failure_is_the_one_that_the_verifier_reports(shape: str) -> None:
    issuer = LocalIssuer(shape=shape)
    server = server_of(issuer)

    differing = []
    for code in set(spoilable(issuer)) - set(REQUIREMENTS):
        token = spoil(issuer, code)
        with pytest.raises(AccessTokenError) as refused:
            asyncio.run(server.authenticate(token))
        if codes_in(explain(token, resource_server=server))[:1] != [refused.value.code]:
            differing.append(code)

    assert differing == []


def test_several_faults_are_all_told() -> None:
    issuer = LocalIssuer(clock=FakeClock(now=1_800_000_000))
    token = issuer.mint(audience="api://other", roles=[], claims={"exp": 1_700_000_000, "iat": True})

    explanation = explain(token, resource_server=server_of(issuer), require=role("Read.All"), at=1_800_000_000)

    assert codes_in(explanation) == ["token_expired", "invalid_claim", "wrong_audience", "missing_role"]


def test_the_time_can_be_chosen() -> None:
    issuer = LocalIssuer(clock=FakeClock(now=1_800_000_000))

    assert codes_in(explain(issuer.mint(), at=1_800_000_000)) == []
    assert codes_in(explain(issuer.mint(), at=1_900_000_000)) == ["token_expired"]


def test_without_keys_the_signature_is_not_judged() -> None:
    issuer = LocalIssuer()
    server = ResourceServer([issuer.trusted()], "api://orders", transport=httpx.ASGITransport(issuer))

    explanation = explain(issuer.mint(), resource_server=server)

    assert explanation.verdict == "undecided"
    assert [check.name for check in explanation.checks if check.outcome == "not judged"] == ["signature"]
    assert issuer.requests == {}


def test_implied_roles_count() -> None:
    issuer = LocalIssuer()
    server = ResourceServer([issuer.trusted(jwks=issuer.jwks())], "api://orders", implied_roles={"All": ["Read.All"]})

    token = issuer.mint(roles=["All"])

    assert explain(token, resource_server=server, require=role("Read.All")).verdict == "accepted"


@pytest.mark.parametrize(
    "claims",
    [
        {"sub": 1},
        {"roles": 1},
        {"roles": [None]},
        {"scope": {}},
        {"client_id": []},
        {"aud": None},
        {"iss": 5},
        {"exp": None},
        {"tid": {}},
    ],
)
def test_claims_of_the_wrong_type_are_explained_and_break_nothing(claims: dict[str, Any]) -> None:
    issuer = LocalIssuer()

    explanation = explain(issuer.mint(claims=claims), resource_server=server_of(issuer), require=role("Write.All"))

    assert explanation.verdict == "refused"


def test_neither_repr_nor_json_holds_the_token() -> None:
    token = LocalIssuer().mint()

    explanation = explain(token)

    shown = repr(explanation) + str(explanation.as_json())
    assert not [part for part in token.split(".") if part in shown]


def test_the_json_has_a_schema_number() -> None:
    assert explain("").as_json()["schema"] == 1


@pytest.mark.parametrize("piece", ["\n", "\n ", " >", "eyJ", "eyJ.", "eyJa.", "bearer ", "authorization:\n "])
def test_no_text_takes_long_to_search(piece: str) -> None:
    """``/explain`` of a local issuer reads what anybody posts: before, 20 kB of line breaks took 20 s."""
    text = piece * (MAX_PASTED // len(piece))

    began = time.process_time()
    read_pasted(f"x {text}")
    assert time.process_time() - began < 5


@pytest.mark.parametrize("before", ["", "log: ", "x.y.", "%20", "=", "a-eyJ.", "eyJ eyJ "])
def test_a_token_is_found_within_other_text(before: str) -> None:
    token = LocalIssuer().mint()

    assert read_pasted(f"said {before}{token} to me").token.endswith(token)


def test_a_server_that_asks_about_opaque_tokens_is_not_said_to_refuse_them() -> None:
    issuer = LocalIssuer()
    asked = Introspection("https://issuer.test/introspect", client_id="reader", client_secret="reader-secret")
    server = ResourceServer([issuer.trusted()], "api://orders", introspection=asked, transport=httpx.ASGITransport(issuer))

    explanation = explain("2YotnFZFEjr1zCsicMWpAA", resource_server=server)

    assert explanation.verdict == "undecided"
    assert "This token is opaque: nothing can be read from it." in explanation.summary
    assert "Request the token for this API" not in explanation.summary


@pytest.mark.parametrize("token", ["a,b", "x" * 16_385])
def test_what_no_bearer_token_may_be_is_refused_where_opaque_tokens_are_asked_about(token: str) -> None:
    asked = Introspection("https://issuer.test/introspect", client_id="reader", client_secret="reader-secret")
    server = ResourceServer(audience="api://orders", introspection=asked)

    assert explain(f"Authorization: Bearer {token}", resource_server=server).verdict == "refused"


def test_without_an_issuer_to_verify_by_a_jwt_is_the_endpoints_to_judge() -> None:
    asked = Introspection("https://issuer.test/introspect", client_id="reader", client_secret="reader-secret")
    server = ResourceServer(audience="api://orders", introspection=asked)

    explanation = explain(LocalIssuer().mint(), resource_server=server)

    assert [(check.name, check.outcome) for check in explanation.checks] == [("text", "passed"), ("introspection", "not judged")]


def test_keys_that_could_not_be_fetched_are_told_with_the_cause() -> None:
    issuer = LocalIssuer()
    issuer.go_down()

    explanation = explain(issuer.mint(), resource_server=server_of(issuer))

    assert "status 503" in explanation.checks[-1].reason

"""One bad token for each reason that a token can give for a refusal."""

from typing import Final

import httpx
import pytest

from bearerguard import (
    AccessTokenError,
    Introspection,
    ResourceServer,
    application,
    client,
    delegated,
    error_codes,
    role,
    scope,
    tenant,
)
from bearerguard.authorization.combination import Requirement
from bearerguard.testing import FakeClock, LocalClient, LocalIssuer
from bearerguard.testing.shapes import SHAPES
from bearerguard.testing.spoiled import SPOILED, spoil, spoilable

pytestmark = pytest.mark.anyio
REQUIRED: Final[dict[str, Requirement]] = {
    "missing_role": role("Read.All"),
    "missing_scope": scope("orders.read"),
    "client_not_allowed": client("reader"),
    "tenant_not_allowed": tenant("99999999-8888-7777-6666-555555555555"),
    "application_required": application(),
    "user_required": delegated(),
    "requirement_not_met": role("Read.All") | scope("orders.read"),
}
"""What a route requires, where the refusal is the route's."""
NOT_THE_TOKENS: Final = {
    "missing_token",
    "unsupported_scheme",
    "malformed_authorization",
    "repeated_authorization",
    "malformed_path",
    "forbidden_header",
    "not_permitted",
    "issuer_unavailable",
    "token_revoked",
    "revocation_unknown",
    "gateway_misconfigured",
    "internal_error",
}
"""Codes that no token causes: the request, the policy, the proxy, the issuer or the hook ``revoked=`` does."""
CASES: Final = [
    pytest.param(shape, code, id=f"{shape}-{code}")
    for shape in SHAPES
    for code in spoilable(LocalIssuer(shape=shape), introspection=True)
]


def _introspection(issuer: LocalIssuer) -> Introspection:
    client = next(iter(issuer.clients.values()))
    return Introspection(issuer.introspection_endpoint, client_id=client.id, client_secret=client.secret)


async def _refusal(issuer: LocalIssuer, clock: FakeClock, code: str) -> AccessTokenError:
    asked = _introspection(issuer) if SPOILED[code].needs_introspection else None
    transport = httpx.ASGITransport(issuer)
    api = ResourceServer(issuer.trusted(), "api://orders", transport=transport, clock=clock, introspection=asked)
    required = REQUIRED.get(code)
    if required is None:
        with pytest.raises(AccessTokenError) as caught:
            await api.authenticate(spoil(issuer, code))
        return caught.value
    principal = await api.authenticate(spoil(issuer, code))
    assert not required.permits(principal)
    return required.refusal(principal)


@pytest.mark.parametrize(("shape", "code"), CASES)
async def test_a_spoiled_token_is_refused_with_exactly_its_code(shape: str, code: str) -> None:
    issuer = LocalIssuer(shape=shape, clock=(clock := FakeClock()))

    assert (await _refusal(issuer, clock, code)).code == code


@pytest.mark.parametrize("algorithm", ["PS256", "ES256", "EdDSA"])
@pytest.mark.parametrize("code", ["unknown_key", "invalid_signature", "unsupported_algorithm", "encrypted_token"])
async def test_it_spoils_signatures_of_every_algorithm(algorithm: str, code: str) -> None:
    issuer = LocalIssuer(algorithm=algorithm, clock=(clock := FakeClock()))

    assert (await _refusal(issuer, clock, code)).code == code


@pytest.mark.parametrize("shape", ["generic", "cognito"])
async def test_it_needs_none_of_the_usual_clients(shape: str) -> None:
    clients = [LocalClient("reader", roles=["Read.All"]), LocalClient("other")]
    issuer = LocalIssuer(shape=shape, clients=clients, clock=(clock := FakeClock()))

    assert (await _refusal(issuer, clock, "client_not_allowed")).code == "client_not_allowed"


async def test_every_code_that_a_token_can_cause_has_its_token() -> None:
    assert {code.code for code in error_codes.ALL_CODES} == SPOILED.keys() | NOT_THE_TOKENS


async def test_every_code_is_spoilable_at_some_shape() -> None:
    assert {code for shape in SHAPES for code in spoilable(LocalIssuer(shape=shape), introspection=True)} == SPOILED.keys()


@pytest.mark.parametrize("code", ["graph_token", "not_permitted", "no_such_code"])
async def test_a_code_that_no_token_of_this_issuer_causes_is_named(code: str) -> None:
    with pytest.raises(ValueError, match=code):
        spoil(LocalIssuer(), code)


async def test_a_code_may_be_given_as_the_value_that_documents_it() -> None:
    assert spoil(LocalIssuer(), error_codes.OPAQUE_TOKEN) == spoil(LocalIssuer(), "opaque_token")


async def test_without_introspection_no_token_is_refused_as_inactive() -> None:
    assert "inactive_token" not in spoilable(LocalIssuer())
    assert "inactive_token" not in spoilable(LocalIssuer(shape="entra_v2"), introspection=True)

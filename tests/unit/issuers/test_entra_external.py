"""Microsoft Entra External ID: by id, by name, by a domain of one's own."""

from typing import Any

import pytest

from bearerguard.errors import ConfigurationError, InvalidToken
from bearerguard.issuers.entra_external import entra_external
from bearerguard.resource_server import ResourceServer
from bearerguard.testing import FakeClock
from support.preset_tokens import key_set, signed

TENANT = "8f3c1d52-0b6e-4c49-9d55-2f1f6a0f3b11"
BY_ID = f"https://{TENANT}.ciamlogin.com/{TENANT}/v2.0"
BY_NAME = f"https://contoso.ciamlogin.com/{TENANT}/v2.0"
BY_DOMAIN = f"https://login.contoso.com/{TENANT}/v2.0"
SUFFIX = "/.well-known/openid-configuration"


def test_the_issuer_has_the_tenants_id_as_its_host() -> None:
    (issuer,) = entra_external(TENANT)
    assert (issuer.issuer, issuer.metadata_url) == (BY_ID, BY_ID + SUFFIX)
    assert issuer.token_endpoint == f"https://{TENANT}.ciamlogin.com/{TENANT}/oauth2/v2.0/token"


@pytest.mark.parametrize(
    ("names", "forms"),
    [
        ({"tenant_name": "contoso"}, [BY_ID, BY_NAME]),
        ({"custom_domain": "login.contoso.com"}, [BY_ID, BY_DOMAIN]),
        ({"tenant_name": "contoso", "custom_domain": "login.contoso.com"}, [BY_ID, BY_NAME, BY_DOMAIN]),
    ],
)
def test_metadata_is_fetched_from_the_last_host_that_is_named_and_may_show_any_form(
    names: dict[str, str], forms: list[str]
) -> None:
    """https://github.com/MicrosoftDocs/entra-docs/issues/408: the document at the name's host shows the id's."""
    issuers = entra_external(TENANT, **names)  # type: ignore[arg-type]  # names of parameters
    assert [issuer.issuer for issuer in issuers] == forms
    assert {issuer.metadata_url for issuer in issuers} == {forms[-1] + SUFFIX}
    assert {issuer.metadata_issuers for issuer in issuers} == {tuple(forms)}


def _token(**changes: Any) -> str:
    claims = {"iss": BY_ID, "aud": "api", "exp": 1_790_003_600, "ver": "2.0", "tid": TENANT, "azp": "c", "sub": "o", "oid": "o"}
    return signed({**claims, **changes}, {"typ": "JWT"})


@pytest.fixture
def api() -> ResourceServer:
    issuers = entra_external(TENANT, tenant_name="contoso", jwks=key_set(issuer=BY_ID))
    return ResourceServer(issuers, "api", clock=FakeClock(now=1_790_000_000))


@pytest.mark.anyio
@pytest.mark.parametrize("iss", [BY_ID, BY_NAME])
async def test_tokens_are_read_as_those_of_entra(api: ResourceServer, iss: str) -> None:
    application = await api.authenticate(_token(iss=iss, roles=["Read.All"], idtyp="app", scp="/"))
    user = await api.authenticate(_token(iss=iss, scp="read", name="u"))

    assert (application.is_application, sorted(application.roles), sorted(application.scopes)) == (True, ["Read.All"], [])
    assert (user.is_application, sorted(user.scopes), user.tenant_id) == (False, ["read"], TENANT)


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "an ID token": ({"azp": None, "nonce": "n"}, "not_an_access_token"),
    "no client": ({"azp": None}, "missing_claim"),
    "another tenant": ({"tid": "ed815121-cdfa-4097-b524-e2b23cd36eb6"}, "wrong_tenant"),
    "v1": ({"ver": "1.0"}, "wrong_version"),
    "the workforce host": ({"iss": f"https://login.microsoftonline.com/{TENANT}/v2.0"}, "unknown_issuer"),
}


@pytest.mark.anyio
@pytest.mark.parametrize(("changes", "code"), REFUSED.values(), ids=REFUSED)
async def test_what_is_no_access_token_of_this_tenant_is_refused(api: ResourceServer, changes: dict[str, Any], code: str) -> None:
    with pytest.raises(InvalidToken) as caught:
        await api.authenticate(_token(**changes))
    assert caught.value.code == code


WRONG = {
    "a domain as tenant": ({"tenant_id": "contoso.onmicrosoft.com"}, "tenant_id"),
    "a domain as name": ({"tenant_name": "contoso.ciamlogin.com"}, "tenant_name"),
    "an address as domain": ({"custom_domain": "https://login.contoso.com"}, "custom_domain"),
}


@pytest.mark.parametrize(("settings", "parameter"), WRONG.values(), ids=WRONG)
def test_a_wrong_setting_is_named(settings: dict[str, Any], parameter: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        entra_external(**{"tenant_id": TENANT, **settings})
    assert caught.value.parameter == parameter

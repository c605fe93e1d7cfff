"""Every preset on tokens of its documented shape: what is read from them, and what is refused.

The tables are data: ``documented_tokens.json``, each token with its source and its own ``now``.
"""

from typing import Any

import pytest

from bearerguard.errors import InvalidToken
from bearerguard.principal import Principal
from support.preset_tokens import DOCUMENTED, TABLES, Case, key_set

REFUSED = TABLES["refused"]
WITHOUT_ROLES = TABLES["without_roles"]
TENANT = "808b7ce5-9924-441e-ae53-3e42fd8a6d43"
ANOTHER_TENANT = "ed815121-cdfa-4097-b524-e2b23cd36eb6"


def described(principal: Principal) -> dict[str, Any]:
    return {
        "subject": principal.subject,
        "client_id": principal.client_id,
        "tenant_id": principal.tenant_id,
        "roles": sorted(principal.roles),
        "scopes": sorted(principal.scopes),
        "is_application": principal.is_application,
    }


@pytest.mark.parametrize("name", DOCUMENTED)
def test_the_profile_reads_a_documented_token(name: str) -> None:
    case = Case.of(name)
    read = case.issuer().profile.read(dict(case.claims))
    expected = case.row["principal"]
    assert sorted(read.roles) == expected["roles"]
    assert sorted(read.scopes) == expected["scopes"]
    assert read.client == expected["client_id"]
    assert read.tenant == expected["tenant_id"]
    assert read.is_application is expected["is_application"]


@pytest.mark.anyio
@pytest.mark.parametrize("name", DOCUMENTED)
async def test_a_documented_token_is_accepted_for_what_it_says(name: str) -> None:
    case = Case.of(name)
    principal = await case.authenticate()
    assert described(principal) == case.row["principal"]
    assert principal.issuer == case.claims["iss"]


@pytest.mark.anyio
@pytest.mark.parametrize("row", REFUSED, ids=lambda row: row["name"])
async def test_a_token_that_breaks_a_rule_is_refused_by_its_code(row: dict[str, Any]) -> None:
    with pytest.raises(InvalidToken) as caught:
        await Case.of(row["token"], row["change"], row["header"]).authenticate()
    assert caught.value.code == row["code"]


@pytest.mark.anyio
@pytest.mark.parametrize("row", WITHOUT_ROLES, ids=lambda row: row["name"])
async def test_roles_that_are_not_where_and_what_they_should_be_are_no_roles(row: dict[str, Any]) -> None:
    """CVE-2026-35039: a wrong type grants nothing, and the token is no worse otherwise."""
    principal = await Case.of(row["token"], row["change"]).authenticate()
    assert principal.roles == frozenset()


KEYS_THAT_NAME_THEIR_ISSUER = {
    "v2 token, key of this tenant": ("entra v2 application", f"https://login.microsoftonline.com/{TENANT}/v2.0", None),
    "v2 token, key of every tenant": ("entra v2 application", "https://login.microsoftonline.com/{tenantid}/v2.0", None),
    "v2 token, key of another tenant": (
        "entra v2 application",
        f"https://login.microsoftonline.com/{ANOTHER_TENANT}/v2.0",
        "unknown_key",
    ),
    "v2 token, key of v1": ("entra v2 application", f"https://sts.windows.net/{TENANT}/", "unknown_key"),
    "v2 token, key of another cloud": ("entra v2 application", "https://login.microsoftonline.us/{tenantid}/v2.0", "unknown_key"),
    "v1 token, key of v1": ("entra v1 application", "https://sts.windows.net/{tenantid}/", None),
    "v1 token, key of v2": ("entra v1 application", "https://login.microsoftonline.com/{tenantid}/v2.0", None),
    "v1 token, key of another tenant": ("entra v1 application", f"https://sts.windows.net/{ANOTHER_TENANT}/", "unknown_key"),
    "any tenant, key of every tenant": ("entra v2 of any tenant", "https://login.microsoftonline.com/{tenantid}/v2.0", None),
    "any tenant, key of another tenant": (
        "entra v2 of any tenant",
        f"https://login.microsoftonline.com/{ANOTHER_TENANT}/v2.0",
        "unknown_key",
    ),
    "a preset that knows no such member": ("okta application", "https://login.microsoftonline.com/{tenantid}/v2.0", None),
}


@pytest.mark.anyio
@pytest.mark.parametrize(("token", "named", "code"), KEYS_THAT_NAME_THEIR_ISSUER.values(), ids=KEYS_THAT_NAME_THEIR_ISSUER)
async def test_the_issuer_that_a_key_names_is_honoured(token: str, named: str, code: str | None) -> None:
    """https://learn.microsoft.com/en-us/entra/identity-platform/access-tokens#validate-the-issuer"""
    case = Case.of(token)
    if code is None:
        assert (await case.authenticate(jwks=key_set(issuer=named))).issuer == case.claims["iss"]
        return
    with pytest.raises(InvalidToken) as caught:
        await case.authenticate(jwks=key_set(issuer=named))
    assert caught.value.code == code

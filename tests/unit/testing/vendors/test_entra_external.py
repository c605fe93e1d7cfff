"""https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference"""

from typing import Final

from bearerguard.testing import LocalIssuer

TENANT: Final = "11111111-2222-3333-4444-555555555555"


def test_keys_name_the_issuer_of_the_tenants_id() -> None:
    issuer = LocalIssuer("https://contoso.ciamlogin.com", shape="entra_external")

    assert issuer.jwks()["keys"][0]["issuer"] == f"https://{TENANT}.ciamlogin.com/{TENANT}/v2.0"
    assert issuer.jwks_uri == f"https://contoso.ciamlogin.com/{TENANT}/discovery/v2.0/keys"

"""https://learn.microsoft.com/azure/active-directory-b2c/client-credentials-grant-flow"""

from bearerguard.testing import LocalIssuer
from support.plain_jwt import minted


def test_app_roles_of_an_application_are_in_scp() -> None:
    assert minted(LocalIssuer(shape="azure_b2c"), "writer")["scp"] == "Read.All Write.All"


def test_a_published_key_has_no_algorithm() -> None:
    assert "alg" not in LocalIssuer(shape="azure_b2c").jwks()["keys"][0]

"""https://docs.duendesoftware.com/identityserver/tokens"""

from bearerguard.testing import LocalIssuer
from support.plain_jwt import minted


def test_several_roles_are_an_array() -> None:
    assert minted(LocalIssuer(shape="duende"), "writer")["client_role"] == ["Read.All", "Write.All"]

"""https://zitadel.com/docs/apis/openidoauth/claims"""

import pytest

from bearerguard.testing import LocalIssuer
from support.plain_jwt import ask


@pytest.mark.anyio
async def test_a_request_without_the_scope_openid_is_refused() -> None:
    """https://zitadel.com/docs/guides/integrate/service-users/client-credentials"""
    issuer = LocalIssuer(shape="zitadel")

    answer = await ask(issuer, {"grant_type": "client_credentials"}, auth=("reader", "reader-secret"))

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope")

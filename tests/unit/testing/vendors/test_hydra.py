"""https://www.ory.sh/docs/oauth2-oidc/jwt-access-token"""

import pytest

from bearerguard.testing import LocalIssuer
from support.plain_jwt import ask, verified


@pytest.mark.anyio
async def test_the_parameter_audience_names_the_api() -> None:
    issuer = LocalIssuer(shape="hydra", audience=["api://orders", "api://billing"])
    asked = {"audience": "api://billing", "scope": "orders.read"}

    answer = await ask(issuer, {"grant_type": "client_credentials", **asked}, auth=("reader", "reader-secret"))

    claims = verified(issuer, answer.json()["access_token"])
    assert (claims["aud"], claims["scp"]) == (["api://billing"], ["orders.read"])

"""Metadata documents and key sets, over HTTP."""

import pytest

from bearerguard.testing import LocalIssuer
from bearerguard.testing.shapes import SHAPES
from support.plain_jwt import get, http

pytestmark = pytest.mark.anyio
TENANT = "11111111-2222-3333-4444-555555555555"


@pytest.mark.parametrize("shape", sorted(SHAPES.keys() - {"cloudflare_access", "adfs"}))
async def test_the_metadata_leads_to_keys_and_tokens(shape: str) -> None:
    issuer = LocalIssuer(shape=shape)

    document = (await get(issuer, issuer.metadata_url)).json()

    assert document["issuer"] == issuer.issuer
    assert document["jwks_uri"] == issuer.jwks_uri
    assert document["token_endpoint"] == issuer.token_endpoint


@pytest.mark.parametrize("shape", SHAPES)
async def test_the_key_set_is_served_where_the_metadata_says(shape: str) -> None:
    issuer = LocalIssuer(shape=shape)

    assert (await get(issuer, issuer.jwks_uri)).json() == issuer.jwks()


@pytest.mark.parametrize(
    ("base_url", "openid", "rfc8414"),
    [
        pytest.param(
            "https://issuer.test",
            "https://issuer.test/.well-known/openid-configuration",
            "https://issuer.test/.well-known/oauth-authorization-server",
            id="host alone",
        ),
        pytest.param(
            "https://issuer.test/",
            "https://issuer.test/.well-known/openid-configuration",
            "https://issuer.test/.well-known/oauth-authorization-server",
            id="trailing slash",
        ),
        pytest.param(
            "https://issuer.test/tenants/7",
            "https://issuer.test/tenants/7/.well-known/openid-configuration",
            "https://issuer.test/.well-known/oauth-authorization-server/tenants/7",
            id="path",
        ),
        pytest.param(
            "https://issuer.test/tenants/7/",
            "https://issuer.test/tenants/7/.well-known/openid-configuration",
            "https://issuer.test/.well-known/oauth-authorization-server/tenants/7",
            id="path and trailing slash",
        ),
    ],
)
async def test_metadata_is_where_each_standard_looks_for_it(base_url: str, openid: str, rfc8414: str) -> None:
    """OpenID Connect Discovery 1.0 §4 appends; RFC 8414 §3 inserts between host and path."""
    issuer = LocalIssuer(base_url)

    answers = [await get(issuer, url) for url in (openid, rfc8414)]

    assert [answer.json()["issuer"] for answer in answers] == [base_url, base_url]


@pytest.mark.parametrize("shape", ["entra_v1", "entra_v2"])
@pytest.mark.parametrize(
    ("path", "announced"),
    [
        (f"/{TENANT}/.well-known/openid-configuration", f"https://sts.windows.net/{TENANT}/"),
        (f"/{TENANT}/v2.0/.well-known/openid-configuration", f"https://issuer.test/{TENANT}/v2.0"),
    ],
    ids=["v1", "v2"],
)
async def test_a_tenant_of_entra_serves_both_documents(shape: str, path: str, announced: str) -> None:
    """https://learn.microsoft.com/entra/identity-platform/access-tokens: v1 and v2 metadata."""
    answer = await get(LocalIssuer(shape=shape), f"https://issuer.test{path}")

    assert answer.json()["issuer"] == announced


async def test_b2c_metadata_belongs_to_a_policy() -> None:
    """https://learn.microsoft.com/azure/active-directory-b2c/tokens-overview"""
    issuer = LocalIssuer(shape="azure_b2c", base_url="https://contoso.b2clogin.com")

    assert issuer.metadata_url == (
        "https://contoso.b2clogin.com/contoso.onmicrosoft.com/B2C_1_signin/v2.0/.well-known/openid-configuration"
    )
    assert (await get(issuer, issuer.metadata_url)).json()["issuer"] == f"https://contoso.b2clogin.com/{TENANT}/v2.0/"


async def test_requests_are_counted_by_what_they_asked() -> None:
    issuer = LocalIssuer()

    for url in (issuer.metadata_url, issuer.jwks_uri, issuer.jwks_uri):
        await get(issuer, url)

    assert issuer.requests == {"metadata": 1, "jwks": 2}


async def test_a_key_set_says_nothing_about_keeping_it_by_default() -> None:
    issuer = LocalIssuer()

    headers = (await get(issuer, issuer.jwks_uri)).headers

    assert not {"cache-control", "etag"} & headers.keys()


async def test_cache_control_is_sent_where_it_is_set() -> None:
    issuer = LocalIssuer(cache_control="public, max-age=900")

    assert (await get(issuer, issuer.jwks_uri)).headers["cache-control"] == "public, max-age=900"


async def test_the_holder_of_this_key_set_is_told_so() -> None:
    """RFC 9110 §13.1.2."""
    issuer = LocalIssuer(etag=True, cache_control="max-age=900")
    first = await get(issuer, issuer.jwks_uri)

    second = await get(issuer, issuer.jwks_uri, If_None_Match=first.headers["etag"])

    assert (second.status_code, second.content) == (304, b"")
    assert second.headers["cache-control"] == "max-age=900"


async def test_a_rotation_changes_the_tag() -> None:
    issuer = LocalIssuer(etag=True)
    first = await get(issuer, issuer.jwks_uri)

    issuer.rotate_keys()

    assert (await get(issuer, issuer.jwks_uri, If_None_Match=first.headers["etag"])).status_code == 200


async def test_browser_tools_of_any_origin_may_ask_for_tokens() -> None:
    """Swagger UI's "Authorize" sends a preflight with Authorization."""
    issuer = LocalIssuer()
    asked = {
        "Origin": "https://docs.test",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization",
    }

    async with http(issuer) as client:
        preflight = await client.options(issuer.token_endpoint, headers=asked)

    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-origin"] == "*"
    assert "authorization" in preflight.headers["access-control-allow-headers"].lower()


async def test_a_page_that_is_not_there_is_not_found() -> None:
    assert (await get(LocalIssuer(), "https://issuer.test/userinfo")).status_code == 404


async def test_a_token_is_not_got_by_get() -> None:
    """RFC 6749 §3.2: the client must use POST."""
    issuer = LocalIssuer()

    assert (await get(issuer, issuer.token_endpoint)).status_code == 405

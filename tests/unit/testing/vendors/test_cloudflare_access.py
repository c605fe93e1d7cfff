"""developers.cloudflare.com/cloudflare-one/identity/authorization-cookie/application-token"""

from bearerguard.testing import LocalIssuer


def test_there_is_a_key_set_and_no_metadata() -> None:
    issuer = LocalIssuer("https://contoso.cloudflareaccess.com", shape="cloudflare_access")

    assert issuer.metadata_url == ""
    assert issuer.jwks_uri == "https://contoso.cloudflareaccess.com/cdn-cgi/access/certs"

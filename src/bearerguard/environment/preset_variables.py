"""The variables of each preset: a table, so that nothing but what it lists is read."""

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from bearerguard.environment.setting import Setting, json_object, json_path, names, switch
from bearerguard.issuers.auth0 import auth0
from bearerguard.issuers.azure_b2c import azure_b2c
from bearerguard.issuers.cognito import cognito
from bearerguard.issuers.entra import entra, entra_multitenant
from bearerguard.issuers.entra_external import entra_external
from bearerguard.issuers.keycloak import keycloak
from bearerguard.issuers.oidc import oidc
from bearerguard.issuers.okta import okta

_A_GUID: Final = "8f3c1d52-0b6e-4c49-9d55-2f1f6a0f3b11"
_A_KEY_SET: Final = (  # the public key of RFC 7517 appendix A.1
    '{"keys": [{"kty": "EC", "crv": "P-256", "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4", '
    '"y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"}]}'
)
_TENANT_ID: Final = Setting("tenant_id", _A_GUID, required=True)
_AUTHORITY: Final = Setting("authority", "https://login.microsoftonline.com")
_APP_ID: Final = Setting("app_id", _A_GUID)
_METADATA_URL: Final = Setting("metadata_url", "https://issuer.example/.well-known/openid-configuration")
_OF_EVERY_PRESET: Final = (
    Setting("algorithms", "RS256 ES256", names),
    Setting("require_at_jwt", "1", switch),
    Setting("jwks_uri", "https://issuer.example/jwks"),
    Setting("jwks", _A_KEY_SET, json_object),
    Setting("insecure_allow_http", "1", switch),
    Setting("insecure_http_hosts", "keycloak", names),
)

AUDIENCE: Final = Setting("audience", "api://orders", names)
"""Of one issuer among several, in place of the server's."""


class Preset(NamedTuple):
    """A preset and its variables.

    Attributes:
        make: Builds the issuer, or several.
        settings: Its variables.
        takes_audience: Whether it may have an audience of its own.
    """

    make: Callable[..., Any]
    settings: tuple[Setting, ...]
    takes_audience: bool = True


def _preset(make: Callable[..., Any], *own: Setting, takes_audience: bool = True) -> Preset:
    return Preset(make, (*own, *_OF_EVERY_PRESET), takes_audience)


PRESETS: Final[Mapping[str, Preset]] = {
    "entra": _preset(entra, _TENANT_ID, _AUTHORITY, _APP_ID),
    "entra_multitenant": _preset(
        entra_multitenant,
        Setting("tenants", f"{_A_GUID} 0d9a5f7e-3c1b-4e88-b7f2-6a4e1c2d3b4a", names),
        _AUTHORITY,
        _APP_ID,
        Setting("insecure_any_tenant", "1", switch),
    ),
    "entra_external": _preset(
        entra_external,
        _TENANT_ID,
        Setting("tenant_name", "contoso"),
        Setting("custom_domain", "login.contoso.com"),
        _METADATA_URL,
    ),
    "azure_b2c": _preset(
        azure_b2c,
        Setting("tenant_name", "contoso", required=True),
        _TENANT_ID,
        Setting("policy", "B2C_1_signin", required=True),
        Setting("authority", "https://login.contoso.com"),
        _METADATA_URL,
    ),
    "auth0": _preset(
        auth0,
        Setting("domain", "dev-1x2y3z.us.auth0.com", required=True),
        Setting("roles_claim", "https://orders.example/roles"),
        Setting("base_url", "https://dev-1x2y3z.us.auth0.com"),
        _METADATA_URL,
    ),
    "keycloak": _preset(
        keycloak,
        Setting("base_url", "https://sso.example.com", required=True),
        Setting("realm", "contoso", required=True),
        Setting("client_id", "orders", required=True),
        _METADATA_URL,
    ),
    "cognito": _preset(
        cognito,
        Setting("region", "eu-central-1", required=True),
        Setting("user_pool_id", "eu-central-1_Example01", required=True),
        Setting("client_ids", "1example23456789 2example23456789", names, required=True),
        Setting("replica_regions", "eu-west-1", names),
        Setting("base_url", "https://cognito-idp.eu-central-1.amazonaws.com"),
        _METADATA_URL,
        takes_audience=False,
    ),
    "okta": _preset(okta, Setting("issuer", "https://dev-123456.okta.com/oauth2/default", required=True), _METADATA_URL),
    "oidc": _preset(
        oidc,
        Setting("issuer", "https://issuer.example", required=True),
        Setting("roles_claim", '["realm_access", "roles"]', json_path),
        Setting("roles_form", "array"),
        Setting("scopes_claim", '["scope"]', json_path),
        Setting("client_claim", '["azp"]', json_path),
        Setting("tenant_claim", '["tid"]', json_path),
        Setting("application_when", '{"gty": "client_credentials"}', json_object),
        Setting("discovery", "oauth"),
        Setting("metadata_issuers", "https://issuer.example/adfs", names),
        Setting("insecure_accept_id_tokens", "1", switch),
        _METADATA_URL,
    ),
}

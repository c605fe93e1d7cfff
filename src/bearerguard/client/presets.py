"""Token requests of known servers: settings, which are checked later like all others."""

from typing import Final

from bearerguard.checks import checked_domain, checked_tenant
from bearerguard.client.token_settings import TokenOptions
from bearerguard.client_authentication.secret import Secret
from bearerguard.errors import ConfigurationError
from bearerguard.microsoft import AUTHORITY

_DEFAULT: Final = "/.default"


def entra(
    *,
    tenant_id: str,
    client_id: str,
    resource: str,
    client_secret: Secret | None = None,
    private_key: Secret | None = None,
    private_key_password: Secret | None = None,
    certificate: Secret | None = None,
    federated_token_file: Secret | None = None,
    authority: str = AUTHORITY,
) -> TokenOptions:
    """Microsoft Entra ID, v2.0 endpoint.

    Source: https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow.

    Args:
        tenant_id: GUID or domain name of the tenant that issues the token.
        client_id: Application (client) id of the caller.
        resource: App ID URI of the API; ``/.default`` is appended, since this flow knows no other
            scope.
        client_secret: Its value, not its id.
        private_key: PEM, instead of a secret.
        private_key_password: Of an encrypted PEM.
        certificate: PEM, together with ``private_key``; the one uploaded to the registration.
        federated_token_file: Assertion of a platform that the registration trusts, instead of a
            secret.
        authority: Of a sovereign cloud, such as ``https://login.microsoftonline.us``.
    """
    checked_tenant("tenant_id", tenant_id)
    if not isinstance(resource, str) or not resource or resource == _DEFAULT:
        raise ConfigurationError("resource", f"expected the API's App ID URI, got {resource!r}", example='"api://orders"')
    if private_key is not None and certificate is None:
        problem = "it is missing, and Entra identifies a key by its certificate"
        raise ConfigurationError("certificate", problem, example='Path("client-certificate.pem").read_bytes()')
    signs = private_key is not None or federated_token_file is not None
    options: TokenOptions = {
        "token_endpoint": f"{authority.rstrip('/')}/{tenant_id}/oauth2/v2.0/token",
        "client_id": client_id,
        "client_auth": "private_key_jwt" if signs else "post",
        "client_secret": client_secret,
        "private_key": private_key,
        "private_key_password": private_key_password,
        "certificate": certificate,
        "client_assertion_file": federated_token_file,
        "scope": resource if resource.endswith(_DEFAULT) else resource + _DEFAULT,
    }
    return options


def auth0(*, domain: str, client_id: str, client_secret: Secret | None, audience: str) -> TokenOptions:
    """Auth0, with the secret in the body.

    Source:
    https://auth0.com/docs/get-started/authentication-and-authorization-flow/client-credentials-flow.

    Args:
        domain: Of the tenant or a custom one, without scheme and path.
        client_id: Of the machine-to-machine application.
        client_secret: Of that application.
        audience: Identifier of the API, exactly as registered.
    """
    checked_domain("domain", domain, example='"dev-orders.us.auth0.com"', any_case=True)
    return {
        "token_endpoint": f"https://{domain}/oauth/token",
        "client_id": client_id,
        "client_auth": "post",
        "client_secret": client_secret,
        "audience": audience,
    }

"""Token requests of known servers, and of the environment.

Each function gives settings, which are checked later like all others.
"""

from typing import Final

from bearerguard.checks import checked_domain, checked_tenant
from bearerguard.client.token_settings import TokenOptions
from bearerguard.client.variables import Variables
from bearerguard.client_authentication.method import ClientAuth
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
        authority: Of a sovereign cloud, such as ``https://login.microsoftonline.us``.
    """
    checked_tenant("tenant_id", tenant_id)
    if not isinstance(resource, str) or not resource or resource == _DEFAULT:
        raise ConfigurationError("resource", f"expected the API's App ID URI, got {resource!r}", example='"api://orders"')
    if private_key is not None and certificate is None:
        raise ConfigurationError(
            "certificate", "Entra knows a key by its certificate", example='Path("client-certificate.pem").read_bytes()'
        )
    options: TokenOptions = {
        "token_endpoint": f"{authority.rstrip('/')}/{tenant_id}/oauth2/v2.0/token",
        "client_id": client_id,
        "client_auth": "post" if private_key is None else "private_key_jwt",
        "client_secret": client_secret,
        "private_key": private_key,
        "private_key_password": private_key_password,
        "certificate": certificate,
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


def environment(environ: Variables, resource: str | None = None) -> TokenOptions:
    """Settings from variables; :meth:`~bearerguard.client.ClientCredentials.from_env` lists them.

    Raises:
        ConfigurationError: names the variables that are missing or that name an unreadable file.
    """
    if environ.text("BEARERGUARD_TOKEN_ENDPOINT"):
        return _generic(environ, resource)
    if environ.text("AZ_TENANT"):
        return _azure(environ, resource)
    problem = "neither BEARERGUARD_TOKEN_ENDPOINT nor AZ_TENANT is set"
    raise ConfigurationError("environment", problem, example="AZ_TENANT, AZ_CLIENT_ID, AZ_CLIENT_SECRET and AZ_RESOURCE")


def _azure(environ: Variables, resource: str | None) -> TokenOptions:
    private_key = environ.file("AZ_PRIVATE_KEY_FILE")
    credential = "AZ_CLIENT_SECRET" if private_key is None else "AZ_CERTIFICATE_FILE"
    environ.demand("AZ_CLIENT_ID", *(() if resource else ("AZ_RESOURCE",)), credential)
    return entra(
        tenant_id=environ["AZ_TENANT"],
        client_id=environ["AZ_CLIENT_ID"],
        client_secret=environ.secret("AZ_CLIENT_SECRET") if private_key is None else None,
        private_key=private_key,
        private_key_password=environ.secret("AZ_PRIVATE_KEY_PASSWORD"),
        certificate=environ.file("AZ_CERTIFICATE_FILE"),
        resource=resource or environ["AZ_RESOURCE"],
        authority=environ.text("AZ_AUTHORITY") or AUTHORITY,
    )


def _generic(environ: Variables, resource: str | None) -> TokenOptions:
    private_key = environ.file("BEARERGUARD_PRIVATE_KEY_FILE")
    environ.demand("BEARERGUARD_CLIENT_ID", *(() if private_key is not None else ("BEARERGUARD_CLIENT_SECRET",)))
    default: ClientAuth = "basic" if private_key is None else "private_key_jwt"
    options: TokenOptions = {
        "token_endpoint": environ["BEARERGUARD_TOKEN_ENDPOINT"],
        "client_id": environ["BEARERGUARD_CLIENT_ID"],
        "client_secret": environ.secret("BEARERGUARD_CLIENT_SECRET") if private_key is None else None,
        "client_auth": environ.text("BEARERGUARD_CLIENT_AUTH") or default,  # type: ignore[typeddict-item]  # checked later
        "private_key": private_key,
        "private_key_password": environ.secret("BEARERGUARD_PRIVATE_KEY_PASSWORD"),
        "certificate": environ.file("BEARERGUARD_CERTIFICATE_FILE"),
        "key_id": environ.text("BEARERGUARD_KEY_ID"),
        "signing_algorithm": environ.text("BEARERGUARD_SIGNING_ALGORITHM"),
        "assertion_audience": environ.text("BEARERGUARD_ASSERTION_AUDIENCE"),
        "scope": environ.text("BEARERGUARD_SCOPE"),
        "audience": environ.text("BEARERGUARD_AUDIENCE"),
        "resource": resource or environ.text("BEARERGUARD_RESOURCE"),
    }
    return options

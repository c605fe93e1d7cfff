"""Token requests of known servers, and of the environment: each function gives the settings, checked later as all others are."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from bearerguard.client.grant import ClientAuth, GrantOptions
from bearerguard.errors import ConfigurationError

ENTRA_AUTHORITY: Final = "https://login.microsoftonline.com"
_DEFAULT: Final = "/.default"
_TENANT: Final = re.compile(r"[0-9A-Za-z](?:[0-9A-Za-z.-]*[0-9A-Za-z])?")
_NO_TENANT: Final = frozenset({"common", "organizations", "consumers"})
_DOMAIN: Final = re.compile(r"[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)+")


def entra(
    *,
    tenant_id: str,
    client_id: str,
    resource: str,
    client_secret: str | None = None,
    private_key: str | bytes | None = None,
    certificate: str | bytes | None = None,
    authority: str = ENTRA_AUTHORITY,
) -> GrantOptions:
    """Microsoft Entra ID, v2.0 endpoint: https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow.

    Args:
        tenant_id: GUID or domain name of the tenant that issues the token.
        client_id: Application (client) id of the caller.
        resource: App ID URI of the API; ``/.default`` is appended, since this flow knows no other scope.
        client_secret: Its value, not its id.
        private_key: PEM, instead of a secret.
        certificate: PEM, together with ``private_key``; the one uploaded to the registration.
        authority: Of a sovereign cloud, such as ``https://login.microsoftonline.us``.
    """
    if not isinstance(tenant_id, str) or not _TENANT.fullmatch(tenant_id) or tenant_id.lower() in _NO_TENANT:
        raise ConfigurationError(
            "tenant_id",
            f"expected one tenant, got {tenant_id!r}",
            example='"8f3c0000-1111-2222-3333-444455556666" or "contoso.onmicrosoft.com"',
        )
    if not isinstance(resource, str) or not resource or resource == _DEFAULT:
        raise ConfigurationError("resource", f"expected the API's App ID URI, got {resource!r}", example='"api://orders"')
    if private_key is not None and certificate is None:
        raise ConfigurationError(
            "certificate", "Entra knows a key by its certificate", example='Path("client-certificate.pem").read_bytes()'
        )
    options: GrantOptions = {
        "token_endpoint": f"{authority.rstrip('/')}/{tenant_id}/oauth2/v2.0/token",
        "client_id": client_id,
        "client_auth": "post" if private_key is None else "private_key_jwt",
        "client_secret": client_secret,
        "private_key": private_key,
        "certificate": certificate,
        "scope": resource if resource.endswith(_DEFAULT) else resource + _DEFAULT,
    }
    return options


def auth0(*, domain: str, client_id: str, client_secret: str, audience: str) -> GrantOptions:
    """Auth0: https://auth0.com/docs/get-started/authentication-and-authorization-flow/client-credentials-flow.

    Args:
        domain: Of the tenant or a custom one, without scheme and path.
        client_id: Of the machine-to-machine application.
        client_secret: Of that application.
        audience: Identifier of the API, exactly as registered.
    """
    if not isinstance(domain, str) or not _DOMAIN.fullmatch(domain):
        raise ConfigurationError("domain", f"expected a host name, got {domain!r}", example='"dev-orders.us.auth0.com"')
    return {
        "token_endpoint": f"https://{domain}/oauth/token",
        "client_id": client_id,
        "client_auth": "post",
        "client_secret": client_secret,
        "audience": audience,
    }


def environment(environ: Mapping[str, str], resource: str | None = None) -> GrantOptions:
    """Settings from variables; :meth:`~bearerguard.client.ClientCredentials.from_env` lists them.

    Raises:
        ConfigurationError: names the variables that are missing or that name an unreadable file.
    """
    if environ.get("BEARERGUARD_TOKEN_ENDPOINT"):
        return _generic({**environ, "BEARERGUARD_RESOURCE": resource or environ.get("BEARERGUARD_RESOURCE", "")})
    if environ.get("AZ_TENANT"):
        return _azure({**environ, "AZ_RESOURCE": resource or environ.get("AZ_RESOURCE", "")})
    problem = "neither BEARERGUARD_TOKEN_ENDPOINT nor AZ_TENANT is set"
    raise ConfigurationError("environment", problem, example="AZ_TENANT, AZ_CLIENT_ID, AZ_CLIENT_SECRET and AZ_RESOURCE")


def _azure(environ: Mapping[str, str]) -> GrantOptions:
    private_key = _file(environ, "AZ_PRIVATE_KEY_FILE")
    _demand(environ, "AZ_CLIENT_ID", "AZ_RESOURCE", "AZ_CLIENT_SECRET" if private_key is None else "AZ_CERTIFICATE_FILE")
    return entra(
        tenant_id=environ["AZ_TENANT"],
        client_id=environ["AZ_CLIENT_ID"],
        client_secret=environ["AZ_CLIENT_SECRET"] if private_key is None else None,
        private_key=private_key,
        certificate=_file(environ, "AZ_CERTIFICATE_FILE"),
        resource=environ["AZ_RESOURCE"],
        authority=environ.get("AZ_AUTHORITY") or ENTRA_AUTHORITY,
    )


def _generic(environ: Mapping[str, str]) -> GrantOptions:
    private_key = _file(environ, "BEARERGUARD_PRIVATE_KEY_FILE")
    _demand(environ, "BEARERGUARD_CLIENT_ID", *(() if private_key is not None else ("BEARERGUARD_CLIENT_SECRET",)))
    default: ClientAuth = "basic" if private_key is None else "private_key_jwt"
    options: GrantOptions = {
        "token_endpoint": environ["BEARERGUARD_TOKEN_ENDPOINT"],
        "client_id": environ["BEARERGUARD_CLIENT_ID"],
        "client_secret": environ["BEARERGUARD_CLIENT_SECRET"] if private_key is None else None,
        "client_auth": environ.get("BEARERGUARD_CLIENT_AUTH") or default,  # type: ignore[typeddict-item]  # checked later
        "private_key": private_key,
        "certificate": _file(environ, "BEARERGUARD_CERTIFICATE_FILE"),
        "key_id": environ.get("BEARERGUARD_KEY_ID") or None,
        "scope": environ.get("BEARERGUARD_SCOPE") or None,
        "audience": environ.get("BEARERGUARD_AUDIENCE") or None,
        "resource": environ.get("BEARERGUARD_RESOURCE") or None,
    }
    return options


def _demand(environ: Mapping[str, str], *names: str) -> None:
    missing = [name for name in names if not environ.get(name)]
    if missing:
        raise ConfigurationError(
            ", ".join(missing), "not set in the environment", example=" ".join(f"{name}=…" for name in missing)
        )


def _file(environ: Mapping[str, str], name: str) -> bytes | None:
    path = environ.get(name)
    if not path:
        return None
    try:
        return Path(path).read_bytes()
    except OSError as why:
        raise ConfigurationError(
            name, f"{path!r} cannot be read: {why.strerror}", example=f"{name}=/etc/orders/client.pem"
        ) from None

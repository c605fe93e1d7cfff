"""Token requests from variables of the environment: for any server, or for Microsoft Entra ID.

The ``AZURE_`` names are those of Azure's own libraries and of its workload identity webhook:
https://learn.microsoft.com/azure/developer/python/sdk/authentication/overview,
https://azure.github.io/azure-workload-identity/docs/topics/service-account-labels-and-annotations.html.
"""

from typing import Final

from bearerguard.client.presets import entra
from bearerguard.client.token_settings import TokenOptions
from bearerguard.client_authentication.secret import Secret
from bearerguard.environment.variables import Variables
from bearerguard.errors import ConfigurationError
from bearerguard.microsoft import AUTHORITY

_AZ: Final = ("AZ_CLIENT_SECRET", "AZ_CLIENT_SECRET_FILE", "AZ_PRIVATE_KEY_FILE")
_AZURE: Final = ("AZURE_CLIENT_SECRET", "AZURE_CLIENT_CERTIFICATE_PATH", "AZURE_FEDERATED_TOKEN_FILE")


def environment(environ: Variables, resource: str | None = None) -> TokenOptions:
    """Settings from variables; ``ClientCredentials.from_env`` lists them.

    Raises:
        ConfigurationError: names the variables that are missing, that contradict one another, or
            that name an unreadable file.
    """
    if environ.text("BEARERGUARD_TOKEN_ENDPOINT"):
        return _generic(environ, resource)
    if environ.text("AZ_TENANT") or environ.text("AZURE_TENANT_ID"):
        return _entra(environ, resource)
    problem = "neither BEARERGUARD_TOKEN_ENDPOINT nor AZ_TENANT nor AZURE_TENANT_ID is set"
    raise ConfigurationError("environment", problem, example="AZ_TENANT, AZ_CLIENT_ID, AZ_CLIENT_SECRET and AZ_RESOURCE")


def _entra(environ: Variables, resource: str | None) -> TokenOptions:
    ours, azures = environ.those_set(_AZ), environ.those_set(_AZURE)
    if (ours and azures) or len(azures) > 1:
        names = ", ".join((*ours, *azures))
        raise ConfigurationError(
            names, "several credentials are set, and only one may be", example=f"{names.partition(',')[0]} alone"
        )
    is_azure = bool(azures) or not (ours or environ.text("AZ_TENANT"))
    credential = _azure_credential(environ) if is_azure else _az_credential(environ)
    tenant_id = environ.same("AZ_TENANT", "AZURE_TENANT_ID")
    client_id = environ.same("AZ_CLIENT_ID", "AZURE_CLIENT_ID")
    missing = [] if client_id else ["AZURE_CLIENT_ID" if is_azure else "AZ_CLIENT_ID"]
    environ.demand(*missing, *(() if resource else ("AZ_RESOURCE",)), *_credential_demanded(environ, is_azure=is_azure))
    authority = environ.same("AZ_AUTHORITY", "AZURE_AUTHORITY_HOST") or AUTHORITY
    return entra(
        tenant_id=tenant_id,
        client_id=client_id,
        resource=resource or environ["AZ_RESOURCE"],
        # Azure's libraries take a host alone, too
        authority=authority if "://" in authority else f"https://{authority}",
        **credential,
    )


def _az_credential(environ: Variables) -> dict[str, Secret | None]:
    key = environ.file("AZ_PRIVATE_KEY_FILE")
    secret = environ.secret("AZ_CLIENT_SECRET") or environ.file("AZ_CLIENT_SECRET_FILE")
    return {
        "client_secret": None if key else secret,
        "private_key": key,
        "private_key_password": environ.secret("AZ_PRIVATE_KEY_PASSWORD"),
        "certificate": environ.file("AZ_CERTIFICATE_FILE"),
    }


def _azure_credential(environ: Variables) -> dict[str, Secret | None]:
    key_and_certificate = environ.file("AZURE_CLIENT_CERTIFICATE_PATH")
    password = environ.secret("AZURE_CLIENT_CERTIFICATE_PASSWORD")
    return {
        "client_secret": environ.secret("AZURE_CLIENT_SECRET"),
        "private_key": key_and_certificate,
        "private_key_password": password if key_and_certificate else None,
        "certificate": key_and_certificate,
        "federated_token_file": environ.file("AZURE_FEDERATED_TOKEN_FILE"),
    }


def _credential_demanded(environ: Variables, *, is_azure: bool) -> tuple[str, ...]:
    if is_azure:
        return () if environ.those_set(_AZURE) else ("AZURE_CLIENT_SECRET",)
    if environ.text("AZ_PRIVATE_KEY_FILE"):
        return ("AZ_CERTIFICATE_FILE",)
    return () if environ.text("AZ_CLIENT_SECRET_FILE") else ("AZ_CLIENT_SECRET",)


def _generic(environ: Variables, resource: str | None) -> TokenOptions:
    private_key, assertion = environ.file("BEARERGUARD_PRIVATE_KEY_FILE"), environ.file("BEARERGUARD_CLIENT_ASSERTION_FILE")
    signs = private_key is not None or assertion is not None
    client_auth = environ.text("BEARERGUARD_CLIENT_AUTH") or ("private_key_jwt" if signs else "basic")
    needs_secret = not signs and client_auth != "tls_client_auth"
    secret = environ.secret("BEARERGUARD_CLIENT_SECRET") or environ.file("BEARERGUARD_CLIENT_SECRET_FILE")
    environ.demand("BEARERGUARD_CLIENT_ID", *(("BEARERGUARD_CLIENT_SECRET",) if needs_secret and secret is None else ()))
    options: TokenOptions = {
        "token_endpoint": environ["BEARERGUARD_TOKEN_ENDPOINT"],
        "client_id": environ["BEARERGUARD_CLIENT_ID"],
        "client_secret": secret if needs_secret else None,
        "client_auth": client_auth,  # type: ignore[typeddict-item]  # checked later
        "private_key": private_key,
        "private_key_password": environ.secret("BEARERGUARD_PRIVATE_KEY_PASSWORD"),
        "certificate": environ.file("BEARERGUARD_CERTIFICATE_FILE"),
        "client_assertion_file": assertion,
        "key_id": environ.text("BEARERGUARD_KEY_ID"),
        "signing_algorithm": environ.text("BEARERGUARD_SIGNING_ALGORITHM"),
        "assertion_audience": environ.text("BEARERGUARD_ASSERTION_AUDIENCE"),
        "scope": environ.text("BEARERGUARD_SCOPE"),
        "audience": environ.text("BEARERGUARD_AUDIENCE"),
        "resource": resource or environ.text("BEARERGUARD_RESOURCE"),
    }
    return options

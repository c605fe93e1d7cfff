"""Microsoft Entra External ID: external tenants, signed in to at ``ciamlogin.com``."""

from typing import Unpack

from bearerguard.checks import checked_domain, checked_tenant_id, checked_tenant_name
from bearerguard.issuers.entra import entra_profile
from bearerguard.issuers.issuer import OPENID_CONFIGURATION, Issuer
from bearerguard.issuers.options import IssuerOptions, check_options, names_keys
from bearerguard.issuers.request_form import MICROSOFT


def entra_external(
    tenant_id: str, *, tenant_name: str | None = None, custom_domain: str | None = None, **options: Unpack[IssuerOptions]
) -> tuple[Issuer, ...]:
    """An external tenant of Microsoft Entra (External ID, "CIAM").

    ``iss`` is ``https://{tenant id}.ciamlogin.com/{tenant id}/v2.0``, also where clients and
    metadata use the host with the tenant's name. With ``tenant_name`` or ``custom_domain`` the same
    path under that host is accepted, too. Tokens are read as with ``entra``, version 2.0: roles
    from ``roles``, scopes from ``scp``, the client from ``azp``; ``tid`` must be the tenant,
    ``ver`` 2.0, and a token that names no client, as ID tokens do not, is refused.

    Does not accept v1 tokens: set ``requestedAccessTokenVersion`` to 2 in the API's manifest. Nor
    tokens that clients got at ``login.microsoftonline.com``, whose keys are others: list
    ``entra(tenant_id)`` as well where clients use it. ``require_at_jwt=True`` refuses every token,
    since Entra sends ``JWT``.

    Source: https://learn.microsoft.com/en-us/entra/external-id/customers/concept-custom-url-domain;
    for ``iss``, https://github.com/MicrosoftDocs/entra-docs/issues/408

    Args:
        tenant_id: Directory (tenant) id, a GUID.
        tenant_name: The first label of ``contoso.onmicrosoft.com``; metadata is then fetched from
            ``https://{tenant_name}.ciamlogin.com``.
        custom_domain: A custom URL domain such as ``login.contoso.com``; metadata is then fetched
            from it, as it must be where the default domain is blocked.
        options: As in ``Issuer``: ``algorithms``, ``require_at_jwt``, ``audience``,
            ``metadata_url``, ``jwks_uri``, ``jwks``, ``insecure_allow_http``,
            ``insecure_http_hosts``.

    Returns:
        The issuer with the tenant's id as host, then one for each other host that is named.

    Raises:
        ConfigurationError: a value is wrong; nothing is fetched here.
        TypeError: an option is unknown.
    """
    check_options(entra_external, options)
    tenant = checked_tenant_id("tenant_id", tenant_id)
    bases = _bases(tenant, tenant_name, custom_domain)
    if not names_keys(options):
        options["metadata_url"] = f"{bases[-1]}/{tenant}/v2.0{OPENID_CONFIGURATION}"
    forms = tuple(f"{base}/{tenant}/v2.0" for base in bases)
    profile = entra_profile("entra_external", tenant, version="2.0", client="azp")
    endpoints = f"{bases[-1]}/{tenant}/oauth2/v2.0"
    return tuple(
        Issuer(
            issuer,
            profile=profile,
            metadata_issuers=forms,
            token_endpoint=f"{endpoints}/token",
            authorization_endpoint=f"{endpoints}/authorize",
            request_form=MICROSOFT,
            **options,
        )
        for issuer in forms
    )


def _bases(tenant: str, tenant_name: str | None, custom_domain: str | None) -> tuple[str, ...]:
    hosts = [f"{tenant}.ciamlogin.com"]
    if tenant_name is not None:
        hosts.append(f"{checked_tenant_name('tenant_name', tenant_name)}.ciamlogin.com")
    if custom_domain is not None:
        hosts.append(checked_domain("custom_domain", custom_domain, example='"login.contoso.com"'))
    return tuple(f"https://{host}" for host in hosts)

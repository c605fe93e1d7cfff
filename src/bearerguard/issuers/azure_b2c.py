"""Azure AD B2C: existing customers only since May 2025."""

from typing import Final, Unpack

from bearerguard.checks import Plain, checked_base_url, checked_tenant_id, checked_tenant_name, checked_text
from bearerguard.error_codes import WRONG_POLICY, WRONG_TENANT
from bearerguard.issuers.claim_rule import ClaimRule
from bearerguard.issuers.claim_values import Claims, scopes_in
from bearerguard.issuers.issuer import OPENID_CONFIGURATION, Issuer
from bearerguard.issuers.options import IssuerOptions, check_options, names_keys, plain_http
from bearerguard.issuers.profile import Profile
from bearerguard.issuers.request_form import MICROSOFT

_POLICY: Final = r"[Bb]2[Cc]_1[Aa]?_[A-Za-z0-9_-]+"
_SIGN_IN: Final = frozenset({"tfp", "acr", "auth_time", "nonce"})


def azure_b2c(
    tenant_name: str, tenant_id: str, policy: str, *, authority: str | None = None, **options: Unpack[IssuerOptions]
) -> tuple[Issuer, ...]:
    """One policy (user flow) of an Azure AD B2C tenant; metadata and keys belong to the policy.

    A tenant writes ``iss`` in one of two forms, and both are accepted:
    ``https://{name}.b2clogin.com/{tenant id}/v2.0/`` (default), and
    ``https://{name}.b2clogin.com/tfp/{tenant id}/{policy}/v2.0/``. One server may list several
    policies of a tenant, each by its own call: ``tfp`` or ``acr`` tells whose token it is. An
    application's token names no policy; the keys of the policy that is listed first verify it.

    A user's scopes come from ``scp``, roles from ``roles``, the client from ``azp`` or ``appid``.
    An application's token has its app roles in ``scp`` as documented today, in ``roles`` as it was
    before; both count as roles. It is recognised by the lack of any trace of a sign-in.

    Required beyond the standard checks: the client, which ID tokens do not name; where present,
    ``tfp`` or ``acr`` is the policy, as it was created or in lower case, and ``tid`` the tenant. A
    ``nonce`` proves nothing here: B2C puts it into access tokens, too. ``require_at_jwt=True``
    refuses every token, since B2C sends ``JWT``.

    Source: https://learn.microsoft.com/en-us/azure/active-directory-b2c/tokens-overview and
    https://learn.microsoft.com/en-us/azure/active-directory-b2c/client-credentials-grant-flow; for
    ``nonce``, the tokens in https://github.com/MicrosoftDocs/azure-docs/issues/29240

    Args:
        tenant_name: The first label of ``contoso.onmicrosoft.com``.
        tenant_id: Directory (tenant) id, a GUID.
        policy: Name of the user flow or custom policy, as the portal shows it, such as
            ``B2C_1_signin``.
        authority: A custom domain such as ``https://login.contoso.com``, in place of
            ``https://{tenant_name}.b2clogin.com``.
        options: As in ``Issuer``: ``algorithms``, ``require_at_jwt``, ``audience``,
            ``metadata_url``, ``jwks_uri``, ``jwks``, ``insecure_allow_http``,
            ``insecure_http_hosts``.

    Returns:
        The default issuer, then one for each spelling of ``policy``: as given, and in lower case.

    Raises:
        ConfigurationError: a value is wrong; nothing is fetched here.
        TypeError: an option is unknown.
    """
    check_options(azure_b2c, options)
    base = _checked_base(tenant_name, authority, plain_http(options))
    tenant, spellings = checked_tenant_id("tenant_id", tenant_id), _spellings(policy)
    endpoints = f"{base}/{tenant_name}.onmicrosoft.com/{policy}"
    if not names_keys(options):
        options["metadata_url"] = f"{endpoints}/v2.0{OPENID_CONFIGURATION}"
    forms = (f"{base}/{tenant}/v2.0/", *(f"{base}/tfp/{tenant}/{spelling}/v2.0/" for spelling in spellings))
    return tuple(
        Issuer(
            issuer,
            profile=_profile(tenant, frozenset(spellings)),
            metadata_issuers=forms,  # the document shows the form that the tenant has chosen
            token_endpoint=f"{endpoints}/oauth2/v2.0/token",
            authorization_endpoint=f"{endpoints}/oauth2/v2.0/authorize",
            request_form=MICROSOFT,
            **options,
        )
        for issuer in forms
    )


def _checked_base(tenant_name: str, authority: str | None, plain: Plain) -> str:
    checked_tenant_name("tenant_name", tenant_name)
    base = f"https://{tenant_name}.b2clogin.com" if authority is None else authority
    return checked_base_url("authority", base, example='"https://login.contoso.com"', **plain)


def _spellings(policy: str) -> tuple[str, ...]:
    checked_text("policy", policy, _POLICY, expected="a name beginning with B2C_1_ or B2C_1A_", example='"B2C_1_signin"')
    return tuple(dict.fromkeys((policy, policy.lower())))


def _profile(tenant: str, policies: frozenset[str]) -> Profile:
    return Profile(
        name="azure_b2c",
        roles=(("roles",),),
        scopes=(("scp",),),
        client=(("azp",), ("appid",)),
        client_required=True,
        tenant=(("tid",),),
        rules=(
            ClaimRule(("tfp",), WRONG_POLICY, policies, required=False),
            ClaimRule(("acr",), WRONG_POLICY, policies, required=False),
            ClaimRule(("tid",), WRONG_TENANT, frozenset({tenant}), required=False),
        ),
        nonce_marks_id_tokens=False,
        is_application=application_without_sign_in,
        application_scopes="roles",
    )


def application_without_sign_in(claims: Claims, roles: frozenset[str]) -> bool:
    """The token holds permissions and no trace of a sign-in: ``tfp``, ``acr``, ``auth_time``,
    ``nonce``.

    B2C writes the policy into every token of a user, and nothing marks an application's token;
    ``idtyp`` counts where it is present.

    Sources: https://learn.microsoft.com/en-us/azure/active-directory-b2c/tokens-overview (``tfp``,
    ``acr``) and
    https://learn.microsoft.com/en-us/azure/active-directory-b2c/client-credentials-grant-flow
    """
    if "idtyp" in claims:
        return bool(claims["idtyp"] == "app")
    return _SIGN_IN.isdisjoint(claims) and bool(roles or scopes_in(claims.get("scp")))

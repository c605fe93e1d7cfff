"""Microsoft Entra ID: one tenant, or several.

Sources: https://learn.microsoft.com/en-us/entra/identity-platform/access-tokens (validation, v1.0
and v2.0), https://learn.microsoft.com/en-us/entra/identity-platform/access-token-claims-reference
(claims), https://learn.microsoft.com/en-us/entra/identity-platform/authentication-national-cloud
(sovereign clouds).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple, NoReturn, Unpack

from bearerguard.checks import checked_base_url, checked_guid, checked_tenant_id
from bearerguard.error_codes import WRONG_TENANT, WRONG_VERSION
from bearerguard.errors import ConfigurationError, show
from bearerguard.events import logger
from bearerguard.issuers.application import application_by_idtyp
from bearerguard.issuers.claim_rule import ClaimRule
from bearerguard.issuers.issuer import OPENID_CONFIGURATION, Issuer
from bearerguard.issuers.options import EntraOptions, check_options, names_keys, plain_http
from bearerguard.issuers.profile import TENANT, Profile
from bearerguard.issuers.request_form import MICROSOFT
from bearerguard.microsoft import AUTHORITY, CHINA, canonical_authority

_STS: Final = "https://sts.windows.net"
_STS_OF: Final[Mapping[str, str]] = {CHINA: "https://sts.chinacloudapi.cn"}  # Azure Government signs with the global name
_PRESET_OF: Final = ((".ciamlogin.com", "entra_external(tenant_id=…)"), (".b2clogin.com", "azure_b2c(…)"))


def entra(
    tenant_id: str, *, authority: str = AUTHORITY, app_id: str | None = None, **options: Unpack[EntraOptions]
) -> tuple[Issuer, Issuer]:
    """One tenant of Microsoft Entra ID, for v1 and v2 tokens alike.

    An API's manifest sets which version it gets (``requestedAccessTokenVersion``), whatever
    endpoint the client asked; both are accepted. ``aud`` of a v2 token is the API's client id; of a
    v1 token the client id or an application ID URI: list all of them in
    ``ResourceServer(audience=…)``. Roles come from ``roles``, scopes from ``scp``, the client from
    ``azp`` (v2) or ``appid`` (v1).

    Required beyond the standard checks: ``ver`` fits the form of ``iss``, ``tid`` is the tenant,
    and the token names its client, which an ID token does not. Tokens for Microsoft Graph (header
    ``nonce``) are refused with their own code.

    Does not check ``azpacr``, ``acrs`` or group membership, and never fetches ``_claim_sources``.
    Only the optional claim ``idtyp`` makes it certain that a token is an application's own; without
    it, roles and no ``scp`` count as an application. ``require_at_jwt=True`` refuses every token,
    since Entra sends ``JWT``.

    Source: https://learn.microsoft.com/en-us/entra/identity-platform/access-tokens

    Args:
        tenant_id: Directory (tenant) id, a GUID: tokens never carry the domain name of a tenant.
        authority: ``https://login.microsoftonline.us`` for Azure Government,
            ``https://login.partner.microsoftonline.cn`` for Azure operated by 21Vianet. v1 tokens
            of the latter are issued by ``https://sts.chinacloudapi.cn``, all others by
            ``https://sts.windows.net``. Older names of these hosts, such as
            ``https://login.windows.net``, stand for the one that tokens name.
        app_id: Client id of this API, where claims mapping gives it signing keys of its own
            (``?appid=`` on the metadata).
        options: As in ``Issuer``, for v1 and v2 alike: ``algorithms``, ``require_at_jwt``,
            ``audience``, ``jwks_uri``, ``jwks``, ``insecure_allow_http``, ``insecure_http_hosts``.

    Returns:
        The issuer of v1 tokens and the issuer of v2 tokens.

    Raises:
        ConfigurationError: a value is wrong; nothing is fetched here.
        TypeError: an option is unknown.
    """
    check_options(entra, options)
    return _Directory.at(authority, app_id, options).issuers(checked_tenant_id("tenant_id", tenant_id))


def entra_multitenant(
    tenants: Collection[str] = (),
    *,
    authority: str = AUTHORITY,
    app_id: str | None = None,
    insecure_any_tenant: bool = False,
    **options: Unpack[EntraOptions],
) -> tuple[Issuer, ...]:
    """Several tenants of Microsoft Entra ID, by an allow-list.

    Each tenant counts as with ``entra``: its own endpoints and its own keys, as Microsoft
    recommends. A token of any other tenant is of an unknown issuer, and causes no fetch.

    Source: https://learn.microsoft.com/en-us/entra/identity-platform/access-tokens#multitenant-applications

    Args:
        tenants: Directory (tenant) ids, GUIDs.
        authority: As in ``entra``.
        app_id: As in ``entra``.
        insecure_any_tenant: Accept every tenant there is, in place of the list; ``tid`` must still
            be the tenant in ``iss``. Anyone can open a tenant: restrict routes by ``tenant(…)``. It
            is logged as a warning.
        options: As in ``entra``, for all tenants: ``algorithms``, ``require_at_jwt``, ``audience``,
            ``jwks_uri``, ``jwks``, ``insecure_allow_http``, ``insecure_http_hosts``.

    Returns:
        Two issuers for each tenant: v1 and v2; with ``insecure_any_tenant`` two templates.

    Raises:
        ConfigurationError: a value is wrong, or there is neither a tenant nor
            ``insecure_any_tenant``.
        TypeError: an option is unknown.
    """
    check_options(entra_multitenant, options)
    directory = _Directory.at(authority, app_id, options)
    allowed = _checked_tenants(tenants)
    if insecure_any_tenant is not True:
        if not allowed:
            _wrong_tenants("expected at least one tenant")
        return tuple(issuer for tenant in allowed for issuer in directory.issuers(tenant))
    if allowed:
        _wrong_tenants("an allow-list and insecure_any_tenant=True contradict each other")
    logger.warning("insecure_any_tenant is on: tokens of every tenant of %r are accepted", authority)
    return directory.issuers(TENANT)


class _Places(NamedTuple):
    """Where clients and people ask; ``common`` gives an application no token of its own."""

    token: str | None
    authorization: str


@dataclass(frozen=True, slots=True)
class _Directory:
    """What all tenants of one configuration have in common; made by ``at``."""

    authority: str
    app_id: str | None
    options: EntraOptions

    @classmethod
    def at(cls, authority: str, app_id: str | None, options: EntraOptions) -> "_Directory":
        """Checked settings; an alias is replaced by the authority that tokens name."""
        checked_base_url("authority", authority, example=f'"{AUTHORITY}"', **plain_http(options))
        for suffix, preset in _PRESET_OF:
            if authority.endswith(suffix):
                problem = f"tokens of {authority} have an issuer of another form, which {preset} knows"
                raise ConfigurationError("authority", problem, example=f'"{AUTHORITY}"')
        if app_id is not None:
            checked_guid("app_id", app_id)
            if names_keys(options):
                problem = "it belongs to the metadata's address, which jwks_uri and jwks replace"
                raise ConfigurationError("app_id", problem, example="app_id=None")
        return cls(canonical_authority(authority), app_id, options)

    def issuers(self, tenant: str) -> tuple[Issuer, Issuer]:
        """v1 and v2 of a tenant, or the templates of all."""
        v1 = f"{_STS_OF.get(self.authority, _STS)}/{tenant}/"
        v2 = f"{self.authority}/{tenant}/v2.0"
        endpoints = f"{self.authority}/{'common' if tenant == TENANT else tenant}"
        # these give tokens of both versions
        places = _Places(None if tenant == TENANT else f"{endpoints}/oauth2/v2.0/token", f"{endpoints}/oauth2/v2.0/authorize")
        # Microsoft.IdentityModel takes keys of the v2 set for v1 tokens too
        v1_profile = entra_profile("entra_v1", tenant, version="1.0", client="appid", key_issuers=(v1, v2))
        v2_profile = entra_profile("entra_v2", tenant, version="2.0", client="azp", key_issuers=(v2,))
        return (
            self._issuer(v1, endpoints, v1_profile, places),
            self._issuer(v2, f"{endpoints}/v2.0", v2_profile, places),
        )

    def _issuer(self, issuer: str, endpoints: str, profile: Profile, places: _Places) -> Issuer:
        query = f"?appid={self.app_id.lower()}" if self.app_id else ""
        metadata_url = None if names_keys(self.options) else f"{endpoints}{OPENID_CONFIGURATION}{query}"
        return Issuer(
            issuer,
            metadata_url,
            profile=profile,
            token_endpoint=places.token,
            authorization_endpoint=places.authorization,
            request_form=MICROSOFT,
            **self.options,
        )


def entra_profile(name: str, tenant: str, *, version: str, client: str, key_issuers: tuple[str, ...] = ()) -> Profile:
    """How tokens of Entra are read, workforce and external tenants alike."""
    any_tenant = tenant == TENANT
    return Profile(
        name=name,
        roles=(("roles",),),
        scopes=(("scp",),),
        client=((client,),),
        tenant=(("tid",),),
        rules=(
            ClaimRule(("ver",), WRONG_VERSION, frozenset({version})),
            *(() if any_tenant else (ClaimRule(("tid",), WRONG_TENANT, frozenset({tenant})),)),
            ClaimRule((client,)),  # ID tokens carry no client claim
        ),
        tenant_in_issuer=any_tenant,
        key_issuers=key_issuers,
        graph_nonce=True,
        is_application=application_by_idtyp,
        application_scopes="nothing",
    )


def _checked_tenants(tenants: Collection[str]) -> tuple[str, ...]:
    if isinstance(tenants, str) or not isinstance(tenants, Collection):
        _wrong_tenants(f"expected several GUIDs, got {show(tenants)}")
    return tuple(dict.fromkeys(checked_tenant_id("tenants", tenant) for tenant in tenants))


def _wrong_tenants(problem: str) -> NoReturn:
    raise ConfigurationError("tenants", problem, example='{"8f3c1d52-0b6e-4c49-9d55-2f1f6a0f3b11"}')

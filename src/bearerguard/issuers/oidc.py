"""Any issuer with OpenID Connect or RFC 8414 metadata, or with known keys."""

from collections.abc import Sequence
from typing import Literal, Unpack
from urllib.parse import urlsplit

from bearerguard.checks import checked_issuer_url, checked_path
from bearerguard.errors import ConfigurationError, show
from bearerguard.issuers.application import CLIENT, BySubject, application_by_subject
from bearerguard.issuers.claim_values import ClaimPath
from bearerguard.issuers.issuer import Issuer
from bearerguard.issuers.options import IssuerOptions, check_options, names_keys
from bearerguard.issuers.profile import Profile


def oidc(
    issuer: str,
    *,
    roles_claim: Sequence[str] = ("roles",),
    scopes_claim: Sequence[str] | None = None,
    client_claim: Sequence[str] | None = None,
    tenant_claim: Sequence[str] | None = None,
    discovery: Literal["openid", "oauth"] = "openid",
    **options: Unpack[IssuerOptions],
) -> Issuer:
    """Any other issuer.

    Where roles and the like are is declared as a path, a list of member names, one per level:
    ``["realm", "roles"]``. A name may hold dots and slashes. Roles are an array of strings: a
    string with separators is not a role.

    Sources: OpenID Connect Discovery 1.0 §4, RFC 8414 §3, RFC 9068 §2.2.

    Args:
        issuer: Exact ``iss``; mind a slash at the end.
        roles_claim: Path of the roles.
        scopes_claim: Path of the scopes, a string with spaces or an array; default: ``scope``, else
            ``scp``.
        client_claim: Path of the calling application's id; default: ``client_id``, else ``azp``.
        tenant_claim: Path of the tenant's id; default: none.
        discovery: Where the metadata is: ``openid`` appends ``/.well-known/openid-configuration``
            to the issuer; ``oauth`` puts ``/.well-known/oauth-authorization-server`` between host
            and path (RFC 8414 §3.1). Only this one is tried.
        options: As in ``Issuer``: ``algorithms``, ``require_at_jwt``, ``audience``,
            ``metadata_url``, ``jwks_uri``, ``jwks``, ``insecure_allow_http``.

    Raises:
        ConfigurationError: a value is wrong; nothing is fetched here.
        TypeError: an option is unknown.
    """
    check_options(oidc, options)
    if discovery not in ("openid", "oauth"):
        raise ConfigurationError("discovery", f"expected 'openid' or 'oauth', got {show(discovery)}", example='"oauth"')
    if discovery == "oauth":
        if names_keys(options):
            problem = "it says where the metadata is, which metadata_url, jwks_uri and jwks replace"
            raise ConfigurationError("discovery", problem, example='"openid"')
        options["metadata_url"] = _oauth_metadata_url(issuer, allow_http=options.get("insecure_allow_http", False))
    return Issuer(issuer, profile=_profile(roles_claim, scopes_claim, client_claim, tenant_claim), **options)


def _profile(
    roles: Sequence[str], scopes: Sequence[str] | None, client: Sequence[str] | None, tenant: Sequence[str] | None
) -> Profile:
    clients = _paths("client_claim", client, CLIENT, example='["azp"]')
    return Profile(
        name="oidc",
        roles=(checked_path("roles_claim", roles, example='["realm_access", "roles"]'),),
        scopes=_paths("scopes_claim", scopes, (("scope",), ("scp",)), example='["scope"]'),
        client=clients,
        tenant=_paths("tenant_claim", tenant, (), example='["tid"]'),
        is_application=application_by_subject if client is None else BySubject(clients),
    )


def _paths(parameter: str, path: Sequence[str] | None, default: tuple[ClaimPath, ...], *, example: str) -> tuple[ClaimPath, ...]:
    return default if path is None else (checked_path(parameter, path, example=example),)


def _oauth_metadata_url(issuer: str, *, allow_http: bool) -> str:
    """RFC 8414 §3.1: between host and path, without the path's terminating slash."""
    checked_issuer_url("issuer", issuer, allow_http=allow_http)
    parts = urlsplit(issuer)
    return f"{parts.scheme}://{parts.netloc}/.well-known/oauth-authorization-server{parts.path.rstrip('/')}"

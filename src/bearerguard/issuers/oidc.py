"""Any issuer with OpenID Connect or RFC 8414 metadata, or with known keys."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final, Literal, Unpack
from urllib.parse import urlsplit

from bearerguard.checks import Plain, checked_issuer_url, checked_path
from bearerguard.errors import ConfigurationError, show
from bearerguard.events import logger
from bearerguard.issuers.application import CLIENT, BySubject, checked_marks
from bearerguard.issuers.claim_values import ClaimPath
from bearerguard.issuers.issuer import Issuer
from bearerguard.issuers.options import IssuerOptions, check_options, names_keys, plain_http
from bearerguard.issuers.profile import Profile
from bearerguard.issuers.roles_form import RolesForm

_PRESET_OF: Final = (
    ("login.microsoftonline.com", "entra"),
    ("login.microsoftonline.us", "entra"),
    ("login.partner.microsoftonline.cn", "entra"),
    ("sts.windows.net", "entra"),
    ("sts.chinacloudapi.cn", "entra"),
    (".ciamlogin.com", "entra_external"),
    (".b2clogin.com", "azure_b2c"),
)


def oidc(
    issuer: str,
    *,
    roles_claim: Sequence[str] = ("roles",),
    roles_form: RolesForm = "array",
    scopes_claim: Sequence[str] | None = None,
    client_claim: Sequence[str] | None = None,
    tenant_claim: Sequence[str] | None = None,
    application_when: Mapping[str, str | int | bool] | None = None,
    discovery: Literal["openid", "oauth"] = "openid",
    metadata_issuers: str | Collection[str] = (),
    insecure_accept_id_tokens: bool = False,
    **options: Unpack[IssuerOptions],
) -> Issuer:
    """Any other issuer.

    Each path of roles and the like is declared as a list of member names, one per level:
    ``["realm", "roles"]``. A name may hold dots and slashes.

    An application's own token is told by ``idtyp``, by a subject that is the client (RFC 9068
    §2.2), or by ``application_when``; never by what a token lacks.

    Does not know the marks by which a vendor tells ID tokens from access tokens: a token with
    ``nonce``, ``at_hash`` or ``c_hash`` is refused, one with ``nonce`` only where it is not typed
    ``at+jwt``. For Microsoft's hosts use ``entra`` and its like, which know more; the log says so.

    Sources: OpenID Connect Discovery 1.0 §4, RFC 8414 §3, RFC 9068 §2.2.

    Args:
        issuer: Exact ``iss``; mind a slash at the end.
        roles_claim: Path of the roles.
        roles_form: ``"array"`` of strings; ``"text"``: one role as a string, or an array;
            ``"spaces"``: roles in one string with spaces between, or an array; ``"object"``: the
            member names of an object. A value of another form grants nothing.
        scopes_claim: Path of the scopes, a string with spaces or an array; default: ``scope``, else
            ``scp``.
        client_claim: Path of the calling application's id; default: ``client_id``, else ``azp``.
        tenant_claim: Path of the tenant's id; default: none.
        application_when: Claims, each with the value that marks an application's own token, such as
            ``{"gty": "client_credentials"}``; all of them must be there.
        discovery: Where the metadata is: ``openid`` appends ``/.well-known/openid-configuration``
            to the issuer; ``oauth`` puts ``/.well-known/oauth-authorization-server`` between host
            and path (RFC 8414 §3.1). Only this one is tried.
        metadata_issuers: What the metadata's ``issuer`` may be, where it is not the tokens' ``iss``
            (AD FS, SAP XSUAA); mostly together with ``metadata_url``.
        insecure_accept_id_tokens: Accept tokens with the marks of ID tokens, for issuers such as
            Dex whose access tokens have them. ID tokens for the same audience are then accepted,
            too. It is logged as a warning.
        options: As in ``Issuer``: ``algorithms``, ``require_at_jwt``, ``audience``,
            ``metadata_url``, ``jwks_uri``, ``jwks``, ``insecure_allow_http``,
            ``insecure_http_hosts``.

    Raises:
        ConfigurationError: a value is wrong; nothing is fetched here.
        TypeError: an option is unknown.
    """
    check_options(oidc, options)
    if discovery not in ("openid", "oauth"):
        raise ConfigurationError("discovery", f"expected 'openid' or 'oauth', got {show(discovery)}", example='"oauth"')
    if discovery == "oauth":
        if names_keys(options):
            problem = "metadata_url, jwks_uri and jwks already say where the keys are"
            raise ConfigurationError("discovery", problem, example='"openid"')
        options["metadata_url"] = _oauth_metadata_url(issuer, plain_http(options))
    _tell_of_a_preset(issuer)
    clients = _paths("client_claim", client_claim, CLIENT, example='["azp"]')
    profile = Profile(
        name="oidc",
        roles=(checked_path("roles_claim", roles_claim, example='["realm_access", "roles"]'),),
        roles_form=roles_form,
        scopes=_paths("scopes_claim", scopes_claim, (("scope",), ("scp",)), example='["scope"]'),
        client=clients,
        tenant=_paths("tenant_claim", tenant_claim, (), example='["tid"]'),
        insecure_accept_id_tokens=insecure_accept_id_tokens,
        is_application=BySubject(clients, checked_marks(application_when)),
    )
    return Issuer(issuer, profile=profile, metadata_issuers=metadata_issuers, **options)


def _tell_of_a_preset(issuer: str) -> None:
    """Catch two slips: an issuer that no token can have, and one whose own preset checks more."""
    host = urlsplit(issuer).hostname if isinstance(issuer, str) and "[" not in issuer else None
    if host is None:
        return
    if host.endswith(".auth0.com") and not urlsplit(issuer).path:
        problem = f"issuers of Auth0 end in a slash, got {issuer!r}; auth0({host!r}) knows more of its tokens"
        raise ConfigurationError("issuer", problem, example=f'"{issuer}/"')
    for suffix, preset in _PRESET_OF:
        if host.endswith(suffix):
            logger.warning("oidc(%r) checks neither tenant nor version: use the preset %s(…)", issuer, preset)


def _paths(parameter: str, path: Sequence[str] | None, default: tuple[ClaimPath, ...], *, example: str) -> tuple[ClaimPath, ...]:
    return default if path is None else (checked_path(parameter, path, example=example),)


def _oauth_metadata_url(issuer: str, plain: Plain) -> str:
    """RFC 8414 §3.1: between host and path, without the path's terminating slash."""
    checked_issuer_url("issuer", issuer, **plain)
    parts = urlsplit(issuer)
    return f"{parts.scheme}://{parts.netloc}/.well-known/oauth-authorization-server{parts.path.rstrip('/')}"

"""Keycloak."""

from typing import Final, Unpack

from bearerguard.checks import Plain, checked_base_url, checked_text
from bearerguard.error_codes import NOT_AN_ACCESS_TOKEN
from bearerguard.errors import ConfigurationError, show
from bearerguard.issuers.claim_rule import ClaimRule
from bearerguard.issuers.claim_values import Claims
from bearerguard.issuers.issuer import Issuer
from bearerguard.issuers.options import IssuerOptions, check_options, plain_http
from bearerguard.issuers.profile import Profile

_BASE_URL: Final = '"https://sso.example.com"'


def keycloak(base_url: str, realm: str, client_id: str, **options: Unpack[IssuerOptions]) -> Issuer:
    """A realm of Keycloak.

    ``iss`` is ``{base_url}/realms/{realm}`` without a slash at the end. Roles are those of the
    realm (``realm_access.roles``) and those of this API's own client
    (``resource_access[client_id].roles``), never another client's; scopes come from ``scope``, the
    client from ``azp`` or ``client_id``.

    Keycloak puts this API into ``aud`` only through an audience mapper, or where the caller holds a
    role of its client: add a mapper to a client scope, and name the API in
    ``ResourceServer(audience=…)``.

    Required beyond the standard checks: the claim ``typ`` is ``Bearer``. ID, refresh, offline and
    logout tokens have another one. A ``nonce`` proves nothing here: access tokens have one before
    Keycloak 25, and later through the mapper "Nonce backwards compatible".

    Does not ask Keycloak whether the session still lives, and does not look at ``acr``, groups or
    authorization permissions.

    Source: https://www.keycloak.org/docs/latest/server_admin/index.html and, for ``nonce``,
    https://www.keycloak.org/docs/latest/upgrading/index.html (25.0.0)

    Args:
        base_url: Where clients reach Keycloak, such as ``https://sso.example.com``, without
            ``/realms/…``, and with ``/auth`` where the server has that path, as before Keycloak 17.
        realm: Name of the realm, as it is written in ``iss``.
        client_id: This API's own client, whose roles count.
        options: As in ``Issuer``: ``algorithms``, ``require_at_jwt``, ``audience``,
            ``metadata_url``, ``jwks_uri``, ``jwks``, ``insecure_allow_http``,
            ``insecure_http_hosts``.

    Raises:
        ConfigurationError: a value is wrong; nothing is fetched here.
        TypeError: an option is unknown.
    """
    check_options(keycloak, options)
    _check_base_url(base_url, plain_http(options))
    checked_text("realm", realm, r"[A-Za-z0-9._~%-]+", expected="the realm as it is written in a URL", example='"contoso"')
    checked_text("client_id", client_id, r"[^\s](.*[^\s])?", expected="the id of this API's client", example='"orders"')
    issuer = f"{base_url}/realms/{realm}"
    protocol, profile = f"{issuer}/protocol/openid-connect", _profile(client_id)
    token, authorization = f"{protocol}/token", f"{protocol}/auth"
    return Issuer(issuer, profile=profile, token_endpoint=token, authorization_endpoint=authorization, **options)


def _check_base_url(base_url: str, plain: Plain) -> None:
    checked_base_url("base_url", base_url, example=_BASE_URL, **plain)
    if "/realms/" in base_url:
        problem = f"expected the address before /realms/, got {show(base_url)}: the realm is a parameter of its own"
        raise ConfigurationError("base_url", problem, example=_BASE_URL)


def _profile(client_id: str) -> Profile:
    return Profile(
        name="keycloak",
        roles=(("realm_access", "roles"), ("resource_access", client_id, "roles")),
        scopes=(("scope",),),
        client=(("azp",), ("client_id",)),
        nonce_marks_id_tokens=False,
        rules=(ClaimRule(("typ",), NOT_AN_ACCESS_TOKEN, frozenset({"Bearer"})),),
        is_application=application_by_service_account,
    )


def application_by_service_account(claims: Claims, _roles: frozenset[str]) -> bool:
    """The token is of a service account: ``client_id`` repeats ``azp``; in older realms
    ``clientId``.

    Only the client scope ``service_account`` adds that claim, for the client-credentials grant. A
    token with ``sid`` belongs to a user's session, so a hard-coded ``client_id`` does not make it
    an application's. ``preferred_username`` is not looked at: it can be changed.

    Source: https://www.keycloak.org/docs/latest/upgrading/index.html (26.1.0, ``service_account``)
    """
    client = claims.get("client_id", claims.get("clientId"))
    return type(client) is str and client != "" and client == claims.get("azp") and "sid" not in claims

"""Auth0."""

from typing import Unpack

from bearerguard.checks import checked_base_url, checked_domain, checked_text
from bearerguard.issuers.claim_values import ClaimPath, Claims
from bearerguard.issuers.issuer import Issuer
from bearerguard.issuers.options import IssuerOptions, check_options, plain_http
from bearerguard.issuers.profile import Profile
from bearerguard.issuers.request_form import RequestForm


def auth0(
    domain: str, *, roles_claim: str | None = None, base_url: str | None = None, **options: Unpack[IssuerOptions]
) -> Issuer:
    """A tenant of Auth0, for access tokens of its default profile and of its RFC 9068 profile.

    ``iss`` is ``https://{domain}/`` with the slash. Roles come from ``permissions``, which a token
    has only if "RBAC" and "Add Permissions in the Access Token" are on for the API, and from
    ``roles_claim`` if named; scopes from ``scope``; the client from ``azp`` (default profile) or
    ``client_id`` (RFC 9068 profile); the tenant from ``org_id``, where Organizations are used. ID
    tokens carry no client claim, and so are refused.

    Does not accept HS256, which an API of Auth0 can be set to. Role names are in a token only if an
    Action adds them and ``roles_claim`` names that claim. With ``require_at_jwt=True`` only the
    RFC 9068 profile is accepted.

    Source: https://auth0.com/docs/secure/tokens/access-tokens/access-token-profiles

    Args:
        domain: Of the tenant or a custom domain, such as ``dev-1x2y3z.us.auth0.com``. Tokens name
            the domain that the client asked; where clients use both, list both.
        roles_claim: Name of a claim that an Action adds, such as ``https://orders.example/roles``;
            one name, not a path.
        base_url: Replaces ``https://{domain}``, such as a local issuer; ``iss`` is then this and a
            slash.
        options: As in ``Issuer``: ``algorithms``, ``require_at_jwt``, ``audience``,
            ``metadata_url``, ``jwks_uri``, ``jwks``, ``insecure_allow_http``,
            ``insecure_http_hosts``.

    Raises:
        ConfigurationError: a value is wrong; nothing is fetched here.
        TypeError: an option is unknown.
    """
    check_options(auth0, options)
    checked_domain("domain", domain, example='"dev-1x2y3z.us.auth0.com"')
    base = f"https://{domain}" if base_url is None else base_url
    checked_base_url("base_url", base, example='"https://dev-1x2y3z.us.auth0.com"', **plain_http(options))
    return Issuer(
        f"{base}/",
        profile=_profile(roles_claim),
        token_endpoint=f"{base}/oauth/token",
        authorization_endpoint=f"{base}/authorize",
        request_form=RequestForm(api_parameter="audience"),
        **options,
    )


def _profile(roles_claim: str | None) -> Profile:
    roles: tuple[ClaimPath, ...] = (("permissions",),)
    if roles_claim is not None:
        expected, example = "the name of a claim, without spaces", '"https://orders.example/roles"'
        roles += ((checked_text("roles_claim", roles_claim, r"[^\s]+", expected=expected, example=example),),)
    return Profile(
        name="auth0",
        roles=roles,
        scopes=(("scope",),),
        client=(("azp",), ("client_id",)),
        client_required=True,
        tenant=(("org_id",),),
        is_application=application_by_grant,
    )


def application_by_grant(claims: Claims, _roles: frozenset[str]) -> bool:
    """``gty`` is ``client-credentials``; without ``gty``, ``sub`` is the client.

    The RFC 9068 profile has no ``gty``. The client is written with ``@clients`` behind it, or alone
    where it is linked to an agent. A user's ``sub`` has neither form: it begins with the name of a
    connection and a bar.

    Source: https://auth0.com/docs/secure/tokens/access-tokens/access-token-profiles (``sub``, ``gty``)
    """
    if "gty" in claims:
        return bool(claims["gty"] == "client-credentials")
    client = claims.get("client_id")
    return type(client) is str and client != "" and claims.get("sub") in (client, f"{client}@clients")

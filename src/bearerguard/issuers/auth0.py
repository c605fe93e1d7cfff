"""Auth0."""

from collections.abc import Collection, Mapping
from typing import Any

from bearerguard.checks import checked_base_url, checked_domain, checked_text
from bearerguard.issuers.issuer import DEFAULT_ALGORITHMS, Issuer
from bearerguard.issuers.profile import ClaimPath, Claims, Profile


def auth0(
    domain: str,
    *,
    roles_claim: str | None = None,
    base_url: str | None = None,
    algorithms: Collection[str] = DEFAULT_ALGORITHMS,
    require_at_jwt: bool = False,
    audience: str | Collection[str] | None = None,
    metadata_url: str | None = None,
    jwks_uri: str | None = None,
    jwks: Mapping[str, Any] | None = None,
    insecure_allow_http: bool = False,
) -> Issuer:
    """A tenant of Auth0, for access tokens of its default profile and of its RFC 9068 profile.

    ``iss`` is ``https://{domain}/`` with the slash. Roles come from ``permissions``, which is in a token only if the API has
    RBAC and "Add Permissions in the Access Token" on, and from ``roles_claim`` if named; scopes from ``scope``; the client
    from ``azp`` (default profile) or ``client_id`` (RFC 9068 profile). A token that names no client is refused, as ID tokens are.

    Does not accept HS256, which an API of Auth0 can be set to, and knows roles by name only if an Action adds them to the token
    and ``roles_claim`` names that claim. With ``require_at_jwt=True`` only the RFC 9068 profile is accepted.

    Source: https://auth0.com/docs/secure/tokens/access-tokens/access-token-profiles

    Args:
        domain: Of the tenant or a custom domain, such as ``dev-1x2y3z.us.auth0.com``.
        roles_claim: Name of a claim that an Action adds, such as ``https://orders.example/roles``; one name, not a path.
        base_url: Stands in for ``https://{domain}``, such as a local issuer; ``iss`` is then this and a slash.
        algorithms, require_at_jwt, audience, metadata_url, jwks_uri, jwks, insecure_allow_http: As in ``Issuer``.

    Raises:
        ConfigurationError: a value is wrong; nothing is fetched here.
    """
    checked_domain("domain", domain, example='"dev-1x2y3z.us.auth0.com"')
    base = f"https://{domain}" if base_url is None else base_url
    checked_base_url("base_url", base, allow_http=insecure_allow_http, example='"https://dev-1x2y3z.us.auth0.com"')
    return Issuer(
        f"{base}/",
        metadata_url=metadata_url,
        jwks_uri=jwks_uri,
        jwks=jwks,
        algorithms=algorithms,
        require_at_jwt=require_at_jwt,
        profile=_profile(roles_claim),
        audience=audience,
        insecure_allow_http=insecure_allow_http,
        token_endpoint=f"{base}/oauth/token",
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
        is_application=application_by_grant,
    )


def application_by_grant(claims: Claims, _roles: frozenset[str]) -> bool:
    """``gty`` is ``client-credentials``; the RFC 9068 profile has no ``gty``: there ``sub`` is the client and ``@clients``.

    A user's ``sub`` never has that form: it begins with the name of a connection and a bar.

    Source: https://auth0.com/docs/secure/tokens/access-tokens/access-token-profiles (``sub``, ``gty``)
    """
    if "gty" in claims:
        return bool(claims["gty"] == "client-credentials")
    client = claims.get("client_id")
    return type(client) is str and client != "" and claims.get("sub") == f"{client}@clients"

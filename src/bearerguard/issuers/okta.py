"""Okta."""

import re
from collections.abc import Collection, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from bearerguard.checks import checked_base_url
from bearerguard.errors import ConfigurationError, show
from bearerguard.issuers.issuer import DEFAULT_ALGORITHMS, Issuer
from bearerguard.issuers.profile import Claims, Profile


def okta(
    issuer: str,
    *,
    algorithms: Collection[str] = DEFAULT_ALGORITHMS,
    require_at_jwt: bool = False,
    audience: str | Collection[str] | None = None,
    metadata_url: str | None = None,
    jwks_uri: str | None = None,
    jwks: Mapping[str, Any] | None = None,
    insecure_allow_http: bool = False,
) -> Issuer:
    """A custom authorization server of Okta.

    Roles come from ``groups``, which is in a token only if the server has a groups claim of that name; scopes from ``scp``,
    an array; the client from ``cid``, without which a token is refused: an ID token has none. ``aud`` is set at the
    authorization server, ``api://default`` for the one named ``default``.

    Access tokens of the org authorization server (``iss`` without ``/oauth2/…``) are for Okta's own APIs: nobody else can verify
    them, so that its issuer is refused here. ``require_at_jwt=True`` refuses every token, since Okta sends no ``typ``.

    Source: https://developer.okta.com/docs/api/openapi/okta-oauth/guides/overview/ (access token, custom authorization server)

    Args:
        issuer: Such as ``https://dev-123456.okta.com/oauth2/default``, without a slash at the end.
        algorithms, require_at_jwt, audience, metadata_url, jwks_uri, jwks, insecure_allow_http: As in ``Issuer``.

    Raises:
        ConfigurationError: a value is wrong; nothing is fetched here.
    """
    example = '"https://dev-123456.okta.com/oauth2/default"'
    checked_base_url("issuer", issuer, allow_http=insecure_allow_http, example=example)
    if not re.fullmatch(r"/oauth2/[^/]+", urlsplit(issuer).path):
        problem = f"expected a custom authorization server, whose path is /oauth2/<id>, got {show(issuer)}"
        raise ConfigurationError("issuer", problem, example=example)
    return Issuer(
        issuer,
        metadata_url=metadata_url,
        jwks_uri=jwks_uri,
        jwks=jwks,
        algorithms=algorithms,
        require_at_jwt=require_at_jwt,
        profile=_PROFILE,
        audience=audience,
        insecure_allow_http=insecure_allow_http,
        token_endpoint=f"{issuer}/v1/token",
    )


def application_by_user_id(claims: Claims, _roles: frozenset[str]) -> bool:
    """``sub`` is the client itself and there is no ``uid``, the id of a user.

    Source: https://developer.okta.com/docs/api/openapi/okta-oauth/guides/overview/ (access token, ``cid``, ``uid``, ``sub``)
    """
    client = claims.get("cid")
    return type(client) is str and client != "" and claims.get("sub") == client and "uid" not in claims


_PROFILE: Final = Profile(
    name="okta",
    roles=(("groups",),),
    scopes=(("scp",),),
    client=(("cid",),),
    client_required=True,
    is_application=application_by_user_id,
)

"""Okta."""

import re
from typing import Final, Unpack
from urllib.parse import urlsplit

from bearerguard.checks import checked_base_url
from bearerguard.errors import ConfigurationError, show
from bearerguard.issuers.claim_values import Claims
from bearerguard.issuers.issuer import Issuer
from bearerguard.issuers.options import IssuerOptions, check_options, plain_http
from bearerguard.issuers.profile import Profile


def okta(issuer: str, **options: Unpack[IssuerOptions]) -> Issuer:
    """A custom authorization server of Okta.

    Roles come from ``groups``, which a token has only if the server has a groups claim of that
    name; scopes from ``scp``, an array; the client from ``cid``. ID tokens have no ``cid``, and so
    are refused. ``aud`` is set at the authorization server: ``api://default`` for the one named
    ``default``.

    Access tokens of the org authorization server (``iss`` without ``/oauth2/…``) are for Okta's own
    APIs, and nobody else can verify them: its issuer is a ``ConfigurationError``.
    ``require_at_jwt=True`` refuses every token, since Okta sends no ``typ``.

    Source: https://developer.okta.com/docs/api/openapi/okta-oauth/guides/overview/ (access token,
    custom authorization server)

    Args:
        issuer: Such as ``https://dev-123456.okta.com/oauth2/default``, without a slash at the end.
        options: As in ``Issuer``: ``algorithms``, ``require_at_jwt``, ``audience``,
            ``metadata_url``, ``jwks_uri``, ``jwks``, ``insecure_allow_http``,
            ``insecure_http_hosts``.

    Raises:
        ConfigurationError: a value is wrong; nothing is fetched here.
        TypeError: an option is unknown.
    """
    check_options(okta, options)
    example = '"https://dev-123456.okta.com/oauth2/default"'
    checked_base_url("issuer", issuer, example=example, **plain_http(options))
    if not re.fullmatch(r"/oauth2/[^/]+", urlsplit(issuer).path):
        problem = f"expected a custom authorization server, whose path is /oauth2/<id>, got {show(issuer)}"
        raise ConfigurationError("issuer", problem, example=example)
    token, authorization = f"{issuer}/v1/token", f"{issuer}/v1/authorize"
    return Issuer(issuer, profile=_PROFILE, token_endpoint=token, authorization_endpoint=authorization, **options)


def application_by_user_id(claims: Claims, _roles: frozenset[str]) -> bool:
    """``sub`` is the client itself and there is no ``uid``, the id of a user.

    Source: https://developer.okta.com/docs/api/openapi/okta-oauth/guides/overview/ (access token,
    ``cid``, ``uid``, ``sub``)
    """
    client = claims.get("cid")
    return type(client) is str and client != "" and claims.get("sub") == client and "uid" not in claims


_PROFILE: Final = Profile(
    name="okta",
    roles=(("groups",),),
    scopes=(("scp",),),
    client=(("cid",),),
    nonce_marks_id_tokens=False,
    client_required=True,
    is_application=application_by_user_id,
)

"""Amazon Cognito user pools."""

from collections.abc import Collection
from typing import Final, Unpack

from bearerguard.checks import checked_base_url, checked_names, checked_text
from bearerguard.error_codes import NOT_AN_ACCESS_TOKEN
from bearerguard.errors import ConfigurationError, show
from bearerguard.issuers.claim_rule import ClaimRule
from bearerguard.issuers.claim_values import Claims
from bearerguard.issuers.issuer import Issuer
from bearerguard.issuers.options import CognitoOptions, check_options
from bearerguard.issuers.profile import Profile

_REGION: Final = r"[a-z]{2,3}(-[a-z]+)+-\d"


def cognito(
    region: str,
    user_pool_id: str,
    client_ids: str | Collection[str],
    *,
    base_url: str | None = None,
    **options: Unpack[CognitoOptions],
) -> Issuer:
    """A user pool of Amazon Cognito.

    ``iss`` is ``https://cognito-idp.{region}.amazonaws.com/{user_pool_id}``. An access token of
    Cognito has no ``aud`` unless the client asked for a resource binding: ``client_id`` is judged
    instead, by the list given here. Where ``aud`` is present it is judged too, by the audience of
    the resource server. Roles are the groups (``cognito:groups``, users only), scopes come from
    ``scope`` in the form ``server/scope``, the client from ``client_id``.

    Demanded besides the standard checks: ``token_use`` is ``access``.

    Without ``aud``, any API that allows the same app client accepts the same token: restrict routes
    by the scopes of this API's resource server. ``require_at_jwt=True`` refuses every token, since
    Cognito sends no ``typ``.

    Source: https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-access-token.html

    Args:
        region: Such as ``eu-central-1``.
        user_pool_id: Such as ``eu-central-1_Example01``.
        client_ids: App clients that may call this API, one or several.
        base_url: Replaces ``https://cognito-idp.{region}.amazonaws.com``: another partition of AWS,
            a local issuer.
        options: As in ``Issuer``: ``algorithms``, ``require_at_jwt``, ``metadata_url``,
            ``jwks_uri``, ``jwks``, ``insecure_allow_http``.

    Raises:
        ConfigurationError: a value is wrong; nothing is fetched here.
        TypeError: an option is unknown.
    """
    check_options(cognito, options)
    pool = _checked_pool(region, user_pool_id)
    base = f"https://cognito-idp.{region}.amazonaws.com" if base_url is None else base_url
    allow_http = options.get("insecure_allow_http", False)
    checked_base_url("base_url", base, allow_http=allow_http, example='"https://cognito-idp.cn-north-1.amazonaws.com.cn"')
    clients = checked_names("client_ids", client_ids, expected="ids of app clients", example='"1example23456789"')
    return Issuer(f"{base}/{pool}", profile=_PROFILE, audience=clients, **options)


def _checked_pool(region: str, user_pool_id: str) -> str:
    checked_text("region", region, _REGION, expected="a region of AWS", example='"eu-central-1"')
    example = f'"{region}_Example01"'
    checked_text("user_pool_id", user_pool_id, r"[\w-]+_[0-9A-Za-z]+", expected="the id of a user pool", example=example)
    if user_pool_id.rpartition("_")[0] != region:
        raise ConfigurationError("user_pool_id", f"expected a pool of {region}, got {show(user_pool_id)}", example=example)
    return user_pool_id


def application_by_username(claims: Claims, _roles: frozenset[str]) -> bool:
    """``sub`` is the app client itself and there is no ``username``, which every token of a user has.

    Source: https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-access-token.html
    """
    client = claims.get("client_id")
    return type(client) is str and client != "" and claims.get("sub") == client and "username" not in claims


_PROFILE: Final = Profile(
    name="cognito",
    roles=(("cognito:groups",),),
    scopes=(("scope",),),
    client=(("client_id",),),
    audience_claim="client_id",
    nonce_marks_id_tokens=False,
    rules=(ClaimRule(("token_use",), NOT_AN_ACCESS_TOKEN, frozenset({"access"})),),
    is_application=application_by_username,
)

"""Amazon Cognito user pools."""

from collections.abc import Collection, Iterable, Mapping
from typing import Final, Unpack

from bearerguard.checks import checked_base_url, checked_names, checked_text
from bearerguard.error_codes import NOT_AN_ACCESS_TOKEN
from bearerguard.issuers.claim_rule import ClaimRule
from bearerguard.issuers.claim_values import Claims
from bearerguard.issuers.issuer import OPENID_CONFIGURATION, Issuer
from bearerguard.issuers.options import CognitoOptions, check_options, names_keys, plain_http
from bearerguard.issuers.profile import Profile

_BASE_URL: Final = '"https://cognito-idp.cn-north-1.amazonaws.com.cn"'
_REGION: Final = r"[a-z]{2,3}(?:-[a-z]+)+-\d"
_POOL: Final = rf"{_REGION}_[0-9A-Za-z]+"


def cognito(
    region: str,
    user_pool_id: str,
    client_ids: str | Collection[str],
    *,
    replica_regions: str | Collection[str] = (),
    base_url: str | None = None,
    **options: Unpack[CognitoOptions],
) -> tuple[Issuer, ...]:
    """A user pool of Amazon Cognito, and its replicas.

    A pool writes ``iss`` in one of two forms, and both are accepted:
    ``https://cognito-idp.{region}.amazonaws.com/{user_pool_id}`` (type ORIGINAL, the default), and
    ``https://issuer-cognito-idp.{primary region}.amazonaws.com/{user_pool_id}`` (type UPDATED).
    With the original type a replica names its own region. The keys of the pool are the same for
    both forms; they are fetched from the original address, which every pool has.

    An access token of Cognito has no ``aud`` unless the client asked for a resource binding:
    ``client_id`` is judged instead, by the list given here. Where ``aud`` is present it is judged
    too, by the audience of the resource server. Roles are the groups (``cognito:groups``, users
    only), scopes come from ``scope`` in the form ``server/scope``, the client from ``client_id``.

    Required beyond the standard checks: ``token_use`` is ``access``.

    Without ``aud``, any API that allows the same app client accepts the same token: restrict routes
    by the scopes of this API's resource server. ``require_at_jwt=True`` refuses every token, since
    Cognito sends no ``typ``.

    Source: https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-access-token.html,
    https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_IssuerConfigurationType.html
    and, for ``iss`` of replicas, https://github.com/awslabs/aws-jwt-verify/issues/282

    Args:
        region: Such as ``eu-central-1``: the pool's own, or the one of a replica.
        user_pool_id: Such as ``eu-central-1_Example01``; a replica has the id of its primary pool.
        client_ids: App clients that may call this API, one or several.
        replica_regions: Other regions to which the pool is replicated.
        base_url: Replaces both addresses: another partition of AWS, a local issuer.
        options: As in ``Issuer``: ``algorithms``, ``require_at_jwt``, ``metadata_url``,
            ``jwks_uri``, ``jwks``, ``insecure_allow_http``, ``insecure_http_hosts``.

    Returns:
        The original issuer of each region, then the updated one; with ``base_url`` only that.

    Raises:
        ConfigurationError: a value is wrong; nothing is fetched here.
        TypeError: an option is unknown.
    """
    check_options(cognito, options)
    replicas = [replica_regions] if isinstance(replica_regions, str) else replica_regions
    metadata_of = _metadata_of(region, replicas, user_pool_id)
    if base_url is not None:
        form = f"{checked_base_url('base_url', base_url, example=_BASE_URL, **plain_http(options))}/{user_pool_id}"
        metadata_of = {form: f"{form}{OPENID_CONFIGURATION}"}
    clients = checked_names("client_ids", client_ids, expected="ids of app clients", example='"1example23456789"')
    return tuple(_issuer(each, metadata_of, clients, options) for each in metadata_of)


def _issuer(issuer: str, metadata_of: Mapping[str, str], clients: frozenset[str], options: CognitoOptions) -> Issuer:
    given = options.copy()
    if not names_keys(given):
        given["metadata_url"] = metadata_of[issuer]
    # all forms are of one pool, so that either's document will do
    return Issuer(issuer, profile=_PROFILE, audience=clients, metadata_issuers=tuple(metadata_of), **given)


def _metadata_of(region: str, replicas: Iterable[str], pool: str) -> dict[str, str]:
    """Each form of ``iss`` with its metadata; the updated form uses the place that every pool has."""
    example = f'"{_checked_region("region", region)}_Example01"'
    checked_text("user_pool_id", pool, _POOL, expected="the id of a user pool", example=example)
    regions = (region, *(_checked_region("replica_regions", replica) for replica in replicas))
    originals = [f"https://cognito-idp.{each}.amazonaws.com/{pool}" for each in regions]
    updated = f"https://issuer-cognito-idp.{pool.rpartition('_')[0]}.amazonaws.com/{pool}"
    return {form: f"{form}{OPENID_CONFIGURATION}" for form in originals} | {updated: f"{originals[0]}{OPENID_CONFIGURATION}"}


def _checked_region(parameter: str, region: str) -> str:
    return checked_text(parameter, region, _REGION, expected="a region of AWS", example='"eu-central-1"')


def application_by_username(claims: Claims, _roles: frozenset[str]) -> bool:
    """``sub`` is the app client, and there is no ``username``, which every user's token has.

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

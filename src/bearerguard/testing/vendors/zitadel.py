"""Zitadel: JWT access tokens, which an application or a service user has to be switched to.

Roles are the members of an object; each holds the organizations that granted the role. Neither the
scopes nor a mark of service users is in a token.

Sources: https://zitadel.com/docs/apis/openidoauth/claims,
https://zitadel.com/docs/guides/integrate/retrieve-user-roles,
https://zitadel.com/docs/guides/integrate/service-users/client-credentials
"""

from collections.abc import Mapping
from typing import Any, Final

from bearerguard.issuers.profile import Profile
from bearerguard.testing.shape import Claims, Directory, Document, Requested, Shape, TokenContent, id_token, with_profile
from bearerguard.testing.token_refusal import Reason, TokenRefused

_ROLES: Final = "urn:zitadel:iam:org:project:roles"
_PROFILE: Final = Profile(
    name="zitadel",
    roles=((_ROLES,),),
    roles_form="object",
    client=(("client_id",), ("azp",)),
    tenant=(("urn:zitadel:iam:user:resourceowner:id",),),
)


def _documents(base_url: str, _directory: Directory) -> tuple[Document, ...]:
    urls = (f"{base_url}/.well-known/openid-configuration",)
    oauth = f"{base_url}/oauth/v2"
    document = Document(
        urls,
        base_url,
        f"{oauth}/keys",
        f"{oauth}/token",
        authorization_endpoint=f"{oauth}/authorize",
        introspection_endpoint=f"{oauth}/introspect",
        revocation_endpoint=f"{oauth}/revoke",
    )
    return (document,)


def _access(token: TokenContent, subject: str) -> Claims:
    directory = token.directory
    claims: Claims = {
        "iss": token.issuer,
        "sub": subject,
        "aud": [token.audience, token.client_id, directory.project_id],
        "exp": token.expires_at,
        "iat": token.issued_at,
        "nbf": token.issued_at,
        "client_id": token.client_id,
        "jti": f"V2_{_number(token.token_id)}-at_{_number(token.opaque('jti'))}",
        "urn:zitadel:iam:user:resourceowner:id": directory.organization_id,
    }
    granted = {role: {directory.organization_id: "contoso.zitadel.cloud"} for role in token.roles}
    if granted:  # once for the client's project, once for the project that is named
        claims |= {_ROLES: granted, f"urn:zitadel:iam:org:project:{directory.project_id}:roles": granted}
    return claims


def _application(token: TokenContent) -> Claims:
    return _access(token, _number(token.object_id))


def _user(token: TokenContent) -> Claims:
    return _access(token, token.user)


def _id_token(token: TokenContent) -> Claims:
    """``azp``, ``amr`` and the hash of the access token; it may hold roles, too."""
    of_zitadel = {"amr": ["pwd"], "azp": token.client_id, "client_id": token.client_id}
    return id_token(token) | of_zitadel | {"aud": [token.client_id, token.directory.project_id]}


def _number(text: str) -> str:
    """Ids of Zitadel have 18 digits."""
    return str(int.from_bytes(text.encode()[-8:]) % 10**18).zfill(18)


def _ask(form: Mapping[str, str]) -> Requested:
    """``openid`` is required; scopes choose the claims of a token and are not in it."""
    if "openid" not in form.get("scope", "").split():
        raise TokenRefused(Reason.INVALID_SCOPE, form.get("scope", ""))
    return Requested(None, ())


def _answer(token: TokenContent) -> dict[str, Any]:
    return {"expires_in": token.lifetime - 1}


SHAPES: Final = (
    Shape(
        name="zitadel",
        documents=_documents,
        application=_application,
        user=_user,
        id_token=_id_token,
        lifetime=43_200,
        scopes_of=(),
        ask=_ask,
        answer=_answer,
        trusted=with_profile(_PROFILE),
    ),
)

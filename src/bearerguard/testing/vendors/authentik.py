"""Authentik: an access token is the ID token with ``azp`` and ``uid`` added, ``nonce`` included.

``aud`` is the client of the provider, whatever API is meant. Nothing marks a service account.

Sources: https://docs.goauthentik.io/add-secure-apps/providers/oauth2/,
https://docs.goauthentik.io/add-secure-apps/providers/oauth2/machine_to_machine
"""

from collections.abc import Mapping
from typing import Any, Final

from bearerguard.issuers.issuer import Issuer
from bearerguard.issuers.profile import Profile
from bearerguard.testing.shape import Claims, Directory, Document, Requested, Shape, Site, TokenContent

_PROFILE: Final = Profile(
    name="authentik",
    roles=(("groups",),),
    client=(("azp",),),
    client_required=True,
    nonce_marks_id_tokens=False,
)
"""What tells an access token from an ID token is ``azp`` alone."""


def _documents(base_url: str, directory: Directory) -> tuple[Document, ...]:
    application = f"{base_url}/application/o"
    issuer = f"{application}/{directory.application}/"
    urls = (f"{issuer}.well-known/openid-configuration",)
    document = Document(
        urls,
        issuer,
        f"{issuer}jwks/",
        f"{application}/token/",
        authorization_endpoint=f"{application}/authorize/",
        introspection_endpoint=f"{application}/introspect/",
        revocation_endpoint=f"{application}/revoke/",
    )
    return (document,)


def _shared(token: TokenContent, subject: str, name: str) -> Claims:
    """Of access and ID tokens alike; the scope ``profile`` brings the last members."""
    return {
        "iss": token.issuer,
        "sub": subject,
        "aud": token.client_id,
        "exp": token.expires_at,
        "iat": token.issued_at,
        "auth_time": token.issued_at,
        "acr": "goauthentik.io/providers/oauth2/default",
        "name": name,
        "given_name": name,
        "preferred_username": name,
        "nickname": name,
        "groups": list(token.roles),
    }


def _of_access_tokens(token: TokenContent) -> Claims:
    return {"azp": token.client_id, "uid": token.opaque("uid", 40)}


def _application(token: TokenContent) -> Claims:
    """A service account: ``ak-…-client_credentials`` is made where a client sends its secret."""
    name = f"ak-{token.directory.application}-client_credentials"
    return _shared(token, token.opaque("sub", 43), name) | _of_access_tokens(token)


def _user(token: TokenContent) -> Claims:
    return _id_token(token) | _of_access_tokens(token)


def _id_token(token: TokenContent) -> Claims:
    sign_in = {"amr": ["pwd"], "nonce": token.opaque("nonce"), "sid": token.opaque("sid", 43)}
    return _shared(token, token.user, token.user) | sign_in | {"email": token.mail, "email_verified": True}


def _ask(_form: Mapping[str, str]) -> Requested:
    """Scopes choose the claims of a token and are not in it."""
    return Requested(None, ())


def _trusted(site: Site, **settings: Any) -> tuple[Issuer, ...]:
    return (Issuer(site.issuer, profile=_PROFILE, **{"audience": site.clients, **settings}),)


SHAPES: Final = (
    Shape(
        name="authentik",
        documents=_documents,
        application=_application,
        user=_user,
        id_token=_id_token,
        lifetime=300,
        scopes_of=(),
        clients_are_audience=True,
        ask=_ask,
        trusted=_trusted,
        names_in_issuer=r"(?P<base>.+)/application/o/(?P<application>[^/]+)/",
    ),
)

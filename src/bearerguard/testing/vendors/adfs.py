"""AD FS: ``iss`` of access tokens is an http URL, and the metadata names another issuer.

Roles come from claim rules, here as ``role``; a single one is a string. So is ``auth_time``.
How an application's own token differs from a user's is not documented, so none counts as one.

Sources, below learn.microsoft.com/windows-server/identity/ad-fs:
development/ad-fs-openid-connect-oauth-concepts, overview/ad-fs-openid-connect-oauth-flows-scenarios
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlsplit

from bearerguard.issuers.issuer import Issuer
from bearerguard.issuers.profile import Profile
from bearerguard.testing.shape import (
    Claims,
    Directory,
    Document,
    Requested,
    Shape,
    Site,
    TokenContent,
    one_or_several,
    spaced,
    without,
)

_PASSWORD: Final = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"  # noqa: S105
_PROFILE: Final = Profile(
    name="adfs",
    roles=(("role",),),
    roles_form="text",
    scopes=(("scp",),),
    client=(("appid",),),
    client_required=True,
)


def _documents(base_url: str, _directory: Directory) -> tuple[Document, ...]:
    root = f"{base_url}/adfs"
    trust = f"http://{urlsplit(base_url).netloc}/adfs/services/trust"
    document = Document(
        urls=(f"{root}/.well-known/openid-configuration",),
        issuer=root,
        jwks_uri=f"{root}/discovery/keys",
        token_endpoint=f"{root}/oauth2/token/",
        authorization_endpoint=f"{root}/oauth2/authorize/",
        more={"access_token_issuer": trust},
        access_token_issuer=trust,
    )
    return (document,)


def _application(token: TokenContent) -> Claims:
    claims: Claims = {
        "aud": token.audience,
        "iss": token.issuer,
        "iat": token.issued_at,
        "exp": token.expires_at,
        "apptype": "Confidential",
        "appid": token.client_id,
        "ver": "1.0",
    }
    return claims | one_or_several("role", token.roles) | spaced("scp", token.scopes)


def _user(token: TokenContent) -> Claims:
    at = datetime.fromtimestamp(token.issued_at, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    about = {"sub": token.user, "upn": token.mail, "unique_name": f"CONTOSO\\{token.user}"}
    return _application(token) | about | {"authmethod": _PASSWORD, "auth_time": at}


def _id_token(token: TokenContent) -> Claims:
    """Its issuer is that of the metadata, and ``auth_time`` a number."""
    metadata_issuer = f"https://{urlsplit(token.issuer).netloc}/adfs"
    claims = _user(token) | {"iss": metadata_issuer, "aud": token.client_id, "auth_time": token.issued_at}
    return without(claims, "role", "scp") | {"nonce": token.opaque("nonce"), "sid": token.opaque("sid")}


def _ask(form: Mapping[str, str]) -> Requested:
    """``resource`` names the API, or a scope does: ``<resource>/<scope>``."""
    resource, _, scope = form.get("scope", "").rpartition("/")
    return Requested(form.get("resource") or resource or None, (scope,) if scope else None)


def _trusted(site: Site, **settings: Any) -> tuple[Issuer, ...]:
    (document,) = _documents(site.base_url, site.directory)
    places = {} if {"jwks", "jwks_uri"} & settings.keys() else {"metadata_url": document.urls[0]}
    return (Issuer(site.issuer, profile=_PROFILE, metadata_issuers=(document.issuer,), **{**places, **settings}),)


SHAPES: Final = (
    Shape(
        name="adfs",
        documents=_documents,
        application=_application,
        user=_user,
        id_token=_id_token,
        scopes_of=("user",),
        ask=_ask,
        ask_for_user=_ask,
        trusted=_trusted,
        names_in_metadata=r"(?P<base>.+)/adfs/\.well-known/.+",
    ),
)

"""What a shape is: an issuer's documents, its tokens, and how its token endpoint talks."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias
from urllib.parse import urlsplit
from uuid import NAMESPACE_URL, uuid5

from bearerguard.issuers.issuer import Issuer
from bearerguard.issuers.oidc import oidc
from bearerguard.issuers.profile import Profile
from bearerguard.testing.signing_key import base64url
from bearerguard.testing.token_refusal import RFC6749, RefusalStyle

Claims: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Directory:
    """Names that a vendor's customer has; each shape uses its own few.

    Attributes:
        tenant_id: Microsoft Entra and Azure AD B2C.
        tenant_name: Azure AD B2C.
        policy: Azure AD B2C.
        realm: Keycloak.
        region: Amazon Cognito.
        user_pool_id: Amazon Cognito.
        authorization_server: Okta.
        project_id: Zitadel.
        organization_id: Zitadel.
        application: Authentik, the slug of an application.
    """

    tenant_id: str = "11111111-2222-3333-4444-555555555555"
    tenant_name: str = "contoso"
    policy: str = "B2C_1_signin"
    realm: str = "contoso"
    region: str = "eu-central-1"
    user_pool_id: str = "eu-central-1_Example01"
    authorization_server: str = "default"
    project_id: str = "318838604669387014"
    organization_id: str = "318838541626507270"
    application: str = "orders"


@dataclass(frozen=True, slots=True)
class Document:
    """One metadata document.

    Attributes:
        urls: Where it is served; empty where the vendor publishes keys alone.
        issuer: Its ``issuer``.
        jwks_uri: Its ``jwks_uri``.
        token_endpoint: Its ``token_endpoint``.
        more: Further members.
        any_tenant: Pattern of the token endpoint with ``{tenant}`` in it, where the host serves
            many tenants; or empty.
        introspection_endpoint: Its ``introspection_endpoint`` (RFC 7662), empty for none.
        revocation_endpoint: Its ``revocation_endpoint`` (RFC 7009), empty for none.
        authorization_endpoint: Its ``authorization_endpoint``, empty where nobody signs in.
        access_token_issuer: ``iss`` of access tokens, where that is another than ``issuer``.
    """

    urls: tuple[str, ...]
    issuer: str
    jwks_uri: str
    token_endpoint: str
    more: Mapping[str, Any] = field(default_factory=dict)
    any_tenant: str = ""
    introspection_endpoint: str = ""
    revocation_endpoint: str = ""
    authorization_endpoint: str = ""
    access_token_issuer: str = ""


@dataclass(frozen=True, slots=True)
class Site:
    """What a preset has to know to trust a local issuer.

    Attributes:
        base_url: Where it is.
        issuer: ``iss`` of its tokens.
        directory: Names of the vendor's customer.
        audience: The API.
        clients: Client ids.
    """

    base_url: str
    issuer: str
    directory: Directory
    audience: str
    clients: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TokenContent:
    """What one token says; times in seconds since 1970.

    Attributes:
        issuer: ``iss``.
        directory: Names of the vendor's customer.
        client_id: The application the token is issued to.
        roles: App roles.
        scopes: Scopes.
        audience: ``aud``.
        issued_at: When.
        expires_at: Until when.
        token_id: Unique to this token, the same for the same clock and order of requests.
        user: The user it acts for; empty where it is the application's own.
        by_key: The client proved itself with a key instead of a secret.
    """

    issuer: str
    directory: Directory
    client_id: str
    roles: tuple[str, ...]
    scopes: tuple[str, ...]
    audience: str
    issued_at: int
    expires_at: int
    token_id: str
    user: str = ""
    by_key: bool = False

    @property
    def lifetime(self) -> int:
        """In seconds."""
        return self.expires_at - self.issued_at

    @property
    def object_id(self) -> str:
        """The service account of the client: the same GUID for the same client."""
        return str(uuid5(NAMESPACE_URL, f"{self.issuer}#{self.client_id}"))

    @property
    def mail(self) -> str:
        """E-mail address of the user."""
        return self.user if "@" in self.user else f"{self.user}@contoso.example"

    def opaque(self, claim: str, length: int = 22) -> str:
        """What only the issuer understands, such as ``aio``; differs from claim to claim."""
        return base64url(hashlib.sha256(f"{self.token_id}#{claim}".encode()).digest())[:length]

    def guid(self, claim: str) -> str:
        """The same as a GUID."""
        return str(uuid5(NAMESPACE_URL, f"{self.token_id}#{claim}"))


@dataclass(frozen=True, slots=True)
class Requested:
    """What a token request asks for.

    Attributes:
        audience: The API the token is for, ``None`` for the issuer's first.
        scopes: Requested scopes, ``None`` where the request names none.
    """

    audience: str | None
    scopes: tuple[str, ...] | None


def well_known_urls(issuer: str) -> tuple[str, str]:
    """Where OpenID Connect Discovery 1.0 §4 and RFC 8414 §3 look for the metadata of an issuer.

    The first appends to the issuer, the second inserts between host and path.
    """
    parts = urlsplit(issuer)
    path = parts.path.rstrip("/")
    return (
        f"{issuer.rstrip('/')}/.well-known/openid-configuration",
        f"{parts.scheme}://{parts.netloc}/.well-known/oauth-authorization-server{path}",
    )


def id_token(token: TokenContent) -> Claims:
    """An ID token (OpenID Connect Core 1.0 §2, §3.1.3.6): for the client, about the user."""
    return {
        "iss": token.issuer,
        "sub": token.user,
        "aud": token.client_id,
        "exp": token.expires_at,
        "iat": token.issued_at,
        "auth_time": token.issued_at,
        "nonce": token.opaque("nonce"),
        "at_hash": token.opaque("at_hash"),
        "sid": token.guid("sid"),
    }


def spaced(claim: str, names: tuple[str, ...]) -> Claims:
    """The claim with the names in one string, spaces between them; nothing where there are none."""
    return {claim: " ".join(names)} if names else {}


def listed(claim: str, names: tuple[str, ...]) -> Claims:
    """The claim with the names as an array; nothing where there are none."""
    return {claim: list(names)} if names else {}


def one_or_several(claim: str, names: tuple[str, ...]) -> Claims:
    """The claim with one name as a string, or with several as an array."""
    return {claim: names[0]} if len(names) == 1 else listed(claim, names)


def without(members: Mapping[str, Any], *names: str) -> Claims:
    """The members but for these."""
    return {name: value for name, value in members.items() if name not in names}


def with_profile(profile: Profile) -> Callable[..., tuple[Issuer, ...]]:
    """Trusts a vendor that has no preset: by its issuer and a profile."""

    def trusted(site: Site, **settings: Any) -> tuple[Issuer, ...]:
        return (Issuer(site.issuer, profile=profile, **settings),)

    return trusted


def _as_oidc(site: Site, **settings: Any) -> tuple[Issuer, ...]:
    return (oidc(site.issuer, **settings),)


def _as_asked(audience: str, _audiences: tuple[str, ...]) -> str:
    return audience


def _ask_plainly(form: Mapping[str, str]) -> Requested:
    scope = form.get("scope")
    return Requested(form.get("resource"), None if scope is None else tuple(scope.split()))


def _ask_plainly_for_user(form: Mapping[str, str]) -> Requested:
    return Requested(form.get("audience") or form.get("resource"), _ask_plainly(form).scopes)


def _answer_plainly(token: TokenContent) -> dict[str, Any]:
    return {"expires_in": token.lifetime, **spaced("scope", token.scopes)}


def _published_unchanged(jwk: dict[str, Any], _document: Document) -> dict[str, Any]:
    return jwk


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """How one vendor's issuer looks from outside.

    Attributes:
        name: As in ``LocalIssuer(shape=…)``; also the name of the preset's profile.
        documents: Metadata documents, given base URL and directory; its tokens belong to the first.
        application: Claims of a token of the client-credentials grant.
        user: Claims of a token that acts for a user.
        id_token: Claims of an ID token, or of whatever else the same keys sign for users.
        typ: Header member ``typ`` of access tokens, ``None`` for none.
        id_typ: The same of ID tokens.
        lifetime: Of a token, in seconds.
        scopes_of: Which tokens hold scopes.
        audience: ``aud`` of a token, given the API that was asked for and all that are known.
        audience_claim: The claim that names the API: ``client_id`` at Amazon Cognito.
        clients_are_audience: Whether that claim names the client, whatever API was asked for.
        jwk: A published key, given the public JWK and the document whose key set it is in.
        names_x5t: Whether token headers repeat ``kid`` as ``x5t``.
        ask: Reads what a token request is for; raises ``TokenRefused``.
        ask_for_user: The same of an authorization request, without the scopes of OpenID Connect.
        answer: Members of a good answer beside ``access_token`` and ``token_type``.
        refusals: How it words its refusals.
        trusted: The records of the vendor's preset, pointed at a local issuer.
        names_in_issuer: Pattern of ``iss``: ``base``, and the members of ``Directory`` it names.
        names_in_metadata: The same of the metadata document's URL, where that names more; or empty.
        own_codes: Refusal codes that only tokens of some vendors meet, this one among them.
    """

    name: str
    documents: Callable[[str, Directory], tuple[Document, ...]]
    application: Callable[[TokenContent], Claims]
    user: Callable[[TokenContent], Claims]
    id_token: Callable[[TokenContent], Claims] = id_token
    typ: str | None = "JWT"
    id_typ: str | None = "JWT"
    lifetime: int = 3600
    scopes_of: tuple[Literal["application", "user"], ...] = ("application", "user")
    audience: Callable[[str, tuple[str, ...]], str] = _as_asked
    audience_claim: str = "aud"
    clients_are_audience: bool = False
    jwk: Callable[[dict[str, Any], Document], dict[str, Any]] = _published_unchanged
    names_x5t: bool = False
    ask: Callable[[Mapping[str, str]], Requested] = _ask_plainly
    ask_for_user: Callable[[Mapping[str, str]], Requested] = _ask_plainly_for_user
    answer: Callable[[TokenContent], dict[str, Any]] = _answer_plainly
    refusals: RefusalStyle = RFC6749
    trusted: Callable[..., tuple[Issuer, ...]] = _as_oidc
    names_in_issuer: str = "(?P<base>.+)"
    names_in_metadata: str = ""
    own_codes: tuple[str, ...] = ()

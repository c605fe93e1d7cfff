"""What a shape is: where an issuer's documents are, what its tokens hold, how its token endpoint is asked and answers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from uuid import NAMESPACE_URL, uuid5

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
    """

    tenant_id: str = "11111111-2222-3333-4444-555555555555"
    tenant_name: str = "contoso"
    policy: str = "B2C_1_signin"
    realm: str = "contoso"
    region: str = "eu-central-1"
    user_pool_id: str = "eu-central-1_Example01"
    authorization_server: str = "default"


@dataclass(frozen=True, slots=True)
class Document:
    """One metadata document.

    Attributes:
        urls: Where it is served.
        issuer: Its ``issuer``.
        jwks_uri: Its ``jwks_uri``.
        token_endpoint: Its ``token_endpoint``.
        more: Further members.
        any_tenant: Pattern of the token endpoint with ``{tenant}`` in it, where the host serves many tenants; or empty.
    """

    urls: tuple[str, ...]
    issuer: str
    jwks_uri: str
    token_endpoint: str
    more: Mapping[str, Any] = field(default_factory=dict)
    any_tenant: str = ""


@dataclass(frozen=True, slots=True)
class Grant:
    """What one token is to say; times in seconds since 1970.

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
    by_key: bool = False

    @property
    def lifetime(self) -> int:
        """In seconds."""
        return self.expires_at - self.issued_at

    @property
    def object_id(self) -> str:
        """Stands for the service account of the client: the same GUID for the same client."""
        return str(uuid5(NAMESPACE_URL, f"{self.issuer}#{self.client_id}"))


@dataclass(frozen=True, slots=True)
class Request:
    """What a token request asks for.

    Attributes:
        audience: The API the token is for, ``None`` for the issuer's first.
        scopes: Requested scopes, ``None`` where the request names none.
    """

    audience: str | None
    scopes: tuple[str, ...] | None


def _ask_plainly(form: Mapping[str, str]) -> Request:
    scope = form.get("scope")
    return Request(form.get("resource"), None if scope is None else tuple(scope.split()))


def _answer_plainly(grant: Grant) -> dict[str, Any]:
    return {"expires_in": grant.lifetime, **({"scope": " ".join(grant.scopes)} if grant.scopes else {})}


def _published_as_it_is(jwk: dict[str, Any], _document: Document) -> dict[str, Any]:
    return jwk


@dataclass(frozen=True, slots=True)
class Shape:
    """How one vendor's issuer looks from outside.

    Attributes:
        name: As in ``LocalIssuer(shape=…)``.
        documents: Metadata documents, given base URL and directory; the first is the one its tokens belong to.
        claims: Claims of a token.
        for_user: What differs in a token that acts for the user of this id; ``None`` removes a claim.
        typ: Header member ``typ``, ``None`` for none.
        lifetime: Of a token, in seconds.
        has_scopes: Whether tokens of the client-credentials grant hold scopes.
        jwk: A published key, given the public JWK and the document whose key set it is in.
        names_x5t: Whether token headers repeat ``kid`` as ``x5t``.
        ask: Reads what a token request is for; raises ``TokenRefused``.
        answer: Members of a good answer beside ``access_token`` and ``token_type``.
        refusals: How it words its refusals.
    """

    name: str
    documents: Callable[[str, Directory], tuple[Document, ...]]
    claims: Callable[[Grant], Claims]
    for_user: Callable[[Grant, str], Claims]
    typ: str | None = "JWT"
    lifetime: int = 3600
    has_scopes: bool = True
    jwk: Callable[[dict[str, Any], Document], dict[str, Any]] = _published_as_it_is
    names_x5t: bool = False
    ask: Callable[[Mapping[str, str]], Request] = _ask_plainly
    answer: Callable[[Grant], dict[str, Any]] = _answer_plainly
    refusals: RefusalStyle = RFC6749

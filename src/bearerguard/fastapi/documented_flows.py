"""How an OpenAPI document says where tokens come from: one security scheme for each way.

Each is an alternative of its own. In one scheme they would share a list of scopes, which issuers
want written differently for people and for applications.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias, get_args

from bearerguard.errors import ConfigurationError, show
from bearerguard.fastapi.documented_scopes import ScopeNames
from bearerguard.issuers.issuer import Issuer
from bearerguard.resource_server import ResourceServer
from bearerguard.web.metadata import authorization_servers

Document: TypeAlias = dict[str, Any]
Flow: TypeAlias = Literal["bearer", "authorizationCode", "clientCredentials"]
Scopes: TypeAlias = Literal["none", "user", "application"]

FLOWS: Final[tuple[Flow, ...]] = get_args(Flow)
DEFAULT_FLOWS: Final[tuple[Flow, ...]] = ("bearer", "clientCredentials")
BEARER: Final = "accessToken"
AUTHORIZATION_CODE: Final = "accessTokenByAuthorizationCode"
CLIENT_CREDENTIALS: Final = "accessTokenByClientCredentials"
OPENID_CONNECT: Final = "accessTokenByOpenIdConnect"
_PASTED: Final = "An access token that you have: paste it, without a scheme before it."
_SIGNED_IN: Final = "Sign in: the token acts for you, and holds what you were granted."
_OWN: Final = "A token of the application itself. Use the secret of a test client: a browser is no place for one."

_BEARER: Final[Document] = {"type": "http", "scheme": "bearer", "description": _PASTED}
_JWT: Final[Document] = {**_BEARER, "bearerFormat": "JWT"}


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Addresses that the developer gives; ``None`` where the record or the metadata knows them."""

    authorization_url: str | None = None
    token_url: str | None = None


@dataclass(frozen=True, slots=True)
class Scheme:
    """One way to a token.

    Attributes:
        name: In ``components.securitySchemes``.
        document: The scheme, without the scopes of its flow.
        scopes: Whose scopes an operation names for it.
        names: How scopes are written.
    """

    name: str
    document: Document
    scopes: Scopes = "none"
    names: ScopeNames = field(default_factory=ScopeNames)

    def needed(self, scopes: Collection[str]) -> tuple[str, ...]:
        """What an operation that needs these scopes names."""
        if self.scopes == "none":
            return ()
        return self.names.of_application(scopes) if self.scopes == "application" else self.names.of_user(scopes)

    def with_scopes(self, alternatives: Collection[Collection[str]]) -> Document:
        """The scheme, with all scopes that operations name and that the developer gives.

        Args:
            alternatives: What operations need, each as in ``needed``.
        """
        flows = self.document.get("flows")
        if not flows:
            return self.document
        named = {name: "" for scopes in alternatives for name in self.needed(scopes)}
        offered = self.names.offered(named, for_application=self.scopes == "application")
        return {**self.document, "flows": {name: {**flow, "scopes": offered} for name, flow in flows.items()}}


def schemes(
    api: ResourceServer, flows: Collection[Flow], given: Endpoints, scopes: Mapping[str, str], header: str
) -> tuple[Scheme, ...]:
    """The schemes of the document, in the order of ``flows``.

    Args:
        api: Whose first issuer gives the tokens.
        flows: Ways to tell.
        given: Addresses that win over what the issuer's record and metadata know.
        scopes: Scopes to offer, with a description.
        header: Where requests carry the token. Another than ``Authorization`` is an API key to
            OpenAPI, and no flow of OAuth leads there.
    """
    if header.lower() != "authorization":
        return (Scheme(BEARER, {"type": "apiKey", "in": "header", "name": header, "description": _PASTED}),)
    issuer = next(iter(authorization_servers(api)), None)  # none where every token is asked about
    names = ScopeNames(api_name(api, issuer) if issuer and issuer.request_form.prefixes_scopes else "", scopes)
    pasted = _JWT if api.connection.introspection is None else _BEARER  # some of those that are asked about are opaque
    made = tuple(_schemes(flows, _places(api, issuer, given), names, pasted))
    return made or (Scheme(BEARER, pasted),)


def api_name(api: ResourceServer, issuer: Issuer) -> str:
    """The API as requests name it: the first of its identifiers that is a URI, else the first."""
    own = issuer.audience if issuer.profile.audience_claim == "aud" else None
    return min(own or api.audience, key=lambda name: (":" not in name, name))


def checked_flows(flows: Collection[Flow]) -> tuple[Flow, ...]:
    """Raises ``ConfigurationError`` unless each is known, and there is one."""
    if isinstance(flows, str) or not isinstance(flows, Collection) or not flows or any(flow not in FLOWS for flow in flows):
        problem = f"expected some of {', '.join(map(repr, FLOWS))}, got {show(flows)}"
        raise ConfigurationError("flows", problem, example='["bearer", "authorizationCode"]')
    return tuple(dict.fromkeys(flows))


def _places(api: ResourceServer, issuer: Issuer | None, given: Endpoints) -> "_Places":
    """What was given, else what the preset knows, else what the fetched metadata says."""
    if issuer is None:
        return _Places(given.authorization_url, given.token_url, given.token_url)
    # the API may have been told to trust others since
    told = next((status for status in api.status() if status.issuer == issuer.issuer), None)
    token = given.token_url or issuer.token_endpoint
    by_metadata = told.token_endpoint if told else ""
    return _Places(
        given.authorization_url or issuer.authorization_endpoint or (told.authorization_endpoint if told else ""),
        token or by_metadata,
        token or ("" if issuer.is_template else by_metadata),
        issuer.metadata_url,
    )


@dataclass(frozen=True, slots=True)
class _Places:
    """Addresses as far as known. Entra's ``common`` gives an application no token of its own."""

    authorization: str | None = None
    token: str | None = None
    token_of_applications: str | None = None
    metadata: str | None = None


def _schemes(flows: Collection[Flow], places: _Places, names: ScopeNames, pasted: Document) -> Iterator[Scheme]:
    nowhere = False
    for flow in flows:
        if flow == "bearer":
            yield Scheme(BEARER, pasted)
        elif flow == "authorizationCode" and places.authorization and places.token:
            urls = {"authorizationUrl": places.authorization, "tokenUrl": places.token}
            yield Scheme(AUTHORIZATION_CODE, _oauth2(flow, urls, _SIGNED_IN), "user", names)
        elif flow == "clientCredentials" and places.token_of_applications:
            urls = {"tokenUrl": places.token_of_applications}
            yield Scheme(CLIENT_CREDENTIALS, _oauth2(flow, urls, _OWN), "application", names)
        else:
            nowhere = True
    if nowhere and places.metadata:
        yield Scheme(OPENID_CONNECT, {"type": "openIdConnect", "openIdConnectUrl": places.metadata}, "user", names)


def _oauth2(flow: str, places: Document, description: str) -> Document:
    return {"type": "oauth2", "description": description, "flows": {flow: {**places, "scopes": {}}}}

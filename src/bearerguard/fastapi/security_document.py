"""The OpenAPI document, completed with who may call what, from the table of the audit."""

import copy
import itertools
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

from fastapi import FastAPI

from bearerguard.authorization.requirement import authenticated
from bearerguard.checks import checked_url
from bearerguard.errors import ConfigurationError, show
from bearerguard.fastapi import documented_answers as answers
from bearerguard.fastapi.documented_access import Access, Operation, access_by_operation, is_ours
from bearerguard.fastapi.documented_flows import (
    DEFAULT_FLOWS,
    Document,
    Endpoints,
    Flow,
    Scheme,
    api_name,
    checked_flows,
    schemes,
)
from bearerguard.fastapi.documented_requirement import Alternative, described, scope_alternatives
from bearerguard.resource_server import ResourceServer
from bearerguard.web.challenge import Challenge
from bearerguard.web.error_format import Format
from bearerguard.web.gate import checked_server
from bearerguard.web.metadata import authorization_servers

_NO_ROW: Final = "a row of the policy"


def document_security(
    app: FastAPI,
    api: ResourceServer,
    *,
    flows: Collection[Flow] = DEFAULT_FLOWS,
    authorization_url: str | None = None,
    token_url: str | None = None,
    scopes: Mapping[str, str] | None = None,
) -> None:
    """Describe in the OpenAPI document how to get a token, what operations need, how they refuse.

    ::

        app = FastAPI(swagger_ui_init_oauth={"clientId": "…"})
        document_security(app, api, flows=["bearer", "authorizationCode"])

    The document gains one security scheme for each flow; they are alternatives. Each operation
    gains the scopes of its requirement as ``security``, written as the issuer wants them requested,
    its roles as ``x-roles``, the whole of it as ``x-requirement``, and the answers 400, 401, 403
    and 503 with schema and headers. Ids of clients and tenants are left out. What the user wrote
    stays. It is made when it is first asked for, with the routes and middlewares of that moment;
    nothing is fetched for it.

    For ``/docs``, PKCE is switched on in ``app.swagger_ui_init_oauth``, and the API's name is added
    where the issuer wants it as a parameter (Auth0: ``audience``); the client's id is yours to set.
    If the middleware takes the token from another header (``token_header=``), the one scheme is an
    API key in that header, whatever ``flows`` says.

    Does not see a middleware that is wrapped around the application from outside: what its
    ``policy`` asks for is not told. Does not check whether the issuer lets a browser ask for
    tokens: Entra does for the platform "Single-page application" alone, and never by
    ``clientCredentials``.

    Sources: https://spec.openapis.org/oas/v3.1.0#security-scheme-object,
    https://swagger.io/docs/open-source-tools/swagger-ui/usage/oauth2/

    Args:
        app: The application; call this for each mounted one that has a document of its own.
        api: Whose first issuer gives the tokens.
        flows: Ways to a token: ``"bearer"`` (it is pasted), ``"authorizationCode"`` (people sign
            in), ``"clientCredentials"`` (applications).
        authorization_url: Where people sign in. By default what the preset of the first issuer
            knows (Entra: of v2), so that the document is the same at any time. Where it knows none
            (``oidc``, ``cognito``), what the issuer's metadata says, once it has been fetched with
            the keys; until then, the document names that metadata (``openIdConnect``).
        token_url: Where clients obtain tokens, by default likewise.
        scopes: Scopes to offer, with a description, in addition to those that requirements name.
            ``{"api://orders/orders.read": "Read orders"}`` also says how ``scope("orders.read")``
            is written, where the issuer's form is not known or not wanted.

    Raises:
        ConfigurationError: a value is wrong.
    """
    if not isinstance(app, FastAPI):
        raise ConfigurationError("app", f"expected a FastAPI application, got {show(app)}", example="FastAPI()")
    checked_server("api", api)
    known = checked_flows(flows)
    endpoints = _checked_endpoints(authorization_url, token_url)
    # FastAPI's way to extend it
    app.openapi = _OpenAPI(app, api, known, endpoints, dict(scopes or {}))  # type: ignore[method-assign]
    _prepare_swagger_ui(app, api, known)


def _checked_endpoints(authorization_url: str | None, token_url: str | None) -> Endpoints:
    for name, url in (("authorization_url", authorization_url), ("token_url", token_url)):
        if url is not None:
            checked_url(name, url, example='"https://issuer.example/…"', allow_http=True)
    return Endpoints(authorization_url, token_url)


def _prepare_swagger_ui(app: FastAPI, api: ResourceServer, flows: Collection[Flow]) -> None:
    given: dict[str, Any] = app.swagger_ui_init_oauth or {}
    added: dict[str, Any] = {}
    if "authorizationCode" in flows:
        added["usePkceWithAuthorizationCodeGrant"] = True
    for issuer in authorization_servers(api)[:1]:
        if issuer.request_form.api_parameter:
            parameters = {issuer.request_form.api_parameter: api_name(api, issuer)}
            added["additionalQueryStringParams"] = {**parameters, **given.get("additionalQueryStringParams", {})}
    if added:
        app.swagger_ui_init_oauth = {**given, **added}


class _OpenAPI:
    """``app.openapi``, completed; made anew when the document or the ways to a token have changed."""

    def __init__(
        self, app: FastAPI, api: ResourceServer, flows: tuple[Flow, ...], given: Endpoints, scopes: dict[str, str]
    ) -> None:
        self._app = app
        self._api = api
        self._flows = flows
        self._given = given
        self._scopes = scopes
        self._plain = app.openapi
        self._made_of: tuple[Document, tuple[Scheme, ...]] | None = None
        self._document: Document = {}

    def __call__(self) -> Document:
        plain = self._plain()
        options = _options_of_middleware(self._app)
        header = options.get("token_header", "Authorization")
        ways = schemes(self._api, self._flows, self._given, self._scopes, header)
        made_of = self._made_of
        if made_of is None or made_of[0] is not plain or made_of[1] != ways:
            self._document = _completed(copy.deepcopy(plain), ways, access_by_operation(self._app), _wire(options), header)
            self._made_of = plain, ways
        return self._document


def _options_of_middleware(app: FastAPI) -> Mapping[str, Any]:
    layers: list[Any] = app.user_middleware
    return next((layer.kwargs for layer in layers if is_ours(layer)), {})


def _wire(options: Mapping[str, Any]) -> Challenge:
    """What the application's middleware sends; without one, what ``require`` sends by default."""
    return Challenge(disclose=options.get("disclose", "code"), error_format=options.get("error_format", "oauth"))


def _completed(
    document: Document, ways: tuple[Scheme, ...], access: Mapping[Operation, Access], wire: Challenge, header: str
) -> Document:
    needs: list[Alternative] = []
    for path, methods in document.get("paths", {}).items():
        for method, operation in methods.items():
            allowed = access.get((method, path), Access())
            if allowed.requirement is not None or allowed.is_closed:
                alternatives = ((),) if allowed.requirement is None else scope_alternatives(allowed.requirement)
                _complete(operation, allowed, wire.form, _security(ways, alternatives))
                needs += alternatives
            elif allowed.is_public and "{" in path:
                # malformed_path
                operation["responses"].setdefault("400", answers.reference(answers.INVALID_REQUEST))
    shared = document.setdefault("components", {})
    for kind, members in answers.components(wire, header).items():
        shared.setdefault(kind, {}).update(members)
    shared.setdefault("securitySchemes", {}).update({way.name: way.with_scopes(needs) for way in ways})
    return document


def _security(ways: tuple[Scheme, ...], alternatives: Iterable[Alternative]) -> list[Document]:
    """Each way with the scopes of each alternative; any one of them is enough."""
    pairs = itertools.product(ways, alternatives)
    return [{name: list(scopes)} for name, scopes in dict.fromkeys((way.name, way.needed(scopes)) for way, scopes in pairs)]


def _complete(operation: Document, access: Access, form: Format | None, ways: list[Document]) -> None:
    requirement = access.requirement
    if access.is_public:
        ways = [*ways, {}]
    others = operation.get("security") or [{}]
    operation["security"] = [{**other, **way} for other, way in itertools.product(others, ways)]
    if requirement is not None:
        operation["x-requirement"] = described(requirement)
        if requirement.role_names():
            operation["x-roles"] = list(requirement.role_names())
    responses = operation.setdefault("responses", {})
    malformed = answers.UNREADABLE if "requestBody" in operation else answers.INVALID_REQUEST
    responses.setdefault("400", answers.reference(malformed))
    responses.setdefault("401", answers.reference(answers.UNAUTHORIZED))
    if access.is_closed or requirement != authenticated():
        responses.setdefault("403", answers.forbidden(_NO_ROW if requirement is None else described(requirement), form))
    responses.setdefault("503", answers.reference(answers.UNAVAILABLE))

"""The OpenAPI document, completed with who may call what, from the table of the audit."""

import copy
import itertools
from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from fastapi import FastAPI

from bearerguard.authorization.requirement import authenticated
from bearerguard.checks import url_problem
from bearerguard.errors import ConfigurationError, show
from bearerguard.fastapi import documented_answers as answers
from bearerguard.fastapi.documented_access import Access, Operation, access_by_operation, is_ours
from bearerguard.fastapi.documented_requirement import described, scope_alternatives
from bearerguard.issuers.issuer import Issuer
from bearerguard.resource_server import ResourceServer
from bearerguard.web.challenge import Challenge
from bearerguard.web.error_format import Format
from bearerguard.web.gate import checked_server
from bearerguard.web.metadata import authorization_servers

Document: TypeAlias = dict[str, Any]

SCHEME: Final = "accessToken"
_NO_ROW: Final = "a row of the policy"


def document_security(
    app: FastAPI, api: ResourceServer, *, token_url: str | None = None, scopes: Mapping[str, str] | None = None
) -> None:
    """Describe in the OpenAPI document how to get a token, what operations need, how they refuse.

    ::

        document_security(
            app,
            api,
            token_url="https://login.microsoftonline.com/…/oauth2/v2.0/token",
            scopes={"api://orders/.default": "All that was granted to the application"},
        )

    The document gains a security scheme, OAuth 2.0 with the client-credentials flow. Each operation
    gains the scopes of its requirement as ``security``, its roles as ``x-roles``, the whole of it
    as ``x-requirement``, and the answers 400, 401, 403 and 503 with schema and headers. Ids of
    clients and tenants are left out. What the user wrote stays. It is made when it is first asked
    for, with the routes and middlewares of that moment; nothing is fetched for it.

    Does not see a middleware that is wrapped around the application from outside: what its
    ``policy`` asks for is not told.

    Args:
        app: The application; call this for each mounted one that has a document of its own.
        api: Whose issuers give the tokens.
        token_url: Where clients obtain tokens. By default what the preset of the first issuer knows
            (Entra: of v2), so that the document is the same at any time. Where it knows none
            (``oidc``, ``cognito``), what the issuer's metadata says, once it has been fetched with
            the keys; until then, the document names that metadata (``openIdConnect``).
        scopes: Scopes that a client may ask for, with a description, in addition to those that
            requirements name.

    Raises:
        ConfigurationError: a value is wrong.
    """
    if not isinstance(app, FastAPI):
        raise ConfigurationError("app", f"expected a FastAPI application, got {show(app)}", example="FastAPI()")
    checked_server("api", api)
    problem = "" if token_url is None else url_problem(token_url, allow_http=True)
    if problem:
        raise ConfigurationError("token_url", f"{problem}, got {show(token_url)}", example='"https://issuer.example/token"')
    # FastAPI's way to extend it
    app.openapi = _OpenAPI(app, api, token_url, dict(scopes or {}))  # type: ignore[method-assign]


class _OpenAPI:
    """``app.openapi``, completed; made anew when the document or the token URL has changed."""

    def __init__(self, app: FastAPI, api: ResourceServer, token_url: str | None, scopes: dict[str, str]) -> None:
        self._app = app
        self._api = api
        self._token_url = token_url
        self._scopes = scopes
        self._plain = app.openapi
        self._made_of: tuple[Document, Document] | None = None
        self._document: Document = {}

    def __call__(self) -> Document:
        plain = self._plain()
        scheme = self._scheme()
        made_of = self._made_of
        if made_of is None or made_of[0] is not plain or made_of[1] != scheme:
            self._document = _completed(
                copy.deepcopy(plain), scheme, access_by_operation(self._app), self._scopes, _wire(self._app)
            )
            self._made_of = plain, scheme
        return self._document

    def _scheme(self) -> Document:
        issuers = authorization_servers(self._api)
        if not issuers:  # every token is asked about
            return {"type": "http", "scheme": "bearer"}
        issuer = issuers[0]
        token_url = self._token_url or issuer.token_endpoint or self._fetched_token_url(issuer)
        if token_url:
            return {"type": "oauth2", "flows": {"clientCredentials": {"tokenUrl": token_url, "scopes": {}}}}
        if issuer.metadata_url:
            return {"type": "openIdConnect", "openIdConnectUrl": issuer.metadata_url}
        return {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}

    def _fetched_token_url(self, issuer: Issuer) -> str:
        if issuer.is_template:
            return ""  # Entra's ``common``, which gives an application no token
        # the API may have been told to trust others since
        return next((status.token_endpoint for status in self._api.status() if status.issuer == issuer.issuer), "")


def _wire(app: FastAPI) -> Challenge:
    """What the application's middleware sends; without one, what ``require`` sends by default."""
    layers: list[Any] = app.user_middleware
    options: Mapping[str, Any] = next((layer.kwargs for layer in layers if is_ours(layer)), {})
    return Challenge(disclose=options.get("disclose", "code"), error_format=options.get("error_format", "oauth"))


def _completed(
    document: Document, scheme: Document, access: Mapping[Operation, Access], scopes: Mapping[str, str], wire: Challenge
) -> Document:
    named: dict[str, str] = dict(scopes)
    for path, methods in document.get("paths", {}).items():
        for method, operation in methods.items():
            allowed = access.get((method, path), Access())
            if allowed.requirement is not None or allowed.is_closed:
                _complete(operation, allowed, wire.form, names_scopes=scheme["type"] != "http")
                needed = () if allowed.requirement is None else allowed.requirement.scope_names()
                named = {**dict.fromkeys(needed, ""), **named}
            elif allowed.is_public and "{" in path:
                # malformed_path
                operation["responses"].setdefault("400", answers.reference(answers.INVALID_REQUEST))
    shared = document.setdefault("components", {})
    for kind, members in answers.components(wire).items():
        shared.setdefault(kind, {}).update(members)
    shared.setdefault("securitySchemes", {})[SCHEME] = _with_scopes(scheme, named)
    return document


def _with_scopes(scheme: Document, scopes: Mapping[str, str]) -> Document:
    described_scheme = copy.deepcopy(scheme)
    for flow in described_scheme.get("flows", {}).values():
        flow["scopes"] = dict(sorted(scopes.items()))
    return described_scheme


def _complete(operation: Document, access: Access, form: Format | None, *, names_scopes: bool) -> None:
    requirement = access.requirement
    alternatives = scope_alternatives(requirement) if requirement is not None and names_scopes else ((),)
    ways: list[Document] = [{SCHEME: list(scopes)} for scopes in alternatives]
    if access.is_public:
        ways.append({})
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

"""What a local issuer serves, as a Starlette application: metadata, key sets, endpoints."""

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from bearerguard.issuers.issuer import ALGORITHMS
from bearerguard.testing.faults import Endpoint
from bearerguard.testing.issuer_state import Operations
from bearerguard.testing.shape import Document

_METHODS: Final = ["client_secret_basic", "client_secret_post", "private_key_jwt"]
_BOTH: Final = ["GET", "POST"]
Page: TypeAlias = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class KeyHeaders:
    """Caching headers of the key set: ``Cache-Control``, and whether there is an ``ETag``."""

    cache_control: str | None = None
    etag: bool = False


@dataclass(frozen=True, slots=True)
class Endpoints:
    """The endpoints of one issuer.

    Attributes:
        posts: What answers token, introspection and revocation requests.
        unknown_tenant: What answers at the token endpoint of a tenant that does not exist.
        sign_ins: Where people sign in, by URL.
    """

    posts: Mapping[Endpoint, Page]
    unknown_tenant: Page
    sign_ins: Mapping[str, Page]


class Pages:
    """The routes of an issuer. Each counts its requests and obeys the faults.

    Args:
        documents: Metadata documents; each names its own key set and endpoints.
        jwks: The key set that belongs to a document.
        endpoints: What answers people, clients and APIs.
        operations: Faults, and where requests are counted.
        for_people: Pages for people, by their paths.
    """

    def __init__(
        self,
        documents: tuple[Document, ...],
        jwks: Callable[[Document], dict[str, Any]],
        endpoints: Endpoints,
        operations: Operations,
        for_people: Mapping[str, Page],
    ) -> None:
        self._documents = documents
        self._jwks = jwks
        self._endpoints = endpoints
        self._faults = operations.faults
        self._requests = operations.requests
        self._for_people = for_people

    def application(self, key_headers: KeyHeaders) -> Starlette:
        """All routes. Scripts of any origin may use all of them (CORS), except the pages for
        people.
        """
        routes: list[Route] = []
        posts = self._endpoints.posts
        for document in self._documents:
            routes += [self._route("metadata", url, self._metadata(document)) for url in document.urls]
            routes.append(self._route("jwks", document.jwks_uri, self._key_set(document, key_headers)))
            places = endpoints_of(document).items()
            routes += [self._route(endpoint, url, self._breakable(endpoint, posts[endpoint])) for endpoint, url in places]
        for pattern in {document.any_tenant for document in self._documents if document.any_tenant}:
            routes.append(self._route("token", pattern, self._endpoints.unknown_tenant))
        for_people = [Route(path, page, methods=_BOTH) for path, page in self._for_people.items()]
        for_people += [self._route("authorization", url, page) for url, page in self._endpoints.sign_ins.items()]
        anyone = Middleware(CORSMiddleware, allow_origins=["*"], allow_methods=_BOTH, allow_headers=["*"])
        return Starlette(routes=[*for_people, Mount("", routes=routes, middleware=[anyone])])

    def _route(self, endpoint: Endpoint, url: str, page: Page) -> Route:
        async def answer(request: Request) -> Response:
            self._requests[endpoint] += 1
            return await self._faults.before(endpoint) or await page(request)

        methods = _BOTH if endpoint == "authorization" else ["POST"] if endpoint in self._endpoints.posts else ["GET"]
        return Route(urlsplit(url).path, answer, methods=methods)

    def _breakable(self, endpoint: Endpoint, page: Page) -> Page:
        async def broken(request: Request) -> Response:
            return self._faults.broken(endpoint, await page(request))

        return broken

    def _metadata(self, document: Document) -> Page:
        async def page(_request: Request) -> Response:
            return JSONResponse(metadata(document))

        return page

    def _key_set(self, document: Document, headers: KeyHeaders) -> Page:
        async def page(request: Request) -> Response:
            whole = JSONResponse(self._jwks(document))
            response = self._faults.broken("jwks", whole)
            if response is not whole:
                return response
            if headers.cache_control is not None:
                response.headers["Cache-Control"] = headers.cache_control
            return _conditional(request, response) if headers.etag else response

        return page


def endpoints_of(document: Document) -> dict[Endpoint, str]:
    """The URLs that clients and APIs post to."""
    urls: dict[Endpoint, str] = {
        "token": document.token_endpoint,
        "introspection": document.introspection_endpoint,
        "revocation": document.revocation_endpoint,
    }
    return {endpoint: url for endpoint, url in urls.items() if url}


def metadata(document: Document) -> dict[str, Any]:
    """The document as JSON (RFC 8414 §2)."""
    endpoints: dict[str, Any] = {}
    for endpoint, url in endpoints_of(document).items():
        endpoints[f"{endpoint}_endpoint"] = url
        endpoints[f"{endpoint}_endpoint_auth_methods_supported"] = _METHODS
        endpoints[f"{endpoint}_endpoint_auth_signing_alg_values_supported"] = list(ALGORITHMS)
    return {
        "issuer": document.issuer,
        "jwks_uri": document.jwks_uri,
        **endpoints,
        "grant_types_supported": ["client_credentials"],
        "response_types_supported": [],
        **(_sign_in(document) if document.authorization_endpoint else {}),
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        **document.more,
    }


def _sign_in(document: Document) -> dict[str, Any]:
    """RFC 8414 §2, RFC 9207 §3."""
    return {
        "authorization_endpoint": document.authorization_endpoint,
        "authorization_response_iss_parameter_supported": True,
        "code_challenge_methods_supported": ["S256"],
        "grant_types_supported": ["authorization_code", "client_credentials"],
        "response_modes_supported": ["query", "fragment"],
        "response_types_supported": ["code"],
        "token_endpoint_auth_methods_supported": [*_METHODS, "none"],
    }


def _conditional(request: Request, response: Response) -> Response:
    """RFC 9110 §13.1.2: 304 where the client holds this very answer."""
    tag = f'"{hashlib.sha256(bytes(response.body)).hexdigest()[:16]}"'
    response.headers["ETag"] = tag
    known = [held.strip() for held in request.headers.get("if-none-match", "").split(",")]
    if tag not in known:
        return response
    kept = {name: response.headers[name] for name in ("etag", "cache-control") if name in response.headers}
    return Response(status_code=304, headers=kept)

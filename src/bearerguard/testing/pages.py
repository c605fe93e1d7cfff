"""What a local issuer serves, as a Starlette application: metadata, key sets, endpoints."""

import hashlib
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bearerguard.issuers.issuer import ALGORITHMS
from bearerguard.testing.faults import Endpoint, Faults
from bearerguard.testing.shape import Document
from bearerguard.testing.token_endpoint import TokenEndpoint

Page: TypeAlias = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class KeyHeaders:
    """Caching headers of the key set: ``Cache-Control``, and whether there is an ``ETag``."""

    cache_control: str | None = None
    etag: bool = False


class Pages:
    """The routes of an issuer. Each counts its requests and obeys the faults.

    Args:
        documents: Metadata documents; each names its own key set and token endpoint.
        jwks: The key set that belongs to a document.
        token_endpoint: Answers token requests.
        faults: What is wrong at the moment.
        requests: Where requests are counted.
    """

    def __init__(
        self,
        documents: tuple[Document, ...],
        jwks: Callable[[Document], dict[str, Any]],
        token_endpoint: TokenEndpoint,
        faults: Faults,
        requests: Counter[Endpoint],
    ) -> None:
        self._documents = documents
        self._jwks = jwks
        self._token_endpoint = token_endpoint
        self._faults = faults
        self._requests = requests

    def application(self, key_headers: KeyHeaders) -> Starlette:
        """All routes, open to browser tools of any origin (CORS)."""
        routes: list[Route] = []
        for document in self._documents:
            routes += [self._route("metadata", url, self._metadata(document)) for url in document.urls]
            routes.append(self._route("jwks", document.jwks_uri, self._key_set(document, key_headers)))
            routes.append(self._route("token", document.token_endpoint, self._token_endpoint))
        for pattern in {document.any_tenant for document in self._documents if document.any_tenant}:
            routes.append(self._route("token", pattern, self._token_endpoint.unknown_tenant))
        anyone = Middleware(CORSMiddleware, allow_origins=["*"], allow_methods=["GET", "POST"], allow_headers=["*"])
        return Starlette(routes=routes, middleware=[anyone])

    def _route(self, endpoint: Endpoint, url: str, page: Page) -> Route:
        async def answer(request: Request) -> Response:
            self._requests[endpoint] += 1
            return await self._faults.before(endpoint) or await page(request)

        return Route(urlsplit(url).path, answer, methods=["POST"] if endpoint == "token" else ["GET"])

    def _metadata(self, document: Document) -> Page:
        async def page(_request: Request) -> Response:
            return JSONResponse(metadata(document))

        return page

    def _key_set(self, document: Document, headers: KeyHeaders) -> Page:
        async def page(request: Request) -> Response:
            keys = self._jwks(document)
            broken = self._faults.broken_keys(keys)
            if broken is not None:
                return broken
            response = JSONResponse(keys)
            if headers.cache_control is not None:
                response.headers["Cache-Control"] = headers.cache_control
            return _conditional(request, response) if headers.etag else response

        return page


def metadata(document: Document) -> dict[str, Any]:
    """The document as JSON (RFC 8414 §2)."""
    return {
        "issuer": document.issuer,
        "jwks_uri": document.jwks_uri,
        "token_endpoint": document.token_endpoint,
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": list(ALGORITHMS),
        "grant_types_supported": ["client_credentials"],
        "response_types_supported": [],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        **document.more,
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

"""The orders API of ``samples/swagger_ui`` beside an issuer, on loopback: what a developer has before him."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import httpx

from bearerguard import ResourceServer, oidc
from bearerguard.testing import LocalIssuer, Loopback
from issuers.oidc_provider import Launcher
from support.sample_files import sample
from support.servers import serve

AUDIENCE: Final = "api://orders"
BACK: Final = "/docs/oauth2-redirect"
PEOPLE: Final = {"alice": ["Read.All"], "bob": ["Read.All", "Write.All"], "carol": []}
BROWSER: Final[dict[str, Any]] = {
    "client_id": "browser",
    "application_type": "native",  # any port of a loopback address: RFC 8252 §7.3
    "token_endpoint_auth_method": "none",
    "grant_types": ["authorization_code"],
    "response_types": ["code"],
    "redirect_uris": [f"http://127.0.0.1{BACK}"],
    "roles": [],
}
_SCOPES: Final[dict[str, tuple[str, str | None]]] = {
    "entra_v2": ("api://orders/orders.read", "api://orders/.default"),
    "auth0": ("orders.read", None),  # it wants the audience in the body of the token request
}


@dataclass(frozen=True, slots=True)
class Place:
    """A running API and a running issuer.

    Attributes:
        docs: Swagger UI.
        read: How a person asks for the scope ``orders.read``.
        own: What an application asks for; ``None`` where Swagger UI cannot ask.
        at: Whose sign-in page it is.
        token: A token of ``reader``.
    """

    docs: str
    read: str
    own: str | None
    at: str
    token: Callable[[], str]

    @property
    def origin(self) -> str:
        """Of the API."""
        return self.docs.removesuffix("/docs")


@contextmanager
def local_issuer(shape: str) -> Iterator[tuple[Place, LocalIssuer]]:
    """With a local issuer of this shape."""
    with Loopback() as place:
        issuer = LocalIssuer(place.base_url, shape=shape)
        place.serve(issuer)
        with _api(ResourceServer(issuer.trusted(), AUDIENCE), issuer.mint) as docs:
            yield Place(docs, *_SCOPES.get(shape, ("orders.read", "orders.read")), "local issuer", issuer.mint), issuer


@contextmanager
def real_issuer(launcher: Launcher) -> Iterator[Place]:
    """With oidc-provider."""
    with launcher.start(clients=[BROWSER], people=PEOPLE) as server:
        api = ResourceServer(oidc(server.origin, insecure_allow_http=True), AUDIENCE)

        def token() -> str:
            return server.token("reader")

        with _api(api, token) as docs:
            yield Place(docs, "orders.read", "orders.read", "oidc-provider", token)


@contextmanager
def _api(api: ResourceServer, token: Callable[[], str]) -> Iterator[str]:
    with serve(sample("swagger_ui.app").orders_app(api)) as base_url:
        # the first request waits for keys and metadata, which name the endpoints
        httpx.get(f"{base_url}/orders", headers={"Authorization": f"Bearer {token()}"}).raise_for_status()
        yield f"{base_url}/docs"

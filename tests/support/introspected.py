"""A resource server that asks a local issuer, in process, or an endpoint that answers what a test says."""

import json
from collections.abc import Callable
from typing import Any, Final

import httpx

from bearerguard import Introspection, ResourceServer
from bearerguard.testing import FakeClock, LocalIssuer

NOW: Final = 1_767_268_800
AUDIENCE: Final = "api://orders"
URL: Final = "https://issuer.test/introspect"
GOOD: Final[dict[str, Any]] = {
    "active": True,
    "iss": "https://issuer.test",
    "aud": AUDIENCE,
    "exp": NOW + 3600,
    "sub": "reader",
    "client_id": "reader",
    "scope": "orders.read",
    "roles": ["Read.All"],
    "token_type": "Bearer",
}
OPAQUE: Final = "2YotnFZFEjr1zCsicMWpAA"


def settings(**changes: Any) -> Introspection:
    """Of the endpoint at ``URL``."""
    return Introspection(**{"endpoint": URL, "client_id": "reader", "client_secret": "reader-secret", **changes})


def asking(issuer: LocalIssuer, /, *, trusted: bool = True, **changes: Any) -> ResourceServer:
    """A server that verifies the issuer's JWTs and asks it about all other tokens."""
    return ResourceServer(
        issuer.trusted() if trusted else (),
        AUDIENCE,
        transport=httpx.ASGITransport(issuer),
        clock=issuer.clock,
        introspection=settings(**{"endpoint": issuer.introspection_endpoint, **changes}),
    )


class Scripted:
    """An endpoint that answers with ``answer``, and keeps the requests.

    Attributes:
        answer: Members to answer with, a response, or a function of the request.
        requests: All that came.
    """

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answer(request) if isinstance(self.answer, Callable) else self.answer  # type: ignore[arg-type]
        return answer if isinstance(answer, httpx.Response) else httpx.Response(200, content=json.dumps(answer).encode())


def scripted(answer: Any, clock: FakeClock | None = None, **changes: Any) -> tuple[ResourceServer, Scripted]:
    """A server with introspection alone, and the endpoint it asks."""
    endpoint = Scripted(answer)
    asked = settings(**changes)
    transport = httpx.MockTransport(endpoint)
    api = ResourceServer(audience=AUDIENCE, introspection=asked, clock=clock or FakeClock(NOW), transport=transport)
    return api, endpoint

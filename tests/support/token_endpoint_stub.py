"""A token endpoint and an API in memory, which count, and misbehave as told."""

import threading
from collections.abc import Callable
from typing import TypeAlias
from urllib.parse import parse_qs

import httpx

Step: TypeAlias = httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]

ENDPOINT = "https://issuer.example/oauth2/token"
API = "https://orders.example"


class StubEndpoint:
    """Issues ``token-1``, ``token-2`` … unless its script says otherwise.

    Args:
        expires_in: Member of that name; ``None`` leaves it out.
    """

    def __init__(self, expires_in: object = 3600) -> None:
        self.expires_in = expires_in
        self.script: list[Step] = []
        self.requests: list[httpx.Request] = []
        self.issued: list[str] = []
        self.hold: threading.Event | None = None

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """One request: the next step of the script, else a new token."""
        self.requests.append(request)
        if self.hold is not None:
            assert self.hold.wait(10)
        if self.script:
            step = self.script.pop(0)
            if isinstance(step, Exception):
                raise step
            return step if isinstance(step, httpx.Response) else step(request)
        self.issued.append(f"token-{len(self.issued) + 1}")
        members = {"token_type": "Bearer", "access_token": self.issued[-1], "expires_in": self.expires_in}
        return httpx.Response(200, json={name: value for name, value in members.items() if value is not None})

    @property
    def transport(self) -> httpx.MockTransport:
        """For ``transport=``."""
        return httpx.MockTransport(self)

    def form(self, number: int = -1) -> dict[str, list[str]]:
        """Form parameters of a request."""
        return parse_qs(self.requests[number].content.decode(), strict_parsing=True)


class StubApi:
    """Answers 200 to every Bearer token that has not been revoked, with the body it received."""

    def __init__(self) -> None:
        self.tokens: list[str] = []
        self.bodies: list[bytes] = []
        self.revoked: set[str] = set()
        self.challenge: str | None = 'Bearer realm="orders", error="invalid_token"'
        self.barrier: threading.Barrier | None = None

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """One request."""
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        self.tokens.append(token)
        self.bodies.append(request.content)
        if token in self.revoked or not token:
            return httpx.Response(401, headers={} if self.challenge is None else {"WWW-Authenticate": self.challenge})
        return httpx.Response(200, content=request.content)

    @property
    def transport(self) -> httpx.MockTransport:
        """For a client's ``transport=``."""
        return httpx.MockTransport(self)


def refusal(error: str, description: str = "", *, status: int = 400, **members: object) -> httpx.Response:
    """An error answer of RFC 6749 §5.2."""
    return httpx.Response(status, json={"error": error, "error_description": description, **members})

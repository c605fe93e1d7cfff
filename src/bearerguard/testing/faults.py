"""What can be wrong with an issuer, on demand."""

import gzip
import json
from collections.abc import Callable, Mapping
from typing import Any, Final, Literal, TypeAlias

import anyio
from starlette.responses import JSONResponse, PlainTextResponse, Response

Endpoint: TypeAlias = Literal["metadata", "jwks", "token", "introspection", "revocation", "authorization"]
ENDPOINTS: Final[tuple[Endpoint, ...]] = ("metadata", "jwks", "token", "introspection", "revocation", "authorization")
Breakage: TypeAlias = Literal[
    "html",
    "empty",
    "truncated",
    "no_object",
    "too_large",
    "compressed",
    "error_status",
    "redirect",
    "no_keys",
    "no_members",
    "too_many_keys",
    "private_key",
    "symmetric_key",
    "list_as_alg",
    "no_active",
    "active_text",
    "active_number",
    "unauthorized",
    "forbidden",
]
Body: TypeAlias = dict[str, Any]
Broken: TypeAlias = Mapping[Breakage, Callable[[Body], Response]]


def _json(text: str) -> Response:
    return Response(text, media_type="application/json")


def _compressed(body: Body) -> Response:
    return Response(gzip.compress(json.dumps(body).encode()), media_type="application/json", headers={"Content-Encoding": "gzip"})


def _every_key(more: Mapping[str, Any]) -> Callable[[Body], Response]:
    return lambda keys: JSONResponse({"keys": [{**key, **more} for key in keys["keys"]]})


def _too_many(keys: Body) -> Response:
    return JSONResponse({"keys": [{**keys["keys"][0], "kid": f"key-{number}"} for number in range(2_000)]})


_OF_ANY_ANSWER: Final[Broken] = {
    "html": lambda _: Response("<!doctype html><title>Be right back</title>", media_type="text/html"),
    "empty": lambda _: _json(""),
    "truncated": lambda body: _json(json.dumps(body)[:-1]),
    "no_object": lambda body: JSONResponse([body]),
    "too_large": lambda body: JSONResponse({**body, "padding": "x" * 5_000_000}),
    "compressed": _compressed,
    "error_status": lambda _: PlainTextResponse("Internal Server Error", 500),
    "redirect": lambda _: Response(status_code=302, headers={"Location": "https://elsewhere.test/"}),
}
BREAKAGES: Final[Mapping[Endpoint, Broken]] = {
    "jwks": {
        **_OF_ANY_ANSWER,
        "truncated": lambda keys: _json(json.dumps(keys)[:-20]),
        "no_object": lambda keys: JSONResponse(keys["keys"]),
        "no_keys": lambda _: JSONResponse({"keys": []}),
        "no_members": lambda _: JSONResponse({}),
        "too_many_keys": _too_many,
        "private_key": _every_key({"d": "AQAB", "p": "AQAB", "q": "AQAB"}),
        "symmetric_key": lambda _: JSONResponse({"keys": [{"kty": "oct", "k": "c2VjcmV0", "kid": "shared", "alg": "HS256"}]}),
        "list_as_alg": _every_key({"alg": ["RS256"]}),
    },
    "introspection": {
        **_OF_ANY_ANSWER,
        "no_active": lambda answer: JSONResponse({name: value for name, value in answer.items() if name != "active"}),
        "active_text": lambda answer: JSONResponse({**answer, "active": "true"}),
        "active_number": lambda answer: JSONResponse({**answer, "active": 1}),
        "unauthorized": lambda _: JSONResponse({"error": "invalid_client"}, 401),
        "forbidden": lambda _: JSONResponse({"error": "access_denied"}, 403),
    },
    "revocation": {
        **_OF_ANY_ANSWER,
        "unauthorized": lambda _: JSONResponse({"error": "invalid_client"}, 401),
    },
}
"""Answers in place of a good one, by endpoint and name."""


class Faults:
    """The faults that are on at the moment."""

    def __init__(self) -> None:
        self._down: set[Endpoint] = set()
        self._delays: dict[Endpoint, float] = {}
        self._broken: dict[Endpoint, Breakage] = {}

    def go_down(self, *endpoints: Endpoint) -> None:
        """Answer 503 at these endpoints."""
        self._down.update(endpoints)

    def slow(self, seconds: float, *endpoints: Endpoint) -> None:
        """Wait before each answer of these endpoints."""
        self._delays.update(dict.fromkeys(endpoints, seconds))

    def break_answers(self, endpoint: Endpoint, kind: Breakage) -> None:
        """Answer this in place of every good answer of an endpoint.

        Raises:
            ValueError: the endpoint has no such fault.
        """
        kinds = BREAKAGES.get(endpoint, {})
        if kind not in kinds:
            raise ValueError(f"expected one of {', '.join(kinds) or 'no kind'} for {endpoint!r}, got {kind!r}")
        self._broken[endpoint] = kind

    def mend(self) -> None:
        """Turn every fault off."""
        self._down.clear()
        self._delays.clear()
        self._broken.clear()

    async def before(self, endpoint: Endpoint) -> Response | None:
        """Wait if this endpoint is slow; its answer if it is down, else ``None``."""
        delay = self._delays.get(endpoint, 0.0)
        if delay:
            await anyio.sleep(delay)
        if endpoint in self._down:
            return PlainTextResponse("Service Unavailable", 503, headers={"Cache-Control": "no-store"})
        return None

    def broken(self, endpoint: Endpoint, answer: Response) -> Response:
        """The answer in place of a good one; the good one while the endpoint is whole."""
        kind = self._broken.get(endpoint)
        if kind is None or answer.status_code != 200:  # noqa: PLR2004
            return answer
        body: Body = json.loads(bytes(answer.body) or b"{}")
        return BREAKAGES[endpoint][kind](body)

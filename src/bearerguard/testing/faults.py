"""What can be wrong with an issuer, on demand."""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final, Literal, TypeAlias

import anyio
from starlette.responses import JSONResponse, PlainTextResponse, Response

Endpoint: TypeAlias = Literal["metadata", "jwks", "token"]
KeySet: TypeAlias = dict[str, Any]
Breakage: TypeAlias = Literal[
    "html",
    "empty",
    "truncated",
    "no_object",
    "no_keys",
    "no_members",
    "too_large",
    "too_many_keys",
    "private_key",
    "symmetric_key",
    "list_as_alg",
    "error_status",
    "redirect",
]


def _json(text: str) -> Response:
    return Response(text, media_type="application/json")


def _every_key(more: Mapping[str, Any]) -> Callable[[KeySet], Response]:
    return lambda keys: JSONResponse({"keys": [{**key, **more} for key in keys["keys"]]})


def _too_many(keys: KeySet) -> Response:
    return JSONResponse({"keys": [{**keys["keys"][0], "kid": f"key-{number}"} for number in range(2_000)]})


BREAKAGES: Final[Mapping[Breakage, Callable[[KeySet], Response]]] = {
    "html": lambda _: Response("<!doctype html><title>Be right back</title>", media_type="text/html"),
    "empty": lambda _: _json(""),
    "truncated": lambda keys: _json(json.dumps(keys)[:-20]),
    "no_object": lambda keys: JSONResponse(keys["keys"]),
    "no_keys": lambda _: JSONResponse({"keys": []}),
    "no_members": lambda _: JSONResponse({}),
    "too_large": lambda keys: JSONResponse({**keys, "padding": "x" * 5_000_000}),
    "too_many_keys": _too_many,
    "private_key": _every_key({"d": "AQAB", "p": "AQAB", "q": "AQAB"}),
    "symmetric_key": lambda _: JSONResponse({"keys": [{"kty": "oct", "k": "c2VjcmV0", "kid": "shared", "alg": "HS256"}]}),
    "list_as_alg": _every_key({"alg": ["RS256"]}),
    "error_status": lambda _: PlainTextResponse("Internal Server Error", 500),
    "redirect": lambda _: Response(status_code=302, headers={"Location": "https://elsewhere.test/jwks"}),
}
"""Answers in place of a key set, by name."""


class Faults:
    """The faults that are on at the moment."""

    def __init__(self) -> None:
        self._down: set[Endpoint] = set()
        self._delays: dict[Endpoint, float] = {}
        self._breakage: Breakage | None = None

    def go_down(self, *endpoints: Endpoint) -> None:
        """Answer 503 at these endpoints."""
        self._down.update(endpoints)

    def slow(self, seconds: float, *endpoints: Endpoint) -> None:
        """Wait before each answer of these endpoints."""
        self._delays.update(dict.fromkeys(endpoints, seconds))

    def break_keys(self, kind: Breakage) -> None:
        """Answer this in place of the key set.

        Raises:
            ValueError: the kind is unknown.
        """
        if kind not in BREAKAGES:
            raise ValueError(f"expected one of {', '.join(BREAKAGES)}, got {kind!r}")
        self._breakage = kind

    def mend(self) -> None:
        """Turn every fault off."""
        self._down.clear()
        self._delays.clear()
        self._breakage = None

    async def before(self, endpoint: Endpoint) -> Response | None:
        """Wait if this endpoint is slow; its answer if it is down, else ``None``."""
        delay = self._delays.get(endpoint, 0.0)
        if delay:
            await anyio.sleep(delay)
        if endpoint in self._down:
            return PlainTextResponse("Service Unavailable", 503, headers={"Cache-Control": "no-store"})
        return None

    def broken_keys(self, keys: KeySet) -> Response | None:
        """The answer in place of these keys, ``None`` while they are whole."""
        return BREAKAGES[self._breakage](keys) if self._breakage else None

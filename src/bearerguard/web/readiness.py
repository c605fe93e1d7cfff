"""An endpoint for readiness probes: can tokens be verified now?

A probe also begins the fetch of keys that are missing, or are about to be after an idle day, in the
background, and asks an introspection endpoint that has failed and never answered. Otherwise an
instance that started while its issuer was down would stay out of rotation: no probe succeeds
without keys, and without requests nobody asks for them.
"""

import math
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any, Final, TypeAlias

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from bearerguard.background import spawn
from bearerguard.introspection.endpoint_news import IntrospectionStatus
from bearerguard.keys.key_status import KeyStatus
from bearerguard.resource_server import ResourceServer
from bearerguard.web.decorator import public
from bearerguard.web.gate import checked_server

_State: TypeAlias = KeyStatus | IntrospectionStatus

_READY: Final = 200
_NOT_READY: Final = 503
_DIGITS: Final = 3
_OLD: Final = 43_200.0  # half of the 24 h after which kept keys may not be used any more


def readiness(
    resource_server: ResourceServer, *, every_issuer: bool = True, details: bool = True
) -> Callable[[Request], Awaitable[Response]]:
    """A Starlette endpoint that answers 200 if tokens can be verified, else 503.

    With 503 comes ``Retry-After``.

    ::

        Route("/ready", readiness(api))

    It is ``@public``: probes carry no token. The body is ``{"ready": true, "issuers": [{"issuer":
    …, "ready": true, "keys": ["…"], "age": 12.5, "last_error": "", "next_fetch_in": 431.0}]}``, the
    values of ``ResourceServer.status()``, in seconds, and with introspection a member
    ``"introspection"`` with those of ``introspection_status()``. It answers at once, whatever the
    issuer does. Says nothing of anything else that the application depends on. An issuer that fails
    later makes it 503 only after 24 hours, when its keys may not be used any more; an introspection
    endpoint that has answered once never does, since all instances would go at the same time.

    Args:
        resource_server: Whose keys are looked at.
        every_issuer: Ready when the keys of all issuers are known; ``False``: when those of one
            are, so that one issuer of many that is down does not keep new instances from serving
            the others.
        details: ``False`` leaves ``issuers`` out, where strangers can reach the endpoint: it shows
            issuers, key ids and errors.

    Raises:
        ConfigurationError: ``resource_server`` is not a ``ResourceServer``.
    """
    fetching = _Fetching(checked_server("resource_server", resource_server))

    @public
    async def ready(_request: Request) -> Response:
        states, asked = resource_server.status(), resource_server.introspection_status()
        all_states: list[_State] = [*states, *([] if asked is None else [asked])]
        missing = [state for state in all_states if not state.ready]
        if any(_is_worth_a_fetch(state) for state in all_states):
            fetching.begin()
        is_ready = not missing or (not every_issuer and len(missing) < len(all_states))
        body: dict[str, Any] = {"ready": is_ready}
        if details:
            body["issuers"] = [_shown(state) for state in states]
            if asked is not None:
                body["introspection"] = _shown(asked)
        headers = {"Cache-Control": "no-store"}
        if not is_ready:
            headers["Retry-After"] = str(max(1, math.ceil(min(map(_wait, missing)))))
        return JSONResponse(body, _READY if is_ready else _NOT_READY, headers)

    return ready


class _Fetching:
    """Asks for missing keys in the background, once at a time however many probes come."""

    def __init__(self, server: ResourceServer) -> None:
        self._server = server
        self._is_under_way = False

    def begin(self) -> None:
        if not self._is_under_way:
            self._is_under_way = True
            spawn(self._fetch)

    async def _fetch(self) -> None:
        try:
            await self._server.warm_up()
        finally:
            self._is_under_way = False


def _is_worth_a_fetch(state: _State) -> bool:
    if isinstance(state, IntrospectionStatus):
        return not state.ready and state.next_try_in == 0.0
    return state.next_fetch_in == 0.0 and (not state.ready or (state.age or 0.0) >= _OLD)


def _wait(state: _State) -> float:
    return state.next_try_in if isinstance(state, IntrospectionStatus) else state.next_fetch_in or 0.0


def _shown(state: _State) -> dict[str, Any]:
    return {name: round(value, _DIGITS) if isinstance(value, float) else value for name, value in asdict(state).items()}

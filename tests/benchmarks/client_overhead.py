"""What ClientCredentials adds to a request of httpx with a token in hand, beside httpx's own BasicAuth.

httpx runs one flow of the authorization per request: that flow is driven here as httpx does, without the request itself, which
takes twenty times as long and would drown the difference. ``none`` is the empty flow that httpx runs without any authorization.
The best of the rounds is printed: another program on the machine can only make one slower. A measurement, not a gate.
"""

import argparse
import platform
import time
from collections.abc import Callable
from importlib.metadata import version
from typing import Final

import anyio
import httpx

from bearerguard import ClientCredentials

_RESPONSE: Final = httpx.Response(200)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--requests", type=int, default=5000, help="requests in a round")
    arguments.add_argument("--rounds", type=int, default=20)
    options = arguments.parse_args()

    auths = {"none": httpx.Auth(), "BasicAuth": httpx.BasicAuth("billing", "secret"), "ClientCredentials": _with_token()}
    print(f"Python {platform.python_version()}, httpx {version('httpx')}, bearerguard {version('bearerguard')}")
    kinds: dict[str, Callable[[httpx.Auth, int], float]] = {"httpx.Client": _sync, "httpx.AsyncClient": _async}
    for kind, measure in kinds.items():
        times: dict[str, list[float]] = {name: [] for name in auths}
        for _ in range(options.rounds):
            for name, auth in auths.items():
                times[name].append(measure(auth, options.requests))
        for name, rounds in times.items():
            print(f"{kind:<18} {name:<18}{min(rounds) / options.requests * 1e6:6.1f} µs a request")


def _with_token() -> ClientCredentials:
    answer = {"access_token": "x" * 1200, "token_type": "Bearer", "expires_in": 3600}
    endpoint = httpx.MockTransport(lambda _: httpx.Response(200, json=answer))
    auth = ClientCredentials(
        token_endpoint="https://issuer.example/token", client_id="billing", client_secret="secret", transport=endpoint
    )
    auth.token_sync()
    return auth


def _request() -> httpx.Request:
    return httpx.Client().build_request("POST", "https://orders.example/orders", json={"order": 1})


def _sync(auth: httpx.Auth, requests: int) -> float:
    request = _request()
    begun = time.perf_counter()
    for _ in range(requests):
        flow = auth.sync_auth_flow(request)
        next(flow)
        try:
            flow.send(_RESPONSE)
        except StopIteration:
            flow.close()
    return time.perf_counter() - begun


def _async(auth: httpx.Auth, requests: int) -> float:
    request = _request()

    async def measured() -> float:
        begun = time.perf_counter()
        for _ in range(requests):
            flow = auth.async_auth_flow(request)
            await anext(flow)
            try:
                await flow.asend(_RESPONSE)
            except StopAsyncIteration:
                await flow.aclose()
        return time.perf_counter() - begun

    return anyio.run(measured)


if __name__ == "__main__":
    main()

"""What ClientCredentials adds to a request of httpx with a token in hand, beside httpx's own BasicAuth.

httpx runs one flow of the authorization per request: that flow is driven here as httpx does, without the request itself, which
takes twenty times as long and would drown the difference. An empty flow runs without any authorization, too.
"""

from collections.abc import Awaitable, Callable
from typing import Final

import httpx

from bearerguard import ClientCredentials
from benchmarks.measure import calling, interleave
from benchmarks.setting import Setting
from benchmarks.table import Row

_RESPONSE: Final = httpx.Response(200)


def rows(setting: Setting) -> list[Row]:
    """Both kinds of client."""
    auths = {"none": httpx.Auth(), "basic": httpx.BasicAuth("billing", "secret"), "ours": _with_token()}
    request = httpx.Client().build_request("POST", "https://orders.example/orders", json={"order": 1})
    subjects = {f"sync {name}": calling(_sync(auth, request)) for name, auth in auths.items()}
    subjects |= {f"async {name}": setting.caller.awaiting(_async(auth, request)) for name, auth in auths.items()}
    figures = interleave(subjects, rounds=setting.rounds)
    rows = []
    for kind, client in (("sync", "httpx.Client"), ("async", "httpx.AsyncClient")):
        for name, what in (("ours", "`ClientCredentials` with a token in hand"), ("basic", "httpx's own `BasicAuth`")):
            added = figures.added_nanoseconds(f"{kind} {name}", f"{kind} none") * 1e-3
            rows.append(Row(f"{what}, added to a request of `{client}`", added, "µs"))
    return rows


def _with_token() -> ClientCredentials:
    answer = {"access_token": "x" * 1200, "token_type": "Bearer", "expires_in": 3600}
    endpoint = httpx.MockTransport(lambda _: httpx.Response(200, json=answer))
    auth = ClientCredentials(
        token_endpoint="https://issuer.example/token", client_id="billing", client_secret="secret", transport=endpoint
    )
    auth.token_sync()
    return auth


def _sync(auth: httpx.Auth, request: httpx.Request) -> Callable[[], None]:
    def flow_through() -> None:
        flow = auth.sync_auth_flow(request)
        next(flow)
        try:
            flow.send(_RESPONSE)
        except StopIteration:
            flow.close()

    return flow_through


def _async(auth: httpx.Auth, request: httpx.Request) -> Callable[[], Awaitable[None]]:
    async def flow_through() -> None:
        flow = auth.async_auth_flow(request)
        await anext(flow)
        try:
            await flow.asend(_RESPONSE)
        except StopAsyncIteration:
            await flow.aclose()

    return flow_through

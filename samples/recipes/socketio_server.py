"""Socket.IO: the handshake needs a token, events need roles, and a connection ends with its token.

Websockets only: with long polling a connection consists of many requests, and Engine.IO does not
check that all of them are by the caller who opened it. The path is served with and without its
slash, so the table has both.
"""

from typing import Any

import socketio

from bearerguard import AccessTokenMiddleware, PathPolicy, Principal, ResourceServer, authenticated, oidc, principal_of, role

server = socketio.AsyncServer(async_mode="asgi", transports=["websocket"])


async def connect(sid: str, environ: dict[str, Any], auth: object) -> None:
    """``auth`` is what a client says of itself: it decides nothing."""
    await server.save_session(sid, {"caller": principal_of(environ["asgi.scope"])})


async def cancel_order(sid: str, order: int) -> dict[str, Any]:
    caller: Principal = (await server.get_session(sid))["caller"]
    if not role("Write.All").permits(caller):
        return {"error": "not permitted"}
    return {"cancelled": order, "by": caller.display_name}


server.on("connect", connect)
server.on("cancel_order", cancel_order)

api = ResourceServer(issuers=[oidc("https://issuer.example")], audience="api://orders")
policy = PathPolicy({"WEBSOCKET /socket.io": authenticated(), "WEBSOCKET /socket.io/": authenticated()})
app = AccessTokenMiddleware(socketio.ASGIApp(server), resource_server=api, policy=policy, end_at_expiry=True)

"""A framework that makes an error page of every exception, and tells nobody else: Quart and Django do so."""

from collections.abc import Awaitable, Callable, Iterable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

View = Callable[[Scope], str]


def closed(view: View, *, waits: bool = False) -> ASGIApp:
    """An application around one view. With ``waits`` it returns when the client has gone (Quart 0.23)."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        scope["user"] = "somebody else"
        status, body = 200, ""
        try:
            body = view(scope)
        except Exception:  # noqa: BLE001  as frameworks do
            status, body = 500, "<html></html>"
        await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", b"text/html")]})
        await send({"type": "http.response.body", "body": body[:6].encode(), "more_body": True})
        await send({"type": "http.response.body", "body": body[6:].encode()})
        if waits:
            await receive()
            raise ConnectionResetError

    return app


def closed_to_websockets(view: Callable[[Scope, Send], Awaitable[None]], *ends: Message, is_handling: bool = True) -> ASGIApp:
    """The same with websockets, which it ends with ``ends`` while it handles the exception, or afterwards."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await view(scope, send)
        except Exception:  # noqa: BLE001  as frameworks do
            if is_handling:
                await _send_all(ends, send)
                return
        await _send_all(ends, send)

    return app


async def _send_all(messages: Iterable[Message], send: Send) -> None:
    for message in messages:
        await send(message)

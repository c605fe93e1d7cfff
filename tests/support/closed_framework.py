"""A framework that makes an error page of every exception, and tells nobody else: Quart and Django do so."""

from collections.abc import Callable

from starlette.types import ASGIApp, Receive, Scope, Send

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

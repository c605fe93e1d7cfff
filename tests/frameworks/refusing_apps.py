"""Applications of four frameworks whose views refuse by themselves, and room for what others put around views.

``/refused`` refuses, ``/broken`` fails; so do the websockets ``/refused`` before they accept and ``/late`` afterwards.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from starlette.types import Receive, Scope, Send

from bearerguard import PathPolicy, authenticated, principal_of, role

POLICY: Final = PathPolicy({"/refused": authenticated(), "/late": authenticated(), "/broken": authenticated()})
WRITE: Final = role("Write.All")


def name_of(scope: Any) -> str:
    return principal_of(scope, WRITE).display_name


def litestar(**options: Any) -> Any:
    from litestar import Litestar, Request, WebSocket, get, websocket

    @get("/refused")
    async def refused(request: Request[Any, Any, Any]) -> str:
        return name_of(request.scope)

    @get("/broken")
    async def broken() -> str:
        raise ZeroDivisionError

    @websocket("/refused")
    async def before(socket: WebSocket[Any, Any, Any]) -> None:
        name_of(socket.scope)

    @websocket("/late")
    async def late(socket: WebSocket[Any, Any, Any]) -> None:
        await socket.accept()
        name_of(socket.scope)

    return Litestar([refused, broken, before, late], openapi_config=None, logging_config=None, **options)


def quart() -> Any:
    from quart import Quart, request, websocket

    app = Quart(__name__)

    @app.get("/refused")
    async def refused() -> str:
        return name_of(request.scope)

    @app.get("/broken")
    async def broken() -> str:
        raise ZeroDivisionError

    @app.websocket("/refused")
    async def before() -> None:
        name_of(websocket.scope)

    @app.websocket("/late")
    async def late() -> None:
        await websocket.accept()
        name_of(websocket.scope)

    return app


def blacksheep() -> Any:
    from blacksheep import Application, Request, Router, WebSocket

    router = Router()

    @router.get("/refused")
    async def refused(request: Request) -> str:
        return name_of(request.scope)

    @router.get("/broken")
    async def broken() -> str:
        raise ZeroDivisionError

    @router.ws("/refused")
    async def before(websocket: WebSocket) -> None:
        name_of(websocket.scope)

    @router.ws("/late")
    async def late(websocket: WebSocket) -> None:
        await websocket.accept()
        name_of(websocket.scope)

    return Application(router=router)


def django(*middleware: str, is_async: bool = True) -> Any:
    """With the views that are async, or those that run in a thread."""
    import samples.frameworks.django_app  # noqa: F401  configures Django, which can be done once
    from django.core.handlers.asgi import ASGIHandler
    from django.http import HttpResponse
    from django.test.utils import override_settings
    from django.urls import path

    async def refused(request: Any) -> HttpResponse:
        return HttpResponse(name_of(request.scope))

    def refused_in_a_thread(request: Any) -> HttpResponse:
        return HttpResponse(name_of(request.scope))

    async def broken(request: Any) -> HttpResponse:
        raise ZeroDivisionError

    class Urls:
        urlpatterns = (path("refused", refused if is_async else refused_in_a_thread), path("broken", broken))

    settings = {"ROOT_URLCONF": Urls, "MIDDLEWARE": middleware, "INSTALLED_APPS": []}

    class Configured(ASGIHandler):  # type: ignore[misc]  # Django has no types
        """With these settings, and known as Django."""

        def __init__(self) -> None:
            with override_settings(**settings):
                super().__init__()

        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            with override_settings(**settings):
                await super().__call__(scope, receive, send)

    return Configured()


def django_in_a_thread() -> Any:
    return django(is_async=False)


APPS: Final[Mapping[str, Callable[[], Any]]] = {
    "litestar": litestar,
    "quart": quart,
    "django": django,
    "django, not async": django_in_a_thread,
    "blacksheep": blacksheep,
}
WITH_WEBSOCKETS: Final = ("litestar", "quart", "blacksheep")

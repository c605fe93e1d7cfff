"""Applications of each framework whose every route tells which resource it has served.

A resource is named as a row would name it: the route's template with the values that the framework
found, or the file that was sent. So what was served can be compared with what the table says of it,
however the request was written.
"""

import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from starlette.types import ASGIApp

TREES: Final[tuple[tuple[str, ...], ...]] = (
    ("/", "/a", "/a/{x}", "/a/{x}/b", "/b/{rest:path}"),
    ("/{x}", "/a/{rest:path}", "/{x}/b/{y}"),
    ("/a", "/b", "/a/b", "/a/a/{x}", "/{x}/{y}", "/{x}/{y}/{z}"),
)
FILES: Final = ("a", "b/a", "b/b/b", "7/a", "ab")
WITHOUT_WEBSOCKETS: Final = frozenset({"django", "files", "litestar-files", "blacksheep-files"})


def _filled(template: str, values: Mapping[str, Any]) -> str:
    for name, value in values.items():
        for parameter in (f"{{{name}}}", f"{{{name}:path}}"):
            template = template.replace(parameter, str(value))
    return template


def starlette(tree: tuple[str, ...], _files: Path) -> ASGIApp:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import PlainTextResponse
    from starlette.routing import Route, WebSocketRoute
    from starlette.websockets import WebSocket

    def routes(template: str) -> list[Any]:
        async def endpoint(request: Request) -> PlainTextResponse:
            return PlainTextResponse(_filled(template, request.path_params))

        async def live(websocket: WebSocket) -> None:
            await websocket.accept()
            await websocket.send_text(_filled(template, websocket.path_params))
            await websocket.close()

        return [Route(template, endpoint), WebSocketRoute(template, live)]

    return Starlette(routes=[route for template in tree for route in routes(template)])


def fastapi(tree: tuple[str, ...], _files: Path) -> ASGIApp:
    from fastapi import FastAPI, Request, WebSocket
    from fastapi.responses import PlainTextResponse

    app = FastAPI(openapi_url=None)

    def add(template: str) -> None:
        async def endpoint(request: Request) -> PlainTextResponse:
            return PlainTextResponse(_filled(template, request.path_params))

        async def live(websocket: WebSocket) -> None:
            await websocket.accept()
            await websocket.send_text(_filled(template, websocket.path_params))
            await websocket.close()

        app.add_api_route(template, endpoint)
        app.add_api_websocket_route(template, live)

    for template in tree:
        add(template)
    return app


def litestar(tree: tuple[str, ...], _files: Path) -> Any:
    from litestar import Litestar, MediaType, Request, WebSocket, get, websocket

    def handlers(template: str) -> list[Any]:
        path = template.replace("{x}", "{x:str}").replace("{y}", "{y:str}").replace("{z}", "{z:str}")

        async def endpoint(request: Request[Any, Any, Any]) -> str:
            return _filled(template, {name: str(value).lstrip("/") for name, value in request.path_params.items()})

        async def live(socket: WebSocket[Any, Any, Any]) -> None:
            await socket.accept()
            await socket.send_text(
                _filled(template, {name: str(value).lstrip("/") for name, value in socket.path_params.items()})
            )
            await socket.close()

        return [get(path, media_type=MediaType.TEXT)(endpoint), websocket(path)(live)]

    return Litestar([handler for template in tree for handler in handlers(template)], openapi_config=None)


def quart(tree: tuple[str, ...], _files: Path) -> Any:
    from quart import Quart, websocket

    app = Quart(__name__)

    def add(number: int, template: str) -> None:
        path = template.replace("{rest:path}", "<path:rest>").replace("{", "<").replace("}", ">")

        async def endpoint(**values: str) -> str:
            return _filled(template, values)

        async def live(**values: str) -> None:
            await websocket.accept()
            await websocket.send(_filled(template, values))

        app.add_url_rule(path, f"http{number}", endpoint)
        app.add_websocket(path, f"live{number}", live)

    for number, template in enumerate(tree):
        add(number, template)
    return app


def django(tree: tuple[str, ...], _files: Path) -> Any:
    import samples.frameworks.django_app  # noqa: F401  configures Django, which can be done once
    from django.core.asgi import get_asgi_application
    from django.core.handlers.asgi import ASGIHandler
    from django.http import HttpResponse
    from django.test.utils import override_settings
    from django.urls import path

    def pattern(template: str) -> Any:
        async def endpoint(request: Any, **values: str) -> HttpResponse:
            return HttpResponse(_filled(template, values))

        written = template.replace("{rest:path}", "<path:rest>").replace("{", "<").replace("}", ">")
        return path(written.removeprefix("/"), endpoint)

    class Urls:
        urlpatterns = tuple(pattern(template) for template in tree)

    handler = get_asgi_application()

    class Beneath(ASGIHandler):  # type: ignore[misc]  # Django has no types
        """With these URLs, and known as Django."""

        def __init__(self) -> None:
            pass

        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            with override_settings(ROOT_URLCONF=Urls):
                await handler(scope, receive, send)

    return Beneath()


def blacksheep(tree: tuple[str, ...], _files: Path) -> Any:
    from blacksheep import Application, Request, Router, TextContent, WebSocket
    from blacksheep import Response as BlackSheepResponse

    router = Router()

    def add(template: str) -> None:
        path = template.replace("{rest:path}", "*")

        async def endpoint(request: Request) -> BlackSheepResponse:
            return BlackSheepResponse(200, content=TextContent(_named(request.route_values)))

        async def live(websocket: WebSocket) -> None:
            await websocket.accept()
            await websocket.send_text(_named(websocket.route_values))
            await websocket.close()

        def _named(values: Mapping[str, Any] | None) -> str:
            return _filled(template, {name.replace("tail", "rest"): value for name, value in (values or {}).items()})

        router.add_get(path, endpoint)
        router.add_ws(path, live)

    for template in tree:
        add(template)
    return Application(router=router)


def files(_tree: tuple[str, ...], directory: Path) -> Any:
    from starlette.staticfiles import StaticFiles

    return StaticFiles(directory=directory)


def litestar_files(_tree: tuple[str, ...], directory: Path) -> Any:
    from litestar import Litestar
    from litestar.static_files import StaticFilesConfig

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Litestar has deprecated it
        return Litestar(static_files_config=[StaticFilesConfig(path="/a", directories=[directory / "a:"])], openapi_config=None)


def blacksheep_files(_tree: tuple[str, ...], directory: Path) -> Any:
    from blacksheep import Application, Router

    app = Application(router=Router())
    app.serve_files(directory / "a:", root_path="a", extensions={"a", "b"})
    return app


def directory_of_files(directory: Path) -> Path:
    """Files that hold their own names; those beneath ``a:`` with ``a/`` before them."""
    for prefix in ("", "a:/"):
        for name in FILES:
            file = directory / prefix / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text("/" + prefix.replace(":", "") + name)
    return directory


APPS: Final[Mapping[str, Callable[[tuple[str, ...], Path], Any]]] = {
    "starlette": starlette,
    "fastapi": fastapi,
    "litestar": litestar,
    "quart": quart,
    "django": django,
    "blacksheep": blacksheep,
    "files": files,
    "litestar-files": litestar_files,
    "blacksheep-files": blacksheep_files,
}

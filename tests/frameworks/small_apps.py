"""One tiny application in each framework, whose paths and errors are the framework's own affair.

``/files`` and ``/files/{name}`` answer ``secret``, what is public answers ``open``, and ``/refused`` refuses a reader by itself.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from starlette.types import ASGIApp

from bearerguard import PathPolicy, authenticated, principal_of, role

POLICY: Final = PathPolicy(
    {
        "GET /files": role("Read.All"),
        "GET /files/{name}": role("Write.All"),
        "GET /files/{name}/public": PathPolicy.PUBLIC,
        "GET /open/{rest:path}": PathPolicy.PUBLIC,
        "GET /refused": authenticated(),
    }
)
WRITE: Final = role("Write.All")
SECRET, OPEN = "secret", "open"


def starlette() -> ASGIApp:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import PlainTextResponse, Response
    from starlette.routing import Route

    async def secret(request: Request) -> Response:
        return PlainTextResponse(SECRET)

    async def opened(request: Request) -> Response:
        return PlainTextResponse(OPEN)

    async def refused(request: Request) -> Response:
        return PlainTextResponse(principal_of(request.scope, WRITE).display_name)

    return Starlette(
        routes=[
            Route("/files", secret),
            Route("/files/{name}", secret),
            Route("/files/{name}/public", opened),
            Route("/open/{rest:path}", opened),
            Route("/refused", refused),
        ]
    )


def fastapi() -> ASGIApp:
    from fastapi import FastAPI, Request

    app = FastAPI(openapi_url=None)

    @app.get("/files")
    @app.get("/files/{name}")
    async def secret(name: str = "") -> str:
        return SECRET

    @app.get("/files/{name}/public")
    async def public(name: str) -> str:
        return OPEN

    @app.get("/open/{rest:path}")
    async def opened(rest: str) -> str:
        return OPEN

    @app.get("/refused")
    async def refused(request: Request) -> str:
        return principal_of(request.scope, WRITE).display_name

    return app


def litestar() -> Any:
    from litestar import Litestar, Request, get
    from litestar.params import FromPath

    @get("/files")
    async def files() -> str:
        return SECRET

    @get("/files/{name:str}")
    async def secret(name: FromPath[str]) -> str:
        return SECRET

    @get("/files/{name:str}/public")
    async def public(name: FromPath[str]) -> str:
        return OPEN

    @get("/open/{rest:path}")
    async def opened(rest: FromPath[str]) -> str:
        return OPEN

    @get("/refused")
    async def refused(request: Request[Any, Any, Any]) -> str:
        return principal_of(request.scope, WRITE).display_name

    return Litestar([files, secret, public, opened, refused], openapi_config=None)


def quart() -> Any:
    from quart import Quart, request

    app = Quart(__name__)

    @app.get("/files")
    @app.get("/files/<name>")
    async def secret(name: str = "") -> str:
        return SECRET

    @app.get("/files/<name>/public")
    async def public(name: str) -> str:
        return OPEN

    @app.get("/open/<path:rest>")
    async def opened(rest: str) -> str:
        return OPEN

    @app.get("/refused")
    async def refused() -> str:
        return principal_of(request.scope, WRITE).display_name

    return app


def django_urls() -> Any:
    """A ``ROOT_URLCONF``."""
    import samples.frameworks.django_app  # noqa: F401  configures Django, which can be done once
    from django.http import HttpResponse
    from django.urls import path

    async def secret(request: Any, name: str = "") -> HttpResponse:
        return HttpResponse(SECRET)

    async def opened(request: Any, **parameters: str) -> HttpResponse:
        return HttpResponse(OPEN)

    async def refused(request: Any) -> HttpResponse:
        return HttpResponse(principal_of(request.scope, WRITE).display_name)

    class Urls:
        urlpatterns = (
            path("files", secret),
            path("files/<name>", secret),
            path("files/<name>/public", opened),
            path("open/<path:rest>", opened),
            path("refused", refused),
        )

    return Urls


def django() -> Any:
    urls = django_urls()
    from django.core.asgi import get_asgi_application
    from django.test.utils import override_settings

    handler = get_asgi_application()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        with override_settings(ROOT_URLCONF=urls):
            await handler(scope, receive, send)

    return app


def blacksheep() -> Any:
    from blacksheep import Application, Request, Router

    router = Router()

    @router.get("/files")
    async def files() -> str:
        return SECRET

    @router.get("/files/{name}")
    async def secret(name: str) -> str:
        return SECRET

    @router.get("/files/{name}/public")
    async def public(name: str) -> str:
        return OPEN

    @router.get("/open/*")
    async def opened() -> str:
        return OPEN

    @router.get("/refused")
    async def refused(request: Request) -> str:
        return principal_of(request.scope, WRITE).display_name

    return Application(router=router)


APPS: Final[Mapping[str, Callable[[], Any]]] = {
    "starlette": starlette,
    "fastapi": fastapi,
    "litestar": litestar,
    "quart": quart,
    "django": django,
    "blacksheep": blacksheep,
}

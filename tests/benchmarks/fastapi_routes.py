"""What ``require`` adds to a FastAPI route, beside a dependency that does nothing and the two libraries made for FastAPI."""

from typing import Annotated

from fastapi import Depends, FastAPI
from starlette.types import ASGIApp

from bearerguard import AccessTokenMiddleware, Principal, ResourceServer, role
from bearerguard.fastapi import require
from benchmarks.asgi import PATH
from benchmarks.measure import interleave
from benchmarks.setting import Setting
from benchmarks.table import Row

_EMPTY = "an `async` dependency that does nothing"


def bare_fastapi() -> ASGIApp:
    """A FastAPI route that anybody may call."""
    app = FastAPI()

    @app.get(PATH)
    async def orders() -> dict[str, list[str]]:
        return {"orders": []}

    return app


def required_app(server: ResourceServer) -> ASGIApp:
    """The same behind the middleware and ``require``, as the README shows it."""
    app = FastAPI(openapi_url=None)
    app.add_middleware(AccessTokenMiddleware, resource_server=server)

    @app.get(PATH)
    async def orders(caller: Annotated[Principal, Depends(require(role("Read.All")))]) -> dict[str, list[str]]:
        return {"orders": []}

    return app


def rows(setting: Setting) -> list[Row]:
    """Warm: the token was verified before."""
    server = setting.server()
    setting.caller.run(server.authenticate(setting.token))
    apps = {"bare": bare_fastapi(), "empty": _with_an_empty_dependency(), "required": required_app(server)}
    subjects = {name: setting.caller.requests(app, setting.token) for name, app in apps.items()}
    figures = interleave(subjects | {"V": setting.unit}, rounds=3 * setting.rounds)
    return [
        Row(
            'middleware and `require(role("Read.All"))`, added to a FastAPI route',
            figures.added("required", "bare", "V"),
            "V",
            0.9,
        ),
        Row(f"{_EMPTY}, added to a FastAPI route", figures.added("empty", "bare", "V"), "V"),
        Row("FastAPI route with middleware and `require` over the bare one", figures.ratio("required", "bare")),
    ]


def _with_an_empty_dependency() -> ASGIApp:
    app = FastAPI()

    async def nothing() -> None:
        pass

    @app.get(PATH, dependencies=[Depends(nothing)])
    async def orders() -> dict[str, list[str]]:
        return {"orders": []}

    return app

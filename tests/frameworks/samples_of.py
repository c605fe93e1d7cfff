"""The samples of the frameworks, unmodified, with a local issuer in the place of theirs."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import cache
from importlib import reload
from typing import Any, Final

from samples.frameworks.access import api
from starlette.types import ASGIApp

from bearerguard.testing import LocalIssuer
from bearerguard.testing.stand_ins import StandIns, main_issuer
from support.asgi import lifespan

NAMES: Final = ("starlette", "fastapi", "litestar", "quart", "django", "blacksheep")
WITHOUT_WEBSOCKETS: Final = frozenset({"django"})
WITHOUT_LIFESPAN: Final = frozenset({"django"})
WITHOUT_HEAD: Final = frozenset({"fastapi", "litestar", "blacksheep"})  # a route for GET serves GET alone

STARTED_ONCE: Final = frozenset({"blacksheep"})


@cache
def issuer() -> LocalIssuer:
    """One issuer, whose keys are made once."""
    return main_issuer(api)


@asynccontextmanager
async def started(name: str, needed: Callable[[str], Any]) -> AsyncIterator[tuple[ASGIApp, LocalIssuer]]:
    """The application of a framework, started, and the issuer that it trusts."""
    module = needed(f"samples.frameworks.{name}_app")
    if name in STARTED_ONCE:
        module = reload(module)
    with StandIns(api, issuer()).in_place():
        if name in WITHOUT_LIFESPAN:
            yield module.app, issuer()
            return
        async with lifespan(module.app) as sent:
            assert [message["type"] for message in sent] == ["lifespan.startup.complete"]
            yield module.app, issuer()

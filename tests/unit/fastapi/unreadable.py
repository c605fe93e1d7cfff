"""Endpoints whose annotations name what exists for type checkers alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Depends, FastAPI, Request, Response

from bearerguard import role
from bearerguard.fastapi import require

if TYPE_CHECKING:
    from decimal import Decimal

    from bearerguard import Principal
    from bearerguard.fastapi import CurrentPrincipal


async def annotated(caller: Annotated[Principal, Depends(require(role("Read.All")))]) -> None:
    """As most are written."""


async def current(caller: CurrentPrincipal) -> None:
    """Names the alias."""


async def of_starlette(request: Request, principal: Principal | None = None) -> Response:
    """An endpoint that others call with the caller, too."""
    raise NotImplementedError


async def other(price: Decimal) -> None:
    """No caller: FastAPI's affair."""


def in_a_function(app: FastAPI) -> Any:
    """The name is in a function's own scope."""
    from bearerguard import Principal as Caller

    @app.get("/a")
    async def local(principal: Annotated[Caller, Depends(require(role("Read.All")))]) -> None:
        """Of this function."""

    return local

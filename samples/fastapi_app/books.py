"""The books: an access-control list of applications decides who may close a month, a role or a user's scope who may read."""

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Path
from pydantic import BaseModel

from bearerguard import application, client, role, scope
from bearerguard.fastapi import require

from .problem import CONFLICT
from .store import OrdersHere

router = APIRouter(prefix="/books", tags=["books"])


class Month(BaseModel):
    """A month that was closed."""

    month: str
    shipped: int


@router.get("/report", dependencies=[Depends(require(role("Read.All") | scope("books.read")))])
async def report(orders: OrdersHere) -> dict[str, int]:
    return {"shipped": len(orders.all(shipped=True)), "open": len(orders.all(shipped=False))}


@router.put(
    "/months/{month}",
    status_code=201,
    responses=CONFLICT,
    dependencies=[Depends(require(application() & client("closing-job", "accounting")))],
)
async def close_month(orders: OrdersHere, month: Annotated[str, Path(pattern="^20[0-9]{2}-(0[1-9]|1[0-2])$")]) -> Month:
    if month in orders.closed:
        raise HTTPException(409, "the month was closed before")
    orders.closed.add(month)
    return Month(month=month, shipped=len(orders.all(shipped=True)))

"""Orders: roles decide. The router asks everybody for ``Read.All``, some of its routes for more."""

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, WebSocket

from bearerguard import Principal, role
from bearerguard.fastapi import CurrentPrincipal, require

from .problem import CONFLICT, NOT_FOUND
from .store import NewOrder, Order, OrdersHere

router = APIRouter(prefix="/orders", tags=["orders"], dependencies=[Depends(require(role("Read.All")))])

Writer = Annotated[Principal, Depends(require(role("Write.All")))]


@router.get("")
async def list_orders(orders: OrdersHere, shipped: bool | None = None) -> list[Order]:
    return orders.all(shipped=shipped)


@router.get("/mine")
async def my_orders(orders: OrdersHere, caller: CurrentPrincipal) -> list[Order]:
    return orders.of((caller.issuer, caller.subject))


@router.get("/{number}", responses=NOT_FOUND)
async def read_order(orders: OrdersHere, number: int) -> Order:
    return orders.one(number)


@router.post("", status_code=201)
async def create_order(orders: OrdersHere, new: NewOrder, writer: Writer) -> Order:
    return orders.add(new, (writer.issuer, writer.subject), writer.display_name)


@router.post("/{number}/ship", responses=NOT_FOUND | CONFLICT, dependencies=[Depends(require(role("Write.All")))])
async def ship_order(orders: OrdersHere, number: int) -> Order:
    order = orders.one(number)
    if order.shipped:
        raise HTTPException(409, "the order was shipped before")
    order.shipped = True
    return order


@router.websocket("/live")
async def live(websocket: WebSocket, orders: OrdersHere) -> None:
    """Each message is answered with the number of orders that wait to be shipped."""
    await websocket.accept()
    async for _ in websocket.iter_text():
        await websocket.send_json({"open": len(orders.all(shipped=False))})

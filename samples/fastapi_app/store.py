"""The orders themselves, in memory: nothing here knows of tokens."""

from typing import Annotated

from fastapi import Depends, HTTPException
from pydantic import BaseModel, Field
from starlette.requests import HTTPConnection

Owner = tuple[str, str]  # issuer and subject: only together do they name one caller


class NewOrder(BaseModel):
    """What a customer orders."""

    item: str = Field(min_length=1, max_length=80, pattern="^[ -~]+$")
    quantity: int = Field(default=1, ge=1, le=1000)


class Order(NewOrder):
    """An order that was taken."""

    id: int
    ordered_by: str
    shipped: bool = False


class Orders:
    """All orders of one application."""

    def __init__(self) -> None:
        self._orders: dict[int, Order] = {}
        self._owners: dict[int, Owner] = {}
        self.closed: set[str] = set()

    def all(self, *, shipped: bool | None = None) -> list[Order]:
        """In the order they came; with ``shipped`` only those that are, or are not."""
        return [order for order in self._orders.values() if shipped in (None, order.shipped)]

    def of(self, owner: Owner) -> list[Order]:
        """Those of one caller."""
        return [order for order in self.all() if self._owners[order.id] == owner]

    def add(self, new: NewOrder, owner: Owner, ordered_by: str) -> Order:
        """Take an order; ``ordered_by`` is for display."""
        order = Order(id=len(self._orders) + 1, ordered_by=ordered_by, **new.model_dump())
        self._orders[order.id] = order
        self._owners[order.id] = owner
        return order

    def one(self, number: int) -> Order:
        """An order by its number. Raises 404."""
        if number not in self._orders:
            raise HTTPException(404, "there is no such order")
        return self._orders[number]


async def orders_of(connection: HTTPConnection) -> Orders:
    """The orders of the application that serves this request."""
    orders: Orders = connection.app.state.orders
    return orders


OrdersHere = Annotated[Orders, Depends(orders_of)]

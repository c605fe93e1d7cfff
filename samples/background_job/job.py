"""What the job does: it ships what waits, and closes the month. Its client brings the tokens."""

from collections.abc import Iterator

import httpx


def close_month(orders: httpx.Client, month: str) -> Iterator[str]:
    """Ship every open order and close the month; yields a line for the log after each step.

    Raises:
        httpx.HTTPStatusError: the API refused; its body says why.
        bearerguard.TokenRequestError: there was no token to be had.
    """
    waiting = orders.get("/orders", params={"shipped": False}).raise_for_status().json()
    for order in waiting:
        orders.post(f"/orders/{order['id']}/ship").raise_for_status()
        yield f"shipped {order['item']}"
    closed = orders.put(f"/books/months/{month}").raise_for_status().json()
    yield f"closed {closed['month']} with {closed['shipped']} orders"

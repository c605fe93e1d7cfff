"""Two services that call each other, and an issuer, on loopback sockets: who may call whom, and what the others are told.

pip install ".[serve]" && python samples/microservices/run.py
"""

import argparse
import base64
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
from billing import billing_app
from orders import orders_app

from bearerguard import ClientCredentials, ResourceServer
from bearerguard.testing import LocalClient, LocalIssuer, Loopback

CLIENTS = [
    LocalClient("shop", "shop-secret", roles=["Bills.Read"]),
    LocalClient("billing", "billing-secret", roles=["Read.All"]),
    LocalClient("guest", "guest-secret"),
]


@dataclass(frozen=True)
class Call:
    """One row of the table."""

    caller: str
    service: str
    path: str
    token: str | None


def client_credentials(issuer: LocalIssuer, client_id: str, resource: str) -> ClientCredentials:
    """How a service obtains its tokens; in production ``ClientCredentials.from_env()``."""
    return ClientCredentials(
        token_endpoint=issuer.token_endpoint,
        client_id=client_id,
        client_secret=f"{client_id}-secret",
        resource=resource,
        insecure_allow_http=True,
    )


def with_more_roles(token: str) -> str:
    """What an attacker would like to do: the same token, with another role written into it."""
    head, payload, signature = token.split(".")
    claims = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)).replace(b"Bills.Read", b"Read.All")
    return f"{head}.{base64.urlsafe_b64encode(claims).decode().rstrip('=')}.{signature}"


def calls(issuer: LocalIssuer) -> Iterator[Call]:
    """Honest callers and others."""
    shop = client_credentials(issuer, "shop", "api://billing").token_sync()
    billing = client_credentials(issuer, "billing", "api://orders").token_sync()
    shop_at_orders = client_credentials(issuer, "shop", "api://orders").token_sync()
    yield Call("shop", "billing", "/bill", shop)  # billing calls orders to answer
    yield Call("billing", "orders", "/orders", billing)
    yield Call("shop, its token for billing", "orders", "/orders", shop)
    yield Call("shop, without the role", "orders", "/orders", shop_at_orders)
    yield Call("shop, token tampered with", "orders", "/orders", with_more_roles(shop_at_orders))
    yield Call("guest, without any role", "billing", "/bill", client_credentials(issuer, "guest", "api://billing").token_sync())
    yield Call("nobody", "billing", "/bill", None)


def main() -> None:
    """Starts issuer, orders and billing, calls them, and stops them."""
    argparse.ArgumentParser(description="Two services that call each other, and what each caller is told.").parse_args()
    with Loopback() as issuer_place, Loopback() as orders_place, Loopback() as billing_place:
        issuer = LocalIssuer(issuer_place.base_url, audience=["api://orders", "api://billing"], clients=CLIENTS)
        orders = httpx.AsyncClient(base_url=orders_place.base_url, auth=client_credentials(issuer, "billing", "api://orders"))
        issuer_place.serve(issuer)
        orders_place.serve(orders_app(ResourceServer(issuer.trusted(), "api://orders")))
        billing_place.serve(billing_app(ResourceServer(issuer.trusted(), "api://billing"), orders))
        print_table(issuer, {"orders": orders_place.base_url, "billing": billing_place.base_url})


def print_table(issuer: LocalIssuer, services: dict[str, str]) -> None:
    """Caller, request, status, answer."""
    print(f"{'caller':<28} {'request':<20} {'status':<7} answer")
    for call in calls(issuer):
        headers = {"Authorization": f"Bearer {call.token}"} if call.token else {}
        answer = httpx.get(services[call.service] + call.path, headers=headers)
        body = answer.json()
        told = answer.text if answer.is_success else f"{body['code']}: {body['error_description']}"
        print(f"{call.caller:<28} {f'{call.service} GET {call.path}':<20} {answer.status_code:<7} {told}")


if __name__ == "__main__":
    main()

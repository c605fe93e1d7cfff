"""The main job in one run: a local issuer, a protected orders API, and callers with good and bad tokens.

    pip install ".[serve]" && python samples/quickstart.py

With ``--serve`` the issuer and the API stay up, to be tried by hand.
"""

import argparse
import base64
import threading
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from bearerguard import AccessTokenMiddleware, ResourceServer, public, requires, role
from bearerguard.testing import LocalIssuer, Loopback


@requires(role("Read.All"))
async def list_orders(request: Request) -> JSONResponse:
    return JSONResponse({"orders": [{"id": 1, "item": "coffee"}], "caller": request.user.display_name})


@requires(role("Write.All"))
async def create_order(request: Request) -> JSONResponse:
    return JSONResponse(await request.json(), status_code=201)


@public
async def health(request: Request) -> JSONResponse:
    return JSONResponse({"status": "ok"})


def orders_api(issuer: LocalIssuer) -> Starlette:
    """The API as it would run in production; only the issuer is local."""
    api = ResourceServer(issuers=[issuer.trusted()], audience="api://orders")
    return Starlette(
        routes=[
            Route("/orders", list_orders),
            Route("/orders", create_order, methods=["POST"]),
            Route("/health", health),
        ],
        middleware=[Middleware(AccessTokenMiddleware, resource_server=api)],
    )


@dataclass(frozen=True)
class Call:
    """One row of the table."""

    caller: str
    method: str
    path: str
    token: str | None


def obtain_token(issuer: LocalIssuer, client_id: str, audience: str = "api://orders") -> str:
    """The client-credentials grant (RFC 6749 §4.4) over HTTP."""
    answer = httpx.post(
        issuer.token_endpoint,
        data={"grant_type": "client_credentials", "resource": audience},
        auth=(client_id, f"{client_id}-secret"),
    )
    token: str = answer.raise_for_status().json()["access_token"]
    return token


def with_more_roles(token: str) -> str:
    """What an attacker would like to do: the same token, with another role written into it."""
    head, payload, signature = token.split(".")
    claims = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)).replace(b"Read.All", b"Write.All")
    return f"{head}.{base64.urlsafe_b64encode(claims).decode().rstrip('=')}.{signature}"


def calls(issuer: LocalIssuer) -> Iterator[Call]:
    """Several callers, honest and otherwise."""
    reader = obtain_token(issuer, "reader")
    yield Call("reader (Read.All)", "GET", "/orders", reader)
    yield Call("reader (Read.All)", "POST", "/orders", reader)
    yield Call("writer (Write.All)", "POST", "/orders", obtain_token(issuer, "writer"))
    yield Call("noroles", "GET", "/orders", obtain_token(issuer, "noroles"))
    yield Call("expired token", "GET", "/orders", issuer.mint("reader", lifetime=-3600))
    yield Call("token for billing", "GET", "/orders", obtain_token(issuer, "reader", "api://billing"))
    yield Call("tampered token", "POST", "/orders", with_more_roles(reader))
    yield Call("no token", "GET", "/orders", None)
    yield Call("no token", "GET", "/health", None)


def main() -> None:
    """Runs it all on loopback sockets."""
    parser = argparse.ArgumentParser(description="A local issuer, a protected API, and callers with good and bad tokens.")
    parser.add_argument("--serve", action="store_true", help="keep the issuer and the API running")
    keep_running = parser.parse_args().serve
    with Loopback() as issuer_place, Loopback() as api_place:
        issuer = LocalIssuer(issuer_place.base_url, audience=["api://orders", "api://billing"])
        issuer_place.serve(issuer)
        api_place.serve(orders_api(issuer))
        print(f"issuer  {issuer.issuer}\napi     {api_place.base_url}\n")
        print_table(api_place.base_url, issuer)
        print_curl(api_place.base_url, issuer)
        if keep_running:
            print("\nBoth stay up until Ctrl-C.")
            wait_for_interrupt()


def print_table(base_url: str, issuer: LocalIssuer) -> None:
    """Caller, request, status, reason."""
    print(f"{'caller':<20} {'request':<13} {'status':<7} reason")
    with httpx.Client(base_url=base_url) as client:
        for call in calls(issuer):
            headers = {"Authorization": f"Bearer {call.token}"} if call.token else {}
            body = {"item": "tea"} if call.method == "POST" else None
            answer = client.request(call.method, call.path, headers=headers, json=body)
            reason = "" if answer.is_success else f"{answer.json()['code']}: {answer.json()['error_description']}"
            print(f"{call.caller:<20} {f'{call.method} {call.path}':<13} {answer.status_code:<7} {reason}")


def print_curl(base_url: str, issuer: LocalIssuer) -> None:
    """The same by hand."""
    print(f"""
By hand (with --serve):

  TOKEN=$(curl -s -u reader:reader-secret -d grant_type=client_credentials {issuer.token_endpoint} \\
    | python -c 'import json, sys; print(json.load(sys.stdin)["access_token"])')
  curl -i -H "Authorization: Bearer $TOKEN" {base_url}/orders
  curl -i -H "Authorization: Bearer $TOKEN" -d '{{"item": "tea"}}' {base_url}/orders
  curl -i {base_url}/orders""")


def wait_for_interrupt() -> None:
    """Until Ctrl-C."""
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        print("stopped")


if __name__ == "__main__":
    main()

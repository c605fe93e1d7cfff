"""The orders API, a job that calls it, and a local issuer, on loopback sockets.

    pip install ".[fastapi,serve]" && python -m samples.fastapi_app

With ``--serve`` issuer and API stay up, the API with its documentation at /docs.
"""

import argparse
import threading

import httpx
from samples.background_job.job import close_month

from bearerguard import ClientCredentials, ResourceServer
from bearerguard.testing import LocalClient, LocalIssuer, Loopback

from .app import orders_app

CLIENTS = [
    LocalClient("shop", "shop-secret", roles=["ReadWrite.All"]),
    LocalClient("closing-job", "closing-job-secret", roles=["ReadWrite.All"]),
    LocalClient("guest", "guest-secret", roles=["Read.All"]),
]

BY_HAND = """
issuer  {issuer.issuer}
api     {api}/docs
Both stay up until Ctrl-C. The job by itself:

export ORDERS_URL={api} BEARERGUARD_TOKEN_ENDPOINT={issuer.token_endpoint} BEARERGUARD_INSECURE_ALLOW_HTTP=1
export BEARERGUARD_CLIENT_ID=closing-job BEARERGUARD_CLIENT_SECRET=closing-job-secret BEARERGUARD_RESOURCE=api://orders
python -m samples.background_job 2026-10"""


def client_of(issuer: LocalIssuer, client_id: str, base_url: str) -> httpx.Client:
    """A caller of the API; in production its ``auth`` is ``ClientCredentials.from_env()``."""
    auth = ClientCredentials(
        token_endpoint=issuer.token_endpoint,
        client_id=client_id,
        client_secret=f"{client_id}-secret",
        resource="api://orders",
        insecure_allow_http=True,
    )
    return httpx.Client(base_url=base_url, auth=auth)


def main() -> None:
    """Runs it all."""
    parser = argparse.ArgumentParser(description="An orders API on FastAPI, a job that calls it, and a local issuer.")
    parser.add_argument("--serve", action="store_true", help="keep the issuer and the API running")
    keep_running = parser.parse_args().serve
    with Loopback() as issuer_place, Loopback() as api_place:
        issuer = LocalIssuer(issuer_place.base_url, clients=CLIENTS)
        issuer_place.serve(issuer)
        implied_roles = {"ReadWrite.All": ["Read.All", "Write.All"]}
        api_place.serve(orders_app(ResourceServer(issuer.trusted(), "api://orders", implied_roles=implied_roles)))
        run(issuer, api_place.base_url)
        if keep_running:
            print(BY_HAND.format(issuer=issuer, api=api_place.base_url))
            wait_for_interrupt()


def run(issuer: LocalIssuer, base_url: str) -> None:
    """Orders come in, the job ships them and closes the month; a guest may not."""
    with client_of(issuer, "shop", base_url) as shop:
        for item in ("coffee", "tea"):
            print("shop        ordered", shop.post("/orders", json={"item": item}).raise_for_status().json()["item"])
    with client_of(issuer, "closing-job", base_url) as job:
        for line in close_month(job, "2026-08"):
            print("closing-job", line)
    with client_of(issuer, "guest", base_url) as guest:
        refusal = guest.put("/books/months/2026-09").json()
        print("guest       is told", f"{refusal['code']}: {refusal['error_description']}")


def wait_for_interrupt() -> None:
    """Until Ctrl-C."""
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        print("stopped")


if __name__ == "__main__":
    main()

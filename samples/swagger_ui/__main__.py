"""Swagger UI that signs people in: a local issuer and the orders API, on loopback, until Ctrl-C.

npm ci --prefix samples/swagger_ui
pip install ".[fastapi,serve]" && python -m samples.swagger_ui
"""

import argparse
import threading
from contextlib import suppress

from bearerguard import ResourceServer
from bearerguard.testing import LocalIssuer, Loopback

from .app import FILES, orders_app


def main() -> None:
    parser = argparse.ArgumentParser(description="An orders API with Swagger UI, and a local issuer, until Ctrl-C.")
    parser.add_argument("port", nargs="?", type=int, default=8000, help="of the API; 0 for any that is free; default: 8000")
    port = parser.parse_args().port
    if not FILES.is_dir():
        parser.error("Swagger UI is not here: npm ci --prefix samples/swagger_ui")
    with Loopback() as issuer_place, Loopback(port) as api_place:
        issuer = LocalIssuer(issuer_place.base_url)
        issuer_place.serve(issuer)
        api_place.serve(orders_app(ResourceServer(issuer.trusted(), "api://orders")))
        print(f"{api_place.base_url}/docs, until Ctrl-C: sign in as alice, bob or carol, or as the client reader:reader-secret")
        with suppress(KeyboardInterrupt):
            threading.Event().wait()


if __name__ == "__main__":
    main()

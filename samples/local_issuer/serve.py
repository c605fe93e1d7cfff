"""A local issuer on a port, for as long as you develop: its settings and its clients are in issuer.toml.

pip install ".[serve]" && python samples/local_issuer/serve.py
"""

import argparse
import threading
from contextlib import suppress
from pathlib import Path

from bearerguard.testing import LocalIssuer, Loopback

SETTINGS = Path(__file__).with_name("issuer.toml")


def main() -> None:
    parser = argparse.ArgumentParser(description="A local issuer on a port, until Ctrl-C.")
    parser.add_argument("port", nargs="?", type=int, default=9000, help="0 for any that is free; default: 9000")
    port = parser.parse_args().port
    with Loopback(port) as place:
        issuer = LocalIssuer.from_toml(SETTINGS, base_url=place.base_url)
        place.serve(issuer)
        print(f"tokens from {issuer.token_endpoint}, until Ctrl-C")
        with suppress(KeyboardInterrupt):
            threading.Event().wait()


if __name__ == "__main__":
    main()

"""A service that calls the orders API with its own identity, once: for a scheduler.

ORDERS_URL=https://orders.internal AZ_TENANT=… AZ_CLIENT_ID=… AZ_CLIENT_SECRET=… AZ_RESOURCE=api://orders \\
    python -m samples.background_job 2026-08
"""

import argparse
import os
import sys

import httpx

from bearerguard import ClientCredentials, TokenRequestError

from .job import close_month

NEVER, LATER = 1, 75  # EX_TEMPFAIL of sysexits.h


def main() -> int:
    """Runs the job; the exit code tells the scheduler whether it is worth another try."""
    parser = argparse.ArgumentParser("python -m samples.background_job", description="Ships orders and closes a month.")
    parser.add_argument("month", help="such as 2026-08")
    parser.add_argument("--orders-url", default=os.environ.get("ORDERS_URL"), help="default: the variable ORDERS_URL")
    arguments = parser.parse_args()
    if not arguments.orders_url:
        parser.error("set ORDERS_URL or --orders-url")
    try:
        with httpx.Client(base_url=arguments.orders_url, auth=ClientCredentials.from_env()) as orders:
            for line in close_month(orders, arguments.month):
                print(line)
    except TokenRequestError as error:
        print(f"no token: {error}", file=sys.stderr)  # error, description and a hint, never the secret
        return LATER if error.temporary else NEVER
    except httpx.HTTPStatusError as error:
        print(f"refused: {error.response.text}", file=sys.stderr)
        return LATER if error.response.status_code in (429, 503) else NEVER
    except httpx.TransportError as error:
        print(f"no answer: {error}", file=sys.stderr)
        return LATER
    return 0


if __name__ == "__main__":
    sys.exit(main())

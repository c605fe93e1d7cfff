"""A service that calls the orders API with its own identity, once: for a scheduler.

ORDERS_URL=https://orders.internal AZ_TENANT=… AZ_CLIENT_ID=… AZ_CLIENT_SECRET=… AZ_RESOURCE=api://orders \\
    python -m samples.background_job 2026-08
"""

import os
import sys

import httpx

from bearerguard import ClientCredentials, TokenRequestError

from .job import close_month


def main() -> int:
    """Runs the job; the exit code tells the scheduler whether it is worth another try."""
    (month,) = sys.argv[1:]
    try:
        with httpx.Client(base_url=os.environ["ORDERS_URL"], auth=ClientCredentials.from_env()) as orders:
            for line in close_month(orders, month):
                print(line)
    except TokenRequestError as error:
        print(f"no token: {error}", file=sys.stderr)  # error, description and a hint, never the secret
        return 75 if error.temporary else 1  # 75: EX_TEMPFAIL of sysexits.h
    except httpx.HTTPStatusError as error:
        print(f"refused: {error.response.text}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

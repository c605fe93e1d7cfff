"""A service that calls the orders API with its own identity, once: for a scheduler.

ORDERS_URL=https://orders.internal AZ_TENANT=… AZ_CLIENT_ID=… AZ_CLIENT_SECRET=… AZ_RESOURCE=api://orders \\
    python -m samples.background_job 2026-08
"""

import os
import sys

import httpx

from bearerguard import ClientCredentials, TokenRequestError

from .job import close_month

NEVER, USAGE, LATER = 1, 64, 75  # the latter two are EX_USAGE and EX_TEMPFAIL of sysexits.h


def main() -> int:
    """Runs the job; the exit code tells the scheduler whether it is worth another try."""
    if len(sys.argv) != 2 or "ORDERS_URL" not in os.environ:  # noqa: PLR2004
        print(__doc__, file=sys.stderr)
        return USAGE
    try:
        with httpx.Client(base_url=os.environ["ORDERS_URL"], auth=ClientCredentials.from_env()) as orders:
            for line in close_month(orders, sys.argv[1]):
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

"""A service that calls the orders API with its own identity."""

import httpx

from bearerguard import ClientCredentials

auth = ClientCredentials.from_env()  # AZ_TENANT, AZ_CLIENT_ID, AZ_CLIENT_SECRET, AZ_RESOURCE

with httpx.Client(base_url="https://orders.internal", auth=auth) as orders:
    print(orders.get("/orders").json())

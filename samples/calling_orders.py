"""A service that calls the orders API with its own identity; one token serves all its requests until it runs out."""

import asyncio

import httpx

from bearerguard import ClientCredentials

auth = ClientCredentials.from_env()  # AZ_TENANT, AZ_CLIENT_ID, AZ_CLIENT_SECRET, AZ_RESOURCE; or BEARERGUARD_TOKEN_ENDPOINT, …


async def main() -> None:
    async with httpx.AsyncClient(base_url="https://orders.internal", auth=auth) as orders:
        answer = await orders.get("/orders")
        print(answer.json())


if __name__ == "__main__":
    asyncio.run(main())

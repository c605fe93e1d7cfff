"""A job that calls the orders API once, and revokes its token when it is done (RFC 7009)."""

import asyncio

import httpx

from bearerguard import ClientCredentials


async def main(auth: ClientCredentials, base_url: str = "https://orders.internal") -> None:
    async with httpx.AsyncClient(base_url=base_url, auth=auth) as orders:
        print((await orders.get("/orders")).json())
    await auth.revoke()


if __name__ == "__main__":
    asyncio.run(main(ClientCredentials.from_env(metadata_url="https://issuer.example/.well-known/openid-configuration")))

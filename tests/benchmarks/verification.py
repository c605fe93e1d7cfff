"""What a verification costs: prints the time of a cold one over that of the bare signature check, RS256 with 2048 bits.

Cold: a token never seen before, its key known, no cache of tokens. The two are measured in turn, on the same tokens, and the
median of the rounds is printed, so that another program on the machine disturbs both alike. A measurement, not a gate.
"""

import argparse
import base64
import platform
import statistics
import time
from collections.abc import Awaitable, Callable
from importlib.metadata import version
from typing import Final

import anyio
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from jwt import PyJWK

from bearerguard import Issuer, ResourceServer
from bearerguard.testing import LocalIssuer

AIM: Final = 2.0
AUDIENCE: Final = "api://orders"


async def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--tokens", type=int, default=500, help="distinct tokens in a round")
    arguments.add_argument("--rounds", type=int, default=15)
    options = arguments.parse_args()

    issuer = LocalIssuer(audience=AUDIENCE)
    tokens = [issuer.mint("reader").encode() for _ in range(options.tokens)]
    jwks = issuer.jwks()
    cold = ResourceServer([Issuer(issuer.issuer, jwks=jwks)], AUDIENCE, token_cache_size=0)
    warm = ResourceServer([Issuer(issuer.issuer, jwks=jwks)], AUDIENCE)
    bare = _bare_checks(PyJWK(jwks["keys"][0], algorithm="RS256").key, tokens)

    times: dict[str, list[float]] = {"bare signature check": [], "cold verification": [], "remembered token": []}
    await _authenticate(cold, tokens)
    await _authenticate(warm, tokens)
    for _ in range(options.rounds):
        times["bare signature check"].append(await _seconds(bare))
        times["cold verification"].append(await _seconds(lambda: _authenticate(cold, tokens)))
        times["remembered token"].append(await _seconds(lambda: _authenticate(warm, tokens)))
    _report(times, options.tokens)


def _bare_checks(key: RSAPublicKey, tokens: list[bytes]) -> Callable[[], Awaitable[None]]:
    """The signature check alone, by ``cryptography``: nothing is parsed in the measured part."""
    parts = [token.rpartition(b".") for token in tokens]
    signed = [(base64.urlsafe_b64decode(signature + b"=="), message) for message, _, signature in parts]
    padding, digest = PKCS1v15(), SHA256()

    async def check() -> None:
        for signature, message in signed:
            key.verify(signature, message, padding, digest)

    return check


async def _authenticate(server: ResourceServer, tokens: list[bytes]) -> None:
    for token in tokens:
        await server.authenticate(token)


async def _seconds(work: Callable[[], Awaitable[None]]) -> float:
    begun = time.perf_counter()
    await work()
    return time.perf_counter() - begun


def _report(times: dict[str, list[float]], tokens: int) -> None:
    versions = ", ".join(f"{name} {version(name)}" for name in ("bearerguard", "pyjwt", "cryptography"))
    print(f"Python {platform.python_version()}, {versions}; RS256, 2048 bits")
    middle = {name: statistics.median(rounds) for name, rounds in times.items()}
    bare = middle["bare signature check"]
    for name, seconds in middle.items():
        print(f"{name:<22}{seconds / tokens * 1e6:8.1f} µs  {seconds / bare:6.2f} times the bare check")
    print(f"cold verification over bare signature check: {middle['cold verification'] / bare:.2f} (aim: {AIM} or less)")


if __name__ == "__main__":
    anyio.run(main)

"""What ten thousand remembered tokens cost in memory and in garbage collections."""

import gc
import tracemalloc
from time import perf_counter_ns
from typing import Final

from bearerguard import ResourceServer
from bearerguard.testing import LocalIssuer
from benchmarks.measure import Spread, interleave, spread
from benchmarks.setting import Setting, new_issuer
from benchmarks.table import Row
from benchmarks.tokens import real_token

_ENTRIES: Final = 10_000
_RS256_OVER_EDDSA: Final = 342 - 86  # characters of a signature
_COLLECTIONS: Final = 40


def rows(setting: Setting) -> list[Row]:
    """Octets an entry, and the pause of a full collection with ten thousand entries over one with none.

    The tokens are signed with EdDSA, to be made in a second; nothing of a signature is remembered. Only what the resource server
    holds is collected: what the process had before is put out of the collector's sight.
    """
    issuer = new_issuer(algorithm="EdDSA")
    tokens = [_token(issuer, number) for number in range(_ENTRIES)]
    gc.collect()
    gc.freeze()
    server = setting.server(issuer)
    empty = _collections()
    kilobytes = _filled(server, tokens, setting) / _ENTRIES / 1000
    full = _collections()
    gc.unfreeze()
    unit = interleave({"V": setting.unit}, rounds=setting.rounds).cost("V").median
    pause = spread([(one - none) / unit for one, none in zip(full, empty, strict=True)])
    length = len(tokens[0]) + _RS256_OVER_EDDSA
    what = f"memory an entry: tokens of {length / 1000:.1f} kB (with an RS256 signature) and 20 claims, each subject different"
    return [
        Row(what, Spread(kilobytes, kilobytes, kilobytes), "kB", at_most=1.4),
        Row(f"pause of a full `gc.collect()`, {_ENTRIES} entries over none", pause, "V", at_most=50),
    ]


def _token(issuer: LocalIssuer, number: int) -> bytes:
    subject = f"{number:08d}-0b6e-4c49-9d55-2f1f6a0f3b11"
    return real_token(issuer, {"sub": subject, "oid": subject}).encode()


def _filled(server: ResourceServer, tokens: list[bytes], setting: Setting) -> int:
    """Octets that the server holds more once it has verified the tokens."""

    async def fill() -> None:
        for token in tokens:
            await server.authenticate(token)

    setting.caller.run(server.authenticate(tokens[0]))
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    setting.caller.run(fill())
    gc.collect()
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return after - before


def _collections() -> list[int]:
    """Nanoseconds of full collections, in the order of their length."""
    gc.collect()
    durations = []
    for _ in range(_COLLECTIONS):
        started = perf_counter_ns()
        gc.collect()
        durations.append(perf_counter_ns() - started)
    return sorted(durations)

"""``python -m benchmarks.instructions``: instructions for one call of each step, counted by valgrind.

On a machine that others use, too, times differ by more than most changes are worth; a count of instructions differs by less than
half a percent. It says nothing of caches and of waiting: what helps by the count is shown by ``python -m benchmarks``.
"""

import asyncio
import json
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from itertools import cycle
from pathlib import Path
from typing import Any, Final

from bearerguard import Event, Issuer, ResourceServer
from bearerguard.testing import LocalIssuer
from benchmarks.asgi import headers_with, request_with
from benchmarks.setting import raw
from benchmarks.tokens import real_token
from benchmarks.warm import bare_app, decorated_app, policy_app

_CALLS: Final = 400
_REFS: Final = re.compile(r"I\s+refs:\s+([0-9,]+)")
_STEPS: Final = ("raw", "cold", "entered", "recall", "in turn", "bare", "decorator", "policy", "listener")
_IN_TURN: Final = 500


def main() -> None:
    """Count and print, in the order of ``_STEPS`` or of the arguments."""
    arguments = sys.argv[1:]
    if arguments[:1] == ["--run"]:
        _run(arguments[1], int(arguments[2]), json.loads(Path(arguments[3]).read_text(encoding="utf-8")))
        return
    with tempfile.TemporaryDirectory() as place:
        given = Path(place) / "given.json"
        given.write_text(json.dumps(_given()), encoding="utf-8")
        for step in arguments or _STEPS:
            counts = [_counted(step, calls, given) for calls in (_CALLS, 2 * _CALLS)]
            print(f"{step:10} {(counts[1] - counts[0]) / _CALLS:10.0f}", flush=True)


def _counted(step: str, calls: int, given: Path) -> int:
    command = [
        "valgrind",
        "--tool=cachegrind",
        "--cache-sim=no",
        "--cachegrind-out-file=/dev/null",
        sys.executable,
        "-W",
        "ignore",
    ]
    command += ["-m", "benchmarks.instructions", "--run", step, str(calls), str(given)]
    fixed = os.environ | {"PYTHONHASHSEED": "0"}
    told = subprocess.run(command, env=fixed, stderr=subprocess.PIPE, text=True, check=True).stderr
    found = _REFS.search(told)
    assert found is not None, told
    return int(found[1].replace(",", ""))


def _given() -> dict[str, Any]:
    """Keys and tokens: made once, since making a key takes another number of instructions each time."""
    issuer = LocalIssuer("https://issuer.test", shape="entra_v2")
    tokens = [real_token(issuer, {"uti": f"{number:022d}"}) for number in range(_IN_TURN)]
    return {"jwks": issuer.jwks(), "tokens": tokens, "audience": issuer.audiences[0], "key": issuer.signing_key.public_jwk()}


def _run(step: str, calls: int, given: dict[str, Any]) -> None:
    local = LocalIssuer("https://issuer.test", shape="entra_v2", algorithm="EdDSA")
    (trusted,) = (found for found in local.trusted() if found.issuer == local.issuer)
    issuer = Issuer(trusted.issuer, jwks=given["jwks"], profile=trusted.profile)
    asyncio.run(_calls(step, calls, issuer, given))


async def _calls(step: str, calls: int, issuer: Issuer, given: dict[str, Any]) -> None:
    tokens = [token.encode() for token in given["tokens"]]
    sizes = {"cold": 0, "entered": 100}
    counted: Counter[str] = Counter()

    def count(event: Event) -> None:
        counted[event.name] += 1

    size, hook = sizes.get(step, _IN_TURN), count if step == "listener" else None
    server = ResourceServer([issuer], given["audience"], token_cache_size=size, on_event=hook)
    coming = cycle(tokens)
    if step in ("cold", "entered"):
        for _ in range(calls):
            await server.authenticate(next(coming))
        return
    plain: dict[str, Callable[[], object]] = {
        "raw": raw(given["key"], given["tokens"][0]),
        "recall": lambda: server.recall(tokens[0]),
        "in turn": lambda: server.recall(next(coming)),
    }
    for token in tokens:
        await server.judge(token)
    if step in plain:
        call = plain[step]
        for _ in range(calls):
            call()
        return
    app = bare_app() if step == "bare" else decorated_app(server) if step == "decorator" else policy_app(server)
    headers = headers_with(given["tokens"][0])
    for _ in range(calls):
        await request_with(app, headers)


if __name__ == "__main__":
    main()

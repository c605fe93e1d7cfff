"""Verifiers of Node.js beside ours: each over Node's own raw verification of the same signature."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

from bearerguard.token.base64url import decode
from benchmarks.measure import Rounds
from benchmarks.setting import Setting
from benchmarks.table import Row

_HERE: Final = Path(__file__).with_name("node")
NEEDED: Final = "not measured: it needs Node.js, and `npm install --no-package-lock` in tests/benchmarks/node"
NAMES: Final = ("jose", "fast-jwt", "fast-jwt with its cache")


def rows(setting: Setting) -> list[Row]:
    """Cold, and warm for the one that has a cache."""
    command = served_by_node()
    if command is None:
        return [Row("jose and fast-jwt", NEEDED)]
    told = asked(setting, {"rounds": 5 * setting.rounds})
    done = subprocess.run(command, input=told + "\n", stdout=subprocess.PIPE, text=True, check=True)
    figures = Rounds(json.loads(done.stdout))
    raw = Row("Node.js `crypto.verify`, RS256", figures.cost("raw") * 1e-3, "µs")
    return [raw, *(Row(f"{name}: over `crypto.verify`", figures.ratio(name, "raw")) for name in NAMES)]


def served_by_node() -> list[str] | None:
    """How to start ``served.mjs``; ``None`` where Node.js or the packages are missing."""
    node = shutil.which("node")
    return [node, str(_HERE / "served.mjs")] if node and (_HERE / "node_modules").exists() else None


def asked(setting: Setting, what: dict[str, Any]) -> str:
    """The line that tells it what to do."""
    (payload,) = setting.token.split(".")[1:2]
    claims = json.loads(decode(payload.encode()))
    keys = setting.issuer.jwks()
    return json.dumps({"what": what, "token": setting.token, "jwks": keys, "issuer": claims["iss"], "audience": claims["aud"]})

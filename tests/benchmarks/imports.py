"""How long a program waits for ``import bearerguard``, over what such a program imports anyway."""

import subprocess
import sys
from typing import Final

from benchmarks.measure import Rounds
from benchmarks.setting import Setting
from benchmarks.table import Row

_TIMED: Final = "from time import perf_counter_ns as now; t = now(); {}; print(now() - t)"
_IMPORTS: Final = {
    "others": "import starlette.applications, jwt, httpx",
    "ours": "import bearerguard",
    "used": "from bearerguard import AccessTokenMiddleware, ResourceServer, entra, requires, role",
}


def rows(setting: Setting) -> list[Row]:
    """In fresh processes, in turn."""
    figures: dict[str, list[float]] = {name: [] for name in _IMPORTS}
    for _ in range(max(8, setting.rounds // 10)):
        for name, statement in _IMPORTS.items():
            figures[name].append(_nanoseconds(statement))
    rounds = Rounds(figures)
    others = f"over `{_IMPORTS['others']}`"
    return [
        Row(f"`{_IMPORTS['ours']}` {others}: it loads a name when it is first used", rounds.ratio("ours", "others"), at_most=1.1),
        Row(f"`{_IMPORTS['used']}` over the same", rounds.ratio("used", "others")),
        Row("the same alone", rounds.cost("others") * 1e-6, "ms"),
    ]


def _nanoseconds(statement: str) -> float:
    done = subprocess.run([sys.executable, "-c", _TIMED.format(statement)], capture_output=True, text=True, check=True)
    return float(done.stdout)

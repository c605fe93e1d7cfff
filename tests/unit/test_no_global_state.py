"""Two resource servers in one process share nothing; what a module keeps for the process is on a list, with the reason."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

import bearerguard
from bearerguard.events import Event
from bearerguard.revocation import Denylist
from support.published import Published, outcome
from support.sealed import EC, RSA, seal

SOURCE: Final = Path(bearerguard.__file__).parent
_WEAK: Final = ("WeakSet", "WeakKeyDictionary", "WeakValueDictionary")
CONTAINERS: Final = frozenset(
    {"dict", "list", "set", "deque", "defaultdict", "Counter", "OrderedDict", "ContextVar", "local", *_WEAK}
)
KEPT: Final = {
    "bearerguard.after_fork._living": "weak references to what a forked child renews",
    "bearerguard.audit_log.line._second": "two texts of seconds: the same for everybody",
    "bearerguard.audit_log.writer._running": "writers whose lines have to reach the disk before the process ends",
    "bearerguard.otel._ages": "weak: a meter provider gets one gauge, of all servers that report to it",
    "bearerguard.background._running": "asyncio keeps weak references to tasks only",
    "bearerguard.fastapi.dependency._made": "one dependency for each requirement, so that FastAPI asks it once for a request",
    "bearerguard.mcp.caller._error_of_both": "one class for FastMCP's kind of error: the same for everybody",
    "bearerguard.mcp.protection._protected": "weak: the one MCP server of each resource server, so that no second one shares it",
    "bearerguard.web.declaration._guarded": "weak: which functions declare a requirement, and none of whose it is",
    "bearerguard.web.declaration._scoped": "the same",
    "bearerguard.web.passage._NO_SCOPE": "empty, and stays so",
}


@pytest.mark.anyio
async def test_two_servers_that_trust_one_issuer_share_neither_keys_nor_tokens_nor_events_nor_revocations() -> None:
    one, two = Published(), Published()
    one.keys["issuer.test"], two.keys["issuer.test"] = [EC], [RSA]
    events: list[Event] = []
    denylist = Denylist(clock=one.clock)
    denylist.revoke(client_id="reader")
    first, second = one.server(), two.server(on_event=events.append)
    revoking = one.server(revoked=denylist)
    of_one, of_two = seal(key=EC), seal(key=RSA)

    assert [await outcome(first, of_one), await outcome(first, of_two)] == ["accepted", "unknown_key"]
    assert events == []
    assert [await outcome(second, of_one), await outcome(second, of_two)] == ["unknown_key", "accepted"]
    assert [await outcome(revoking, of_one), await outcome(first, of_one)] == ["token_revoked", "accepted"]
    assert one.fetches == 3, "first: cold, and an unknown key; revoking: cold"

    await second.aclose()
    first.reconfigure(audience="api://billing")
    assert first.recall(of_one) is None
    assert await outcome(second, of_two) == "accepted"


def _kept() -> Iterator[str]:
    """What begins empty at the top of a module, to be filled while the process runs, and functions that remember answers."""
    for file in sorted(SOURCE.rglob("*.py")):
        module = ".".join(file.relative_to(SOURCE.parent).with_suffix("").parts).removesuffix(".__init__")
        for statement in ast.parse(file.read_text(encoding="utf-8")).body:
            for name in _names(statement):
                yield f"{module}.{name}"


def _names(statement: ast.stmt) -> list[str]:
    if isinstance(statement, ast.Assign | ast.AnnAssign):
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        return [ast.unparse(target) for target in targets] if _begins_empty(statement.value) else []
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
        return [statement.name] if any("cache" in ast.unparse(decorator) for decorator in statement.decorator_list) else []
    return []


def _begins_empty(value: ast.expr | None) -> bool:
    if isinstance(value, ast.Call):
        return ast.unparse(value.func).rpartition(".")[2] in CONTAINERS and not value.args
    return isinstance(value, ast.Dict | ast.List) and not getattr(value, "elts", getattr(value, "keys", None))


def test_no_module_keeps_anything_that_grows_but_what_is_listed() -> None:
    assert set(_kept()) == set(KEPT)

"""What it costs to be told: listeners, the audit log, a denylist."""

import io
import os
import threading
from collections import Counter

from bearerguard import Event
from bearerguard.audit_log import AuditLog
from bearerguard.revocation import Denylist
from benchmarks.measure import Spread, calling, interleave
from benchmarks.setting import Setting
from benchmarks.table import Row
from benchmarks.warm import policy_app

_ENTRIES = 300
_MICROSECONDS = 1e-3


def rows(setting: Setting) -> list[Row]:
    """Each added to a warm request behind the middleware, and what handing in a decision costs by itself."""
    counted: Counter[str] = Counter()

    def count(event: Event) -> None:
        counted[event.name] += 1

    audit = AuditLog(os.devnull, queue_size=1_000_000)
    servers = {
        "nobody": setting.server(),
        "listener": setting.server(on_event=count),
        "audit": setting.server(on_event=audit),
        "denylist": setting.server(revoked=Denylist()),
        "entries": setting.server(revoked=_filled()),
        "function": setting.server(revoked=lambda _principal: False),
    }
    for server in servers.values():
        setting.caller.run(server.authenticate(setting.token))
    subjects = {name: setting.caller.requests(policy_app(server), setting.token) for name, server in servers.items()}
    figures = interleave(subjects, rounds=2 * setting.rounds)
    audit.close()
    added = {name: figures.added_nanoseconds(name, "nobody") * _MICROSECONDS for name in servers}
    return [
        Row("a warm request with a listener that counts, over one without", figures.ratio("listener", "nobody"), at_most=1.05),
        Row("`AuditLog`: handing in a decision, on the event loop", _handed_in(setting), "µs", at_most=2),
        Row("`AuditLog` added to a warm request, while its thread writes", added["audit"], "µs"),
        Row("an empty `Denylist` added to a warm request", added["denylist"], "µs", at_most=0.3),
        Row(f"a `Denylist` of {_ENTRIES} subjects, clients and token ids each", added["entries"], "µs", at_most=0.3),
        Row("`revoked=` a function that says no", added["function"], "µs"),
    ]


def _filled() -> Denylist:
    """Entries of other callers."""
    found = Denylist()
    for number in range(_ENTRIES):
        found.revoke(token_id=f"token-{number}")
        found.revoke(subject=f"subject-{number}")
        found.revoke(client_id=f"client-{number}")
    return found


class _Held(io.StringIO):
    """Takes nothing for as long as it is measured, so that no thread is beside the event loop."""

    def __init__(self) -> None:
        super().__init__()
        self.go_on = threading.Event()

    def write(self, text: str) -> int:
        self.go_on.wait()
        return len(text)


def _handed_in(setting: Setting) -> Spread:
    stream = _Held()
    audit = AuditLog(stream, queue_size=1_000_000)
    event = Event("request_accepted", "https://issuer.test", status=200, method="GET", path="/orders", route="/orders")
    audit(event)
    cost = interleave({"call": calling(lambda: audit(event))}, rounds=setting.rounds).cost("call")
    if audit.lost:
        raise AssertionError("the queue was too short: losing was measured")
    stream.go_on.set()
    audit.close()
    return cost * _MICROSECONDS

"""Which rows of a policy permit the handshake of a websocket, where a proxy asks.

A handshake is a GET with an offer that the service may ignore (RFC 9110 §7.8): it may serve the
page of that path in answer. So it is permitted only by a row that permits both.
"""

from bearerguard.authorization.path_policy import PathPolicy
from bearerguard.authorization.policy_row import PolicyRow
from bearerguard.errors import ConfigurationError
from bearerguard.web.path_judge import NO_ROW

_EXAMPLE = '"GET,WEBSOCKET /orders/live": role("Read.All")'


def handshakes_of(policy: PathPolicy) -> PathPolicy:
    """The table for handshakes, which are judged as a GET.

    Raises:
        ConfigurationError: a row names ``WEBSOCKET`` and not ``GET``: it would permit nothing.
    """
    for row in policy.rows:
        if "WEBSOCKET" in row.methods and "GET" not in row.methods:
            problem = f"the row {row.text!r} names WEBSOCKET without GET, but a service may answer a handshake as a GET"
            raise ConfigurationError("policy", problem, example=_EXAMPLE)
    rows = {f"GET {row.path}": row.requirement for row in policy.rows if _permits_both(row)}
    return PathPolicy(rows or {"GET /": NO_ROW})


def _permits_both(row: PolicyRow) -> bool:
    return not row.methods or "WEBSOCKET" in row.methods

"""Holds what the service got against the policy: every path that it may find there must be permitted to the caller."""

import json
import re
from collections.abc import Mapping
from typing import Final

from bearerguard import PathPolicy, Principal
from bearerguard.authorization.combination import Requirement
from gateways.conftest import POLICY, Gateway
from gateways.echo import Got
from gateways.proxies import SECRET
from gateways.readings import readings
from gateways.wire import Reply

_PUBLIC: Final = (PathPolicy.PUBLIC, PathPolicy.OPTIONAL)
_OVERRIDING: Final = frozenset(
    {
        *("x-http-method-override", "x-http-method", "x-method-override", "x-original-url", "x-rewrite-url"),
        *("script-name", "path-info", "x-script-name", "x-forwarded-script-name", "x-vhm-root"),
        *("x-forwarded-prefix", "bearerguard-secret"),
    }
)
CALLERS: Final[Mapping[str, Principal | None]] = {
    "nobody": None,
    "reader": Principal("https://issuer.test", "reader", "reader", roles=frozenset({"Read.All"})),
}


def check(gateway: Gateway, reply: Reply, caller: str, sent: object) -> list[Got]:
    """What the service got of one request, if anything.

    Raises:
        AssertionError: the caller may not have it, or the service may take it for something else.
    """
    taken = gateway.echo.taken()
    assert bool(reply.all("x-served")) == bool(taken), (sent, reply)
    assert SECRET not in str(reply), (sent, reply)
    for got in taken:
        _check_paths(got, CALLERS[caller], sent)
        _check_headers(got, caller, sent)
    return taken


def _check_paths(got: Got, principal: Principal | None, sent: object) -> None:
    is_handshake = bool(got.all("upgrade"))
    assert [value.lower() for value in got.all("upgrade")] in ([], ["websocket"]), (sent, got)  # h2c would be a tunnel
    named = 0
    for method in (got.method, "WEBSOCKET") if is_handshake else (got.method,):
        for path in readings(got.target):
            rule = POLICY.requirement_for(method, path)
            if rule is not None:
                named += 1
                permitted = rule in _PUBLIC or (
                    isinstance(rule, Requirement) and principal is not None and rule.permits(principal)
                )
                assert permitted, (sent, got, path)
    assert named, (sent, got)


def _check_headers(got: Got, caller: str, sent: object) -> None:
    names = [re.sub("[^a-z0-9]", "-", name.strip().lower()) for name, _ in got.headers]
    assert not _OVERRIDING & set(names), (sent, got)
    assert SECRET not in str((got.target, got.headers)), (sent, got)
    told = [
        value for name, value in zip(names, (value for _, value in got.headers), strict=True) if name == "bearerguard-principal"
    ]
    clients = [json.loads(one)["client_id"] for one in told]
    rule = POLICY.requirement_for(got.method, got.target.partition("?")[0])
    if caller == "nobody" or rule is PathPolicy.PUBLIC:
        assert clients == [], (sent, got)
    elif rule is PathPolicy.OPTIONAL:
        assert clients in ([], [caller]), (sent, got)  # a client can keep its token to itself: "Connection: Authorization"
    else:
        assert clients == [caller], (sent, got)

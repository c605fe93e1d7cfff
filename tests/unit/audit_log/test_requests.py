"""What the audit log says of requests: one line each, whatever becomes of them."""

import io
import json
from typing import Any, Final

import pytest

from bearerguard import Issuer, ResourceServer
from bearerguard.audit_log import AuditLog
from bearerguard.revocation import Denylist
from bearerguard.testing import FakeClock, LocalIssuer
from support.orders_api import statuses

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])]
PATIENCE: Final = 60.0  # of a loaded machine
QUERY: Final = "?secret-in-the-query=1"


class Audited:
    """An API, its issuer, and the lines that its audit log has written."""

    def __init__(self) -> None:
        self.stream = io.StringIO()
        self.issuer = LocalIssuer(clock=FakeClock())
        self.audit = AuditLog(self.stream, clock=self.issuer.clock)
        self.denylist = Denylist(clock=self.issuer.clock)
        self.api = ResourceServer(
            Issuer(self.issuer.issuer, jwks=self.issuer.jwks()),
            self.issuer.audiences,
            clock=self.issuer.clock,
            on_event=self.audit,
            revoked=self.denylist,
        )

    async def line(self, token: str | None, path: str = "/orders/7", **options: Any) -> dict[str, Any]:
        """The line of one request."""
        before = len(self.stream.getvalue())
        await statuses(self.api, token, path=f"{path}{QUERY}", **options)
        assert self.audit.flush(PATIENCE)
        (line,) = self.stream.getvalue()[before:].splitlines()
        assert "secret-in-the-query" not in line
        assert token is None or not any(part in line for part in token.split(".") if len(part) > 8)
        found: dict[str, Any] = json.loads(line)
        return found


@pytest.fixture
def audited() -> Audited:
    return Audited()


def part(line: dict[str, Any], *names: str) -> tuple[Any, ...]:
    return tuple(line[name] for name in names)


async def test_a_request_that_is_let_in_tells_caller_and_route(audited: Audited, anyio_backend: str) -> None:
    act = {"sub": "agent-7"}
    line = await audited.line(audited.issuer.mint(claims={"sub": "ann", "jti": "t-1", "act": act}))

    assert part(line, "verdict", "reason", "status", "method", "route") == ("accepted", None, 200, "GET", "/orders/{id}")
    assert part(line, "client", "subject", "token_id", "verified") == ("reader", "ann", "t-1", True)
    assert line["actor"] == {"subject": "agent-7", "issuer": None, "client": None}


async def test_a_caller_without_the_role_is_named_and_verified(audited: Audited, anyio_backend: str) -> None:
    line = await audited.line(audited.issuer.mint(roles=[], claims={"jti": "t-1"}))

    assert part(line, "verdict", "reason", "status") == ("refused", "missing_role", 403)
    assert part(line, "client", "subject", "token_id", "verified") == ("reader", "reader", "t-1", True)


async def test_whom_an_expired_token_names_is_marked_as_unverified(audited: Audited, anyio_backend: str) -> None:
    line = await audited.line(audited.issuer.mint(lifetime=-3600))

    assert part(line, "reason", "client", "subject", "verified", "token_id") == ("token_expired", "reader", "reader", False, None)


async def test_a_revoked_caller_is_named_and_verified(audited: Audited, anyio_backend: str) -> None:
    audited.denylist.revoke(client_id="reader")
    line = await audited.line(audited.issuer.mint())

    assert part(line, "reason", "client", "subject", "verified") == ("token_revoked", "reader", "reader", True)


async def test_no_token_is_nobody(audited: Audited, anyio_backend: str) -> None:
    line = await audited.line(None)

    assert part(line, "reason", "status", "issuer", "client", "subject") == ("missing_token", 401, None, None, None)


async def test_a_public_request_is_nobodys(audited: Audited, anyio_backend: str) -> None:
    line = await audited.line(None, "/health")

    assert part(line, "verdict", "route", "client", "verified") == ("accepted", "/health", None, False)


async def test_what_would_be_refused_says_so(audited: Audited, anyio_backend: str) -> None:
    line = await audited.line(audited.issuer.mint(roles=[]), insecure_report_only=True)

    assert part(line, "verdict", "reason", "client") == ("would_be_refused", "missing_role", "reader")

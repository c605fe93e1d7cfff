"""An audit log: one line of JSON for each decision, with the id of the request."""

import sys
from contextvars import ContextVar

from bearerguard import ResourceServer, oidc
from bearerguard.audit_log import AuditLog

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)  # set it in a middleware outside of the guard
audit = AuditLog(sys.stdout, request_id=request_id.get)  # or a path: "/var/log/orders/audit.jsonl"
api = ResourceServer(issuers=[oidc("https://issuer.example")], audience="api://orders", on_event=audit)

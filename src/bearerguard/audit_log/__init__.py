"""Keeps a record of every decision: who was let in, who was refused, and why.

::

    from bearerguard.audit_log import AuditLog

    audit = AuditLog("/var/log/orders/audit.jsonl")
    api = ResourceServer(…, on_event=audit)
"""

from typing import TYPE_CHECKING, Final

from bearerguard.lazy import lazy_names

if TYPE_CHECKING:
    from bearerguard.audit_log.audit_log import AuditLog

__all__ = ["AuditLog"]

_HOMES: Final = {"audit_log": "AuditLog"}
__getattr__, __dir__ = lazy_names(__name__, _HOMES)

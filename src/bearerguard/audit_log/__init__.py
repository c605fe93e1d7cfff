"""Keeps a record of every decision: who was let in, who was refused, and why.

::

    from bearerguard.audit_log import AuditLog

    audit = AuditLog("/var/log/orders/audit.jsonl")
    api = ResourceServer(…, on_event=audit)
"""

from bearerguard.audit_log.audit_log import AuditLog

__all__ = ["AuditLog"]

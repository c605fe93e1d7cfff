"""The header in which the service behind the proxy reads who is calling."""

import json
from collections.abc import Callable
from typing import Any, Final, TypeAlias

from bearerguard.principal import Principal

PRINCIPAL_HEADER: Final = b"bearerguard-principal"
"""Proxies remove it from every request before they ask."""

Statement: TypeAlias = Callable[[Principal], str]
"""Makes the value of the header."""


def members_of(principal: Principal) -> dict[str, Any]:
    """What services are told of a caller; no other claim of the token."""
    return {
        "issuer": principal.issuer,
        "subject": principal.subject,
        "client_id": principal.client_id,
        "tenant_id": principal.tenant_id,
        "roles": sorted(principal.roles),
        "scopes": sorted(principal.scopes),
        "is_application": principal.is_application,
        "expires_at": principal.expires_at,
    }


def plain(principal: Principal) -> str:
    """A JSON object in ASCII: what a claim holds cannot end the header (CWE-113)."""
    return json.dumps(members_of(principal), separators=(",", ":"))

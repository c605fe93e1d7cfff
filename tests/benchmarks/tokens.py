"""Tokens as issuers send them: an application's own, of about 1.5 kB and 20 claims.

The claims beyond those of ``LocalIssuer`` are what the vendors' pages list for such tokens, with values of the usual length.

Sources: https://learn.microsoft.com/en-us/entra/identity-platform/access-token-claims-reference,
https://learn.microsoft.com/en-us/entra/identity-platform/optional-claims-reference,
https://auth0.com/docs/secure/tokens/access-tokens/access-token-profiles,
https://www.keycloak.org/docs/latest/server_admin/#_service_accounts
"""

from collections.abc import Mapping
from typing import Any, Final

from bearerguard.testing import LocalIssuer

SHAPES: Final = {"entra_v2": "Entra v2", "auth0": "Auth0", "keycloak": "Keycloak", "generic": "RFC 9068"}
"""Shapes of ``LocalIssuer``, and whose tokens they are."""

_ROLES: Final = ("Read.All", "Write.All", "Orders.Read.All", "Orders.ReadWrite.All", "Invoices.Read.All", "Reports.Export")
_CLIENT: Final = "2f0c5b7e-93d1-4d1a-9f2e-0d6c1b7a5e44"
_NAMESPACE: Final = "https://contoso.example"
_MORE: Final[Mapping[str, Mapping[str, Any]]] = {
    "entra_v2": {
        "azp": _CLIENT,
        "idtyp": "app",
        "wids": ["0997a1d0-0d1d-4acb-b408-d5ca73121e90"],
        "xms_idrel": "7 26",
        "xms_rd": "0.42LjYBRiWsUkJMLBLiQgdjlj2UFmiU37pS5lbLXyPAgU5RQS",
    },
    "auth0": {
        "azp": "kfm3Zt8Xw1qYb7LsR2vNc5PdJ9uHgTaE",
        "sub": "kfm3Zt8Xw1qYb7LsR2vNc5PdJ9uHgTaE@clients",
        "jti": "Qk4vT0xqN2hZbWJyWnV3c1lFcGdDYUtM",
        "scope": "read:orders write:orders read:invoices write:invoices export:reports",
        "permissions": [*_ROLES, "read:orders", "write:orders"],
        "org_id": "org_9ybsU1dN2dKfDkBi",
        "org_name": "contoso",
        **{f"{_NAMESPACE}/{name}": f"{name}-{'v' * 8}" for name in ("plan", "region", "stage", "team", "cost_centre")},
        **{f"{_NAMESPACE}/{name}": [name] for name in ("features", "groups", "regions")},
    },
    "keycloak": {
        "azp": "orders-reader",
        "client_id": "orders-reader",
        "preferred_username": "service-account-orders-reader",
        "sid": "5d5f2b4c-3f0e-4f4c-9c2e-3f7f6f5e1b1a",
        "groups": ["/orders/readers", "/invoices/readers", "/reports/exporters"],
    },
    "generic": {
        "sub": _CLIENT,
        "client_id": _CLIENT,
        "groups": ["orders", "invoices", "reports"],
        "entitlements": ["export", "import"],
        **{f"{_NAMESPACE}/{name}": f"{name}-{'v' * 12}" for name in ("plan", "region", "stage", "team", "cost_centre")},
        **{f"{_NAMESPACE}/{name}": [name] for name in ("features", "groups", "regions", "markets")},
    },
}


def real_token(issuer: LocalIssuer, claims: Mapping[str, Any] | None = None) -> str:
    """A token that is good for a day, with the role ``Read.All``.

    Args:
        issuer: Of one of ``SHAPES``.
        claims: To add or replace.
    """
    more = _MORE[issuer.shape]
    roles = ("Read.All",) if issuer.shape == "keycloak" else _ROLES
    return issuer.mint(roles=roles, lifetime=86_400, claims={**more, **(claims or {})})

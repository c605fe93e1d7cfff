"""How clients name an API and its scopes when they ask an issuer for a token."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class RequestForm:
    """What goes into an authorization or token request; tokens themselves are not affected.

    Attributes:
        prefixes_scopes: A scope is written with the API before it, ``api://orders/orders.read``;
            an application asks for all it was granted by ``api://orders/.default``.
        api_parameter: Parameter that names the API, such as ``audience``; empty for none.
    """

    prefixes_scopes: bool = False
    api_parameter: str = ""


PLAIN: Final = RequestForm()
"""Scopes as tokens hold them, and no parameter for the API (RFC 6749 §3.3)."""
MICROSOFT: Final = RequestForm(prefixes_scopes=True)
"""https://learn.microsoft.com/entra/identity-platform/scopes-oidc"""

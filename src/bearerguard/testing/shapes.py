"""The shapes a local issuer can take: the registry of ``vendors/``."""

from collections.abc import Mapping
from importlib import import_module
from typing import Final

from bearerguard.errors import ConfigurationError
from bearerguard.testing.shape import Shape

_VENDORS: Final = (
    "generic",
    "entra",
    "azure_b2c",
    "auth0",
    "keycloak",
    "cognito",
    "okta",
    "entra_external",
    "zitadel",
    "authentik",
    "hydra",
    "duende",
    "adfs",
    "cloudflare_access",
)
SHAPES: Final[Mapping[str, Shape]] = {
    shape.name: shape for vendor in _VENDORS for shape in import_module(f"bearerguard.testing.vendors.{vendor}").SHAPES
}
"""Every shape by its name. A new vendor is one file in ``vendors/``, and its name above."""


def shape_named(name: str | Shape) -> Shape:
    """The shape of this name; a shape is returned as it is.

    Raises:
        ConfigurationError: no shape has this name.
    """
    if isinstance(name, Shape):
        return name
    if name not in SHAPES:
        raise ConfigurationError("shape", f"expected one of {', '.join(SHAPES)}, got {name!r}", example='"entra_v2"')
    return SHAPES[name]

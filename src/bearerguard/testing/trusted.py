"""The issuer records with which an API trusts a local issuer: those of the presets, pointed at its base URL."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from bearerguard.issuers.auth0 import auth0
from bearerguard.issuers.azure_b2c import azure_b2c
from bearerguard.issuers.cognito import cognito
from bearerguard.issuers.entra import entra
from bearerguard.issuers.issuer import Issuer
from bearerguard.issuers.keycloak import keycloak
from bearerguard.issuers.oidc import oidc
from bearerguard.issuers.okta import okta
from bearerguard.testing.shape import Directory


@dataclass(frozen=True, slots=True)
class Site:
    """What a preset has to know of a local issuer.

    Attributes:
        base_url: Where it is.
        issuer: ``iss`` of its tokens.
        directory: Names of the vendor's customer.
        audience: The API.
        clients: Client ids.
    """

    base_url: str
    issuer: str
    directory: Directory
    audience: str
    clients: tuple[str, ...]


def _entra(site: Site, **settings: Any) -> tuple[Issuer, ...]:
    return entra(site.directory.tenant_id, authority=site.base_url, **settings)


def _azure_b2c(site: Site, **settings: Any) -> tuple[Issuer, ...]:
    directory = site.directory
    return azure_b2c(directory.tenant_name, directory.tenant_id, directory.policy, authority=site.base_url, **settings)


def _auth0(site: Site, **settings: Any) -> tuple[Issuer, ...]:
    return (auth0("contoso.eu.auth0.com", base_url=site.base_url, **settings),)


def _keycloak(site: Site, **settings: Any) -> tuple[Issuer, ...]:
    return (keycloak(site.base_url, site.directory.realm, site.audience, **settings),)


def _cognito(site: Site, **settings: Any) -> tuple[Issuer, ...]:
    directory = site.directory
    return (cognito(directory.region, directory.user_pool_id, site.clients, base_url=site.base_url, **settings),)


def _okta(site: Site, **settings: Any) -> tuple[Issuer, ...]:
    return (okta(site.issuer, **settings),)


def _generic(site: Site, **settings: Any) -> tuple[Issuer, ...]:
    return (oidc(site.issuer, **settings),)


_PRESETS: Final[Mapping[str, Callable[..., tuple[Issuer, ...]]]] = {
    "generic": _generic,
    "entra_v1": _entra,
    "entra_v2": _entra,
    "azure_b2c": _azure_b2c,
    "auth0": _auth0,
    "keycloak": _keycloak,
    "cognito": _cognito,
    "okta": _okta,
}


def trusted_issuers(shape: str, site: Site, **settings: Any) -> tuple[Issuer, ...]:
    """One record for each kind of token that the shape's real issuer may send; http where the base URL has it.

    A shape of one's own is trusted as any OpenID Connect issuer is.

    Raises:
        ConfigurationError: the preset refuses a setting, or a name of the directory that the vendor would not give.
    """
    plain = {"insecure_allow_http": True} if site.base_url.startswith("http://") else {}
    preset: Callable[..., tuple[Issuer, ...]] = _PRESETS.get(shape, _generic)
    return preset(site, **plain, **settings)

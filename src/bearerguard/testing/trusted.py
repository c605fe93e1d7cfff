"""The issuer records with which an API trusts a local issuer."""

from typing import Any

from bearerguard.issuers.issuer import Issuer
from bearerguard.issuers.profile import Profile
from bearerguard.testing.shape import Document


def trusted_issuers(shape: str, documents: tuple[Document, ...], *, audience: str, **settings: Any) -> tuple[Issuer, ...]:
    """One record for each kind of token that this shape's real issuer may send.

    Args:
        shape: Name of the shape.
        documents: Its metadata documents.
        audience: The API, for presets that read its roles under its name.
        settings: Keywords of ``Issuer``.
    """
    roles = {"auth0": (("permissions",),), "keycloak": (("resource_access", audience, "roles"),)}
    profile = Profile(name=shape, roles=roles.get(shape, (("roles",),)))
    plain = documents[0].urls[0].startswith("http://")
    return tuple(
        Issuer(document.issuer, metadata_url=document.urls[0], profile=profile, insecure_allow_http=plain, **settings)
        for document in documents
    )

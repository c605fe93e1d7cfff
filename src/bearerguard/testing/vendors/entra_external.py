"""Microsoft Entra External ID: tokens of an external tenant, in Entra's v2 form.

``iss`` names the tenant's id, whatever name, id or custom domain the metadata was asked at.

Sources: https://learn.microsoft.com/entra/external-id/customers/concept-custom-url-domain (hosts),
https://github.com/MicrosoftDocs/entra-docs/issues/408 (``iss``),
https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference
"""

from dataclasses import replace
from typing import Any, Final

from bearerguard.issuers.entra_external import entra_external
from bearerguard.issuers.issuer import Issuer
from bearerguard.testing.shape import Directory, Document, Site
from bearerguard.testing.vendors.entra import V2, v2_document


def _documents(base_url: str, directory: Directory) -> tuple[Document, ...]:
    issuer = f"https://{directory.tenant_id}.ciamlogin.com/{directory.tenant_id}/v2.0"
    return (replace(v2_document(base_url, directory), issuer=issuer),)


def _trusted(site: Site, **settings: Any) -> tuple[Issuer, ...]:
    (document,) = _documents(site.base_url, site.directory)
    place = {} if {"jwks", "jwks_uri"} & settings.keys() else {"metadata_url": document.urls[0]}
    (external,) = entra_external(site.directory.tenant_id, **{**place, **settings})
    token, authorization = document.token_endpoint, document.authorization_endpoint
    return (replace(external, token_endpoint=token, authorization_endpoint=authorization),)


SHAPES: Final = (
    replace(
        V2,
        name="entra_external",
        documents=_documents,
        trusted=_trusted,
        names_in_issuer=r"(?P<base>https://(?P<tenant_id>[^/.]+)\.ciamlogin\.com)/[^/]+/v2\.0",
        names_in_metadata=r"(?P<base>.+)/[^/]+/v2\.0/.+",
    ),
)

"""Servers without a preset: what their tokens look like is said in a few options."""

from bearerguard import Issuer, ResourceServer, oidc
from bearerguard.issuers import Profile

zitadel = oidc(  # switch the application or service user to JWT access tokens
    "https://contoso.zitadel.cloud",
    roles_claim=["urn:zitadel:iam:org:project:roles"],
    roles_form="object",  # the roles are the members' names
    tenant_claim=["urn:zitadel:iam:user:resourceowner:id"],
)
hydra = oidc(  # set strategies.access_token to jwt
    "https://hydra.example/",
    roles_claim=["ext", "roles"],
    scopes_claim=["scp"],
)
duende = oidc(
    "https://identity.example",
    roles_claim=["client_role"],
    roles_form="text",  # one role is a string, several are an array
)
adfs = oidc(
    "http://adfs.example/adfs/services/trust",  # the tokens' iss; the metadata has another
    metadata_url="https://adfs.example/adfs/.well-known/openid-configuration",
    metadata_issuers="https://adfs.example/adfs",
    roles_claim=["role"],
    roles_form="text",
    client_claim=["appid"],
)
authentik = Issuer(
    "https://authentik.example/application/o/orders/",
    profile=Profile(
        roles=(("groups",),),
        client=(("azp",),),  # an access token is an ID token with azp: so it is required
        client_required=True,
        nonce_marks_id_tokens=False,
    ),
    audience=["reader", "writer"],  # the clients: Authentik names no API
)

api = ResourceServer([zitadel, hydra, duende, adfs, authentik], "api://orders")

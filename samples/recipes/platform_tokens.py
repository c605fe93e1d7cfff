"""Tokens that a platform gives to what runs on it: Cloudflare Access, Google, GitHub Actions, Kubernetes."""

import ssl
from pathlib import Path

import httpx

from bearerguard import Issuer, ResourceServer, client, oidc, requires
from bearerguard.issuers import ClaimRule, Profile

# Cloudflare adds the token to each request: AccessTokenMiddleware(…, token_header="Cf-Access-Jwt-Assertion").
# https://developers.cloudflare.com/cloudflare-one/identity/authorization-cookie/application-token
cloudflare_access = Issuer(
    "https://contoso.cloudflareaccess.com",
    jwks_uri="https://contoso.cloudflareaccess.com/cdn-cgi/access/certs",  # there is no metadata
    profile=Profile(
        client=(("common_name",),),  # of a service token; people have none
        scopes=(),
        rules=(ClaimRule(("type",), values=frozenset({"app"})),),  # the session's own token is of type "org"
        is_application=lambda claims, _roles: claims.get("sub") == "" and isinstance(claims.get("common_name"), str),
    ),
    audience="f1cd9b1c0a3b4c2d8e7f6a5b4c3d2e1f",  # the Application Audience (AUD) tag
)

# A service account asks the metadata server for an identity token with this API as its audience.
# https://cloud.google.com/docs/authentication/get-id-token
google = oidc("https://accounts.google.com", client_claim=["azp"], audience="https://orders.example")

# A workflow asks for a token: core.getIDToken("https://orders.example"). Names of repositories can be taken over, ids cannot.
# https://docs.github.com/actions/reference/security/oidc
GITHUB = "https://token.actions.githubusercontent.com"
github_actions = oidc(
    GITHUB,
    client_claim=["repository_id"],
    tenant_claim=["repository_owner_id"],
    application_when={"iss": GITHUB},  # every token is a workflow's
    audience="https://orders.example",
)

# A pod mounts a projected token with the audience "orders"; its subject is "system:serviceaccount:<namespace>:<name>".
# https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/
CLUSTER = "https://kubernetes.default.svc.cluster.local"
kubernetes = oidc(
    CLUSTER,
    jwks_uri="https://kubernetes.default.svc/openid/v1/jwks",
    client_claim=["sub"],
    tenant_claim=["kubernetes.io", "namespace"],
    application_when={"iss": CLUSTER},  # every token is a service account's
    audience="orders",
)


class ServiceAccountTransport(httpx.AsyncHTTPTransport):
    """Asks the API server for its keys with this pod's own token, which goes to no other host.

    The token is read for each request, since it is replaced while the pod runs.
    """

    def __init__(self, mount: Path = Path("/var/run/secrets/kubernetes.io/serviceaccount")) -> None:
        super().__init__(verify=ssl.create_default_context(cafile=str(mount / "ca.crt")))
        self.token = mount / "token"

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.host == "kubernetes.default.svc":
            request.headers["Authorization"] = f"Bearer {self.token.read_text().strip()}"
        return await super().handle_async_request(request)


def api_of_a_cluster(mount: Path) -> ResourceServer:
    """An API that the pods of its own cluster may call."""
    return ResourceServer(kubernetes, "orders", transport=ServiceAccountTransport(mount))


only_billing = requires(client("system:serviceaccount:billing:invoices"))  # as a decorator of its routes

"""What people, clients and APIs turn to, wired for one issuer."""

from collections.abc import Callable, Mapping

from starlette.requests import Request
from starlette.responses import Response

from bearerguard.testing.assertion_verifier import AssertionVerifier
from bearerguard.testing.authorization_codes import AuthorizationCodes
from bearerguard.testing.authorization_endpoint import AuthorizationEndpoint, SignIn
from bearerguard.testing.endpoint_answer import EndpointAnswers
from bearerguard.testing.faults import Endpoint
from bearerguard.testing.issuer_state import Operations
from bearerguard.testing.local_client import LocalClient
from bearerguard.testing.local_user import LocalUser
from bearerguard.testing.pages import Endpoints, Page, endpoints_of
from bearerguard.testing.registered_clients import RegisteredClients
from bearerguard.testing.shape import Document, Shape
from bearerguard.testing.token_endpoint import TokenEndpoint, is_for_a_person
from bearerguard.testing.token_mint import Issued, Minted
from bearerguard.testing.token_refusal import Reason, TokenRefused
from bearerguard.testing.token_status import TokenStatus


def endpoints(
    shape: Shape,
    documents: tuple[Document, ...],
    *,
    audiences: tuple[str, ...],
    clients: Mapping[str, LocalClient],
    users: Mapping[str, LocalUser],
    operations: Operations,
    mint: Callable[[Issued], Minted],
) -> Endpoints:
    """The endpoints of one issuer.

    Args:
        shape: Whose words and whose parameters.
        documents: A client's assertion may name any URL in them as its audience.
        audiences: APIs that tokens may be asked for.
        clients: Who may ask.
        users: Who may sign in.
        operations: Clock, and the tokens that were issued.
        mint: Makes tokens, and tells what they say.
    """
    names = [url for document in documents for url in (document.issuer, *endpoints_of(document).values())]
    registered = RegisteredClients(clients, AssertionVerifier(names, operations.clock))
    answers = EndpointAnswers(registered, shape.refusals, operations.clock)
    codes = AuthorizationCodes(operations.tokens, operations.clock)
    sign_in = SignIn(shape, audiences, clients, users, codes, operations.clock)
    status = TokenStatus(operations.tokens, operations.clock)
    posts: dict[Endpoint, Page] = {
        "token": answers.page(TokenEndpoint(shape, audiences, codes, mint).issue, is_public=is_for_a_person),
        "introspection": answers.page(status.introspect),
        "revocation": answers.page(status.revoke),
    }
    places = {document.authorization_endpoint: document.issuer for document in documents if document.authorization_endpoint}
    sign_ins: dict[str, Page] = {url: AuthorizationEndpoint(sign_in, url, issuer) for url, issuer in places.items()}

    async def unknown_tenant(request: Request) -> Response:
        return answers.refusal(TokenRefused(Reason.UNKNOWN_TENANT, request.path_params["tenant"]))

    return Endpoints(posts, unknown_tenant, sign_ins)

"""What clients and APIs post to, wired for one issuer."""

from collections.abc import Callable, Mapping

from bearerguard.testing.assertion_verifier import AssertionVerifier
from bearerguard.testing.endpoint_answer import EndpointAnswers
from bearerguard.testing.faults import Endpoint
from bearerguard.testing.issuer_state import Operations
from bearerguard.testing.local_client import LocalClient
from bearerguard.testing.pages import Endpoints, Page, endpoints_of
from bearerguard.testing.registered_clients import RegisteredClients
from bearerguard.testing.shape import Document, Shape, TokenContent
from bearerguard.testing.token_endpoint import Issued, TokenEndpoint
from bearerguard.testing.token_status import IntrospectionEndpoint, RevocationEndpoint


def endpoints(
    shape: Shape,
    documents: tuple[Document, ...],
    *,
    audiences: tuple[str, ...],
    clients: Mapping[str, LocalClient],
    operations: Operations,
    mint: Callable[[Issued], tuple[str, TokenContent]],
) -> Endpoints:
    """Wires them.

    Args:
        shape: Whose words and whose parameters.
        documents: A client's assertion may name any URL in them as its audience.
        audiences: APIs that tokens may be asked for.
        clients: Who may ask.
        operations: Clock, and the tokens that were issued.
        mint: Makes a token, and tells what it says.
    """
    names = [url for document in documents for url in (document.issuer, *endpoints_of(document).values())]
    registered = RegisteredClients(clients, AssertionVerifier(names, operations.clock))
    answers = EndpointAnswers(shape.refusals, operations.clock)
    issuing = TokenEndpoint(shape, audiences=audiences, clients=registered, mint=mint, answers=answers)
    posts: dict[Endpoint, Page] = {
        "token": issuing,
        "introspection": IntrospectionEndpoint(registered, operations.tokens, answers, operations.clock),
        "revocation": RevocationEndpoint(registered, operations.tokens, answers),
    }
    return Endpoints(posts, issuing.unknown_tenant)

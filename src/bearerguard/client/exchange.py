"""One exchange with an endpoint of the issuer: an answer, or one kind of error."""

from collections.abc import Collection

from bearerguard.bounded_http import Answer, BoundedHttp, ExchangeFailed, Request
from bearerguard.client.token_response import MAX_BODY
from bearerguard.client_authentication.method import ClientAuthentication, Proof
from bearerguard.client_authentication.secret import Secret, presentable
from bearerguard.error_hints import hint_for
from bearerguard.errors import ConfigurationError, TokenRequestError


def proof_of(client: ClientAuthentication, endpoint: str, now: float) -> Proof:
    """What a request to ``endpoint`` carries. It may block, as ``proof`` may.

    Raises:
        TokenRequestError: a file or a function gives no usable credential now.
    """
    try:
        return client.proof(endpoint=endpoint, now=now)
    except ConfigurationError as why:
        raise temporary_failure("credential_unavailable", str(why)) from None


async def answer_to(
    request: Request,
    http: BoundedHttp,
    *,
    endpoint: str,
    unread: str,
    secrets: Collection[Secret] = (),
    limit: int = MAX_BODY,
) -> Answer:
    """Send ``request`` and read the answer.

    Args:
        request: To send.
        http: Sends it.
        endpoint: What the error codes begin with: ``…_timeout`` and ``…_unreachable``.
        unread: Error code for an answer that is not read.
        secrets: Texts of the request that no error may show.
        limit: Octets the body may have.

    Raises:
        TokenRequestError: no answer came, or one that is not read.
    """
    codes = {"timeout": f"{endpoint}_timeout", "unreachable": f"{endpoint}_unreachable"}
    try:
        return await http.exchange(request, limit=limit)
    except ExchangeFailed as why:
        code, text = codes.get(why.code, unread), str(why)
    except Exception as error:  # noqa: BLE001 - whatever a transport raises
        code, text = codes["unreachable"], f"{type(error).__name__}: {error}"
    # raised out here: what the transport raised may quote the request
    raise temporary_failure(code, presentable(text, secrets))


def temporary_failure(code: str, text: str) -> TokenRequestError:
    """The same request may succeed later, without anybody changing anything."""
    return TokenRequestError(code, text, hint=hint_for(code), temporary=True)

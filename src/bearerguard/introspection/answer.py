"""What the endpoint answered: a description, "not active", or a fault of the endpoint.

Standards: RFC 7662 §2.2 (``active`` is a boolean and required) and §2.3 (401 is about our own
credentials).
"""

from dataclasses import dataclass
from typing import Any, Final

from bearerguard.bounded_http import Answer, ExchangeFailed
from bearerguard.strict_json import NotStrictJson, parse_object

MAX_ANSWER: Final = 64 * 1024
_OK: Final = 200
_OUR_CREDENTIALS: Final = frozenset({401, 403})
_OF_THE_SERVER: Final = frozenset({408, 429})
_CLIENT_ERRORS: Final = range(400, 500)


class EndpointFailed(ExchangeFailed):
    """The endpoint gave no usable answer. The caller's token is neither good nor bad.

    Attributes:
        code: ``timeout``, ``unreachable``, ``redirect``, ``status``, ``credentials`` (this API's
            own were refused, or are not to be had), ``too_large``, ``compressed``, ``invalid``, or
            ``unexpected``.
        of_one_token: Whether only this token may be concerned, as where the request was refused:
            other tokens may be asked about at once.
    """

    def __init__(self, code: str, message: str, *, of_one_token: bool = False) -> None:
        super().__init__(code, message)
        self.of_one_token = of_one_token


@dataclass(frozen=True, slots=True)
class Described:
    """An active token.

    Attributes:
        claims: All members of the answer.
        body: The octets that they were read from.
    """

    claims: dict[str, Any]
    body: bytes

    def __repr__(self) -> str:
        """Shows nothing that the endpoint said."""
        return f"<{len(self.claims)} members>"


def read_answer(answer: Answer) -> Described | None:
    """What an active token is; ``None`` where the endpoint says that it is not active.

    Raises:
        EndpointFailed: anything else than status 200 and a JSON object whose ``active`` is
            ``true`` or ``false``.
    """
    if answer.is_redirect:
        raise EndpointFailed("redirect", f"status {answer.status}: redirects are not followed")
    if answer.status in _OUR_CREDENTIALS:
        problem = "this API's own client_id or credential was refused, not the caller's token"
        raise EndpointFailed("credentials", f"status {answer.status}: {problem}")
    if answer.status != _OK:
        is_about_the_token = answer.status in _CLIENT_ERRORS and answer.status not in _OF_THE_SERVER
        raise EndpointFailed("status", f"status {answer.status}", of_one_token=is_about_the_token)
    try:
        members = parse_object(answer.body)
    except NotStrictJson as why:
        raise EndpointFailed("invalid", f"the answer: {why}") from None
    if type(members.get("active")) is not bool:
        problem = "`active` is not a boolean" if "active" in members else "there is no `active`"
        raise EndpointFailed("invalid", f"the answer: {problem}")
    return Described(members, answer.body) if members["active"] is True else None

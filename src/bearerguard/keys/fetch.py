"""A document of an issuer, by one bounded GET, conditional where the issuer sent validators.

Every way it can go wrong is one exception, so that nothing an issuer sends can be an unexpected
error.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from bearerguard.bounded_http import BoundedHttp, ExchangeFailed, Request, Transport

TOTAL_TIMEOUT: Final = 5.0
_OK: Final = 200
_NOT_MODIFIED: Final = 304
_ACCEPT: Final = ("Accept", "application/json, application/jwk-set+json")
_MAX_AGE: Final = re.compile(r"(?:^|[,\s])max-age\s*=\s*\"?([0-9]{1,9})")
_AGE: Final = re.compile(r"[0-9]{1,9}")
_SENDABLE: Final = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]{0,1022}[\x21-\x7e])?")
_NOT_KEPT: Final = re.compile(r"(?:^|[,\s])no-(?:store|cache)(?:$|[,\s=])")


class FetchFailed(ExchangeFailed):
    """No document came, or it cannot be used.

    Attributes:
        code: ``timeout``, ``unreachable``, ``redirect``, ``status``, ``too_large``, ``compressed``
            or ``invalid``.
    """


@dataclass(frozen=True, slots=True)
class Document:
    """What a GET brought.

    Attributes:
        body: The octets; ``None`` when the server said that nothing changed (304).
        validators: Request headers for the next conditional GET.
        lifetime: Seconds it may be used for, as the server says; ``None`` where it says nothing.
    """

    body: bytes | None
    validators: Mapping[str, str]
    lifetime: float | None


class Fetcher:
    """Fetches documents, a few times an hour each.

    Args:
        transport: A transport to use instead of httpx's own. It stays the caller's, who closes it.
        timeout: Seconds for one whole GET.
    """

    def __init__(self, transport: Transport | None = None, *, timeout: float = TOTAL_TIMEOUT) -> None:
        self._http = BoundedHttp(transport, timeout=timeout)

    async def get(self, url: str, *, limit: int, validators: Mapping[str, str] | None = None) -> Document:
        """Fetch ``url``.

        Args:
            url: Absolute URL, already checked.
            limit: Octets the body may have.
            validators: Of an earlier document; then 304 is an answer.

        Raises:
            FetchFailed: whatever else happened than 200, or 304 to a conditional request.
        """
        validators = validators or {}
        request = Request("GET", url, (_ACCEPT, *validators.items()))
        try:
            answer = await self._http.exchange(request, limit=limit, body_of=(_OK,))
        except ExchangeFailed as why:
            raise FetchFailed(why.code, str(why)) from None
        if answer.status == _NOT_MODIFIED and validators:
            return Document(None, {**validators, **_validators(answer.headers)}, _lifetime(answer.headers))
        if answer.is_redirect:
            raise FetchFailed("redirect", f"status {answer.status}: redirects are not followed")
        if answer.status != _OK:
            raise FetchFailed("status", f"status {answer.status}")
        return Document(answer.body, _validators(answer.headers), _lifetime(answer.headers))


def _validators(headers: Mapping[str, str]) -> dict[str, str]:
    """What can be sent back: with an ``ETag`` of odd octets no later request could be sent."""
    found = {"if-none-match": headers.get("etag", "")}
    modified = headers.get("last-modified", "")
    # RFC 9110 §8.8.2.2: else it may change again in that very second, unseen
    if modified != headers.get("date"):
        found["if-modified-since"] = modified
    return {name: value for name, value in found.items() if _SENDABLE.fullmatch(value)}


def _lifetime(headers: Mapping[str, str]) -> float | None:
    directives = headers.get("cache-control", "").lower()
    if _NOT_KEPT.search(directives):
        return 0.0
    max_age = _MAX_AGE.search(directives)
    if max_age is None:
        return None
    age = _AGE.fullmatch(headers.get("age", ""))
    return float(max_age[1]) - (float(age[0]) if age else 0.0)

"""The body of a refusal, in the one form that all errors of an API have.

Status and headers are not the body's affair: clients find the challenge there whatever the form.
"""

import json
import re
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Final, Literal, TypeAlias, get_args

from starlette._utils import is_async_callable

from bearerguard.error_codes import ErrorCode
from bearerguard.errors import ConfigurationError, Refusal, show
from bearerguard.events import logger

Format: TypeAlias = Literal["oauth", "problem"]
OwnFormat: TypeAlias = Callable[[Refusal], tuple[str, str | bytes]]
ErrorFormat: TypeAlias = Format | OwnFormat

MEDIA_TYPES: Final[dict[Format, str]] = {"oauth": "application/json", "problem": "application/problem+json"}
_MEDIA_TYPE: Final = re.compile(r"[!-~]+(?: *; *[ -~]+)?")


def checked_format(error_format: object) -> tuple[Format, OwnFormat | None]:
    """``error_format=``: a form that is made here, and a function that makes one of its own."""
    if isinstance(error_format, str) and error_format in get_args(Format):
        return error_format, None  # type: ignore[return-value]  # one of them
    if not callable(error_format) or is_async_callable(error_format):
        problem = f'expected "oauth", "problem" or a function that is not async, got {show(error_format)}'
        raise ConfigurationError("error_format", problem, example="lambda refusal: (media_type, body)")
    return "oauth", error_format


def body_of(form: Format, code: ErrorCode, description: str, *, tells_code: bool) -> bytes:
    """The body for one code: ``oauth`` as in RFC 6749 §5.2, ``problem`` as in RFC 9457."""
    error = {"error": code.error} if code.error else {}
    members: dict[str, Any]
    if form == "problem":
        phrases = {status.value: status.phrase for status in HTTPStatus}
        title = phrases.get(code.status, "Refused")
        members = {"type": "about:blank", "title": title, "status": code.status, "detail": description, **error}
    else:
        members = {**error, "error_description": description}
    if tells_code:
        members["code"] = code.code
    return json.dumps(members, separators=(",", ":")).encode()


def own_body(own: OwnFormat, refusal: Refusal) -> tuple[bytes, bytes] | None:
    """Media type and body from a user's function; ``None`` if it fails, which is logged."""
    try:
        media_type, body = own(refusal)
        if not _MEDIA_TYPE.fullmatch(media_type):
            raise ValueError(f"{show(media_type)} is not a media type")  # noqa: TRY301
        return media_type.encode(), body.encode() if isinstance(body, str) else memoryview(body).tobytes()
    except Exception:  # noqa: BLE001  a refusal must not depend on how it reads
        logger.exception("error_format failed on %s; the answer has the form of OAuth", refusal.code)
        return None

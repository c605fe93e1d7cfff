"""What is sent to an endpoint: a form of a client (RFC 6749 §3.2), or of a page."""

from typing import Final
from urllib.parse import parse_qsl

from starlette.requests import Request

from bearerguard.testing.token_refusal import Reason, TokenRefused

_FORM: Final = "application/x-www-form-urlencoded"
_FIELDS: Final = 20


async def read_form(request: Request) -> dict[str, str]:
    """The parameters. One without a value is absent; none may be repeated.

    Raises:
        TokenRefused: the body is not a form, or a parameter is repeated.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != _FORM:
        raise TokenRefused(Reason.NOT_A_FORM)
    try:
        pairs = parse_qsl((await request.body()).decode("ascii"), max_num_fields=100, errors="strict")
    except ValueError:
        raise TokenRefused(Reason.NOT_A_FORM) from None
    form = dict(pairs)
    if len(form) != len(pairs):
        names = [name for name, _ in pairs]
        raise TokenRefused(Reason.REPEATED_PARAMETER, next(name for name in names if names.count(name) > 1))
    return form


def required(form: dict[str, str], parameter: str) -> str:
    """The value of a parameter.

    Raises:
        TokenRefused: it is absent.
    """
    if parameter not in form:
        raise TokenRefused(Reason.MISSING_PARAMETER, parameter)
    return form[parameter]


async def read_short_form(request: Request, most: int) -> dict[str, str] | None:
    """The fields of a page's form; ``None`` for more than ``most`` octets. Too many count as none."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            return None
    return dict(parse_qsl(body.decode("latin-1"), max_num_fields=_FIELDS)) if body.count(b"&") < _FIELDS else {}

"""What clients send to an endpoint: a form (RFC 6749 §3.2)."""

from typing import Final
from urllib.parse import parse_qsl

from starlette.requests import Request

from bearerguard.testing.token_refusal import Reason, TokenRefused

_FORM: Final = "application/x-www-form-urlencoded"


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

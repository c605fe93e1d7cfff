"""Why an API refused a token, by ``WWW-Authenticate`` (RFC 6750 §3, RFC 9110 §11.6.1)."""

import re
from base64 import b64decode
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from bearerguard.strict_json import NotStrictJson, parse_object

_MAX_HEADER: Final = 16_384
_NAME: Final = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_PARAMETER: Final = re.compile(rf'[ \t,]*({_NAME})[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))')
_SCHEME: Final = re.compile(rf"[ \t,]*({_NAME})(?=[ \t,]|$)")
_BASE64: Final = re.compile(r"[A-Za-z0-9+/_-]+={0,2}")


@dataclass(frozen=True, slots=True)
class ApiRefusal:
    """The API wants another token.

    Attributes:
        claims: JSON text to pass on to the token endpoint, or empty.
    """

    claims: str = ""


def read_refusal(www_authenticate: Collection[str]) -> ApiRefusal | None:
    """What the Bearer challenge of a 401 says; ``None`` where another token would not help.

    ``error="invalid_token"`` (RFC 6750 §3.1) asks for another token;
    ``error="insufficient_claims"`` with ``claims`` asks for one requested with those claims
    (Continuous Access Evaluation,
    https://learn.microsoft.com/entra/identity-platform/claims-challenge). A Bearer challenge
    without an error, and a 401 without any challenge, may mean a revoked token: they ask for
    another one, too. A challenge that cannot be read to its end asks for nothing.

    Args:
        www_authenticate: Every header line of that name.
    """
    asks = not any(line.strip() for line in www_authenticate)
    for line in www_authenticate:
        for scheme, parameters, is_whole in _challenges(line[:_MAX_HEADER]):
            if scheme != "bearer":
                continue
            if parameters.get("error") == "invalid_token":
                return ApiRefusal()
            if parameters.get("error") == "insufficient_claims":
                claims = _claims(parameters.get("claims", ""))
                return ApiRefusal(claims) if claims else None
            if "error" in parameters:
                return None
            asks = is_whole
    return ApiRefusal() if asks else None


def _challenges(line: str) -> Iterator[tuple[str, Mapping[str, str], bool]]:
    """Schemes in lower case, their parameters, and whether the line can be read on from there."""
    position = 0
    while (scheme := _SCHEME.match(line, position)) is not None:
        position = scheme.end()
        parameters: dict[str, str] = {}
        while (parameter := _PARAMETER.match(line, position)) is not None:
            position = parameter.end()
            quoted, plain = parameter[2], parameter[3]
            parameters.setdefault(parameter[1].lower(), plain if quoted is None else re.sub(r"\\(.)", r"\1", quoted))
        is_whole = not line[position:].strip(" \t,") or _SCHEME.match(line, position) is not None
        yield scheme[1].lower(), parameters, is_whole


def _claims(encoded: str) -> str:
    """JSON text of an object, from base64 of either alphabet, padded or not; else empty."""
    if not _BASE64.fullmatch(encoded):
        return ""
    try:
        text = b64decode(encoded.rstrip("=").translate({45: "+", 95: "/"}) + "=" * (-len(encoded.rstrip("=")) % 4))
        parse_object(text)
    except (ValueError, NotStrictJson):
        return ""
    return text.decode()

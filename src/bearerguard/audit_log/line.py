"""One line of the audit log: its schema, and how a decision becomes a line of it.

The schema grows by new members only. A member that changes its meaning or goes away makes the next
version.
"""

import json
import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

from bearerguard.events import VERDICTS, Event
from bearerguard.principal import Principal

SCHEMA: Final = "bearerguard.audit/1"
MEMBERS: Final[Mapping[str, str]] = {
    "schema": f"`{SCHEMA}`",
    "time": "when it was decided, RFC 3339 in UTC, with microseconds",
    "event": "the event: " + ", ".join(f"`{name}`" for name in VERDICTS) + "; or `lines_lost`",
    "verdict": "`accepted`, `refused` or `would_be_refused`",
    "reason": "the error code of a refusal",
    "status": "the HTTP status of the answer, as far as it is known",
    "method": "the HTTP method, or `WEBSOCKET`",
    "route": "the template of the route, such as `/orders/{id}`",
    "path": "the path as the caller sent it, decoded, without the query",
    "issuer": "`iss`",
    "client": "the calling application",
    "subject": "`sub`",
    "tenant": "the tenant",
    "actor": "who acts for the subject: `subject`, `issuer` and `client` of the claim `act` (RFC 8693 §4.1)",
    "application": "whether the token is an application's own",
    "token_id": "`jti`, or `uti` of Microsoft Entra: what a denylist takes",
    "verified": "`false`: what the line says of the caller was taken from a token that nobody has vouched for",
    "request_id": "what the function `request_id=` gave",
    "lost": "of `lines_lost` alone: how many lines could not be written since the last such line",
}
"""Every line has all of them, in this order, except ``lost``. What is unknown is ``null``."""

_LONGEST: Final = 512  # octets of a text as it is written: what a caller chooses fits into one write to a pipe
_SURELY_FITS: Final = _LONGEST // len("\\uffff")
_DOTTED: Final = re.compile(r"(?<![\w-])[\w-]++(?:\.[\w-]*+)++", re.ASCII)  # in linear time: callers choose the text
_JWT_BEGINS: Final = "eyJ"  # some callers put one into a path
_HIDDEN: Final = "***"
_encode: Final = json.JSONEncoder(ensure_ascii=True, separators=(",", ":"), allow_nan=False).encode


def decision(event: Event, time: float, request_id: object) -> bytes:
    """The line of one decision, with its line feed.

    Only ASCII is written, and control characters are escaped: no value can begin a line of its own
    (CWE-117), or steer a terminal.

    Args:
        event: One that ``VERDICTS`` names.
        time: When, in seconds since 1970-01-01T00:00:00Z.
        request_id: The request's, as the application counts them.
    """
    principal = event.principal
    who = _nobody(event) if principal is None else _who(principal)
    members = {
        "schema": SCHEMA,
        "time": _moment(time),
        "event": event.name,
        "verdict": VERDICTS[event.name],
        "reason": _text(event.code),
        "status": event.status or None,
        "method": _text(event.method),
        "route": _text(event.route),
        "path": _text(event.path),
        **who,
        "verified": event.verified,
        "request_id": _text(request_id),
    }
    return _encode(members).encode() + b"\n"


def lines_lost(count: int, time: float) -> bytes:
    """The line that tells how many lines are missing."""
    unknown = dict.fromkeys(name for name in MEMBERS if name not in ("schema", "time", "event", "lost"))
    return _encode({"schema": SCHEMA, "time": _moment(time), "event": "lines_lost", **unknown, "lost": count}).encode() + b"\n"


def _nobody(event: Event) -> dict[str, Any]:
    """A caller who was not verified: what the token claims, if anything."""
    unknown = dict.fromkeys(("tenant", "actor", "application", "token_id"))
    return {"issuer": _text(event.issuer), "client": _text(event.client_id), "subject": _text(event.subject), **unknown}


def _who(principal: Principal) -> dict[str, Any]:
    claims = principal.claims
    return {
        "issuer": _text(principal.issuer),
        "client": _text(principal.client_id),
        "subject": _text(principal.subject),
        "tenant": _text(principal.tenant_id),
        "actor": _actor(claims.get("act")),
        "application": principal.is_application,
        "token_id": _text(claims.get("jti")) or _text(claims.get("uti")),
    }


def _actor(claim: object) -> dict[str, str | None] | None:
    """The present actor; those before it, nested in the claim, are history (RFC 8693 §4.1)."""
    if not isinstance(claim, Mapping):
        return None
    return {name: _text(claim.get(member)) for name, member in (("subject", "sub"), ("issuer", "iss"), ("client", "client_id"))}


def _text(value: object) -> str | None:
    """A text within bounds; anything else is unknown."""
    if not isinstance(value, str) or not value:
        return None
    if _JWT_BEGINS in value:
        value = _DOTTED.sub(_without_token, value[: 8 * _LONGEST])
    if len(value) <= _SURELY_FITS or (len(value) <= _LONGEST and len(_encode(value)) <= _LONGEST + 2):
        return value
    return f"{value[:_LONGEST] if _is_plain(value[:_LONGEST]) else value[:_SURELY_FITS]}…"


def _is_plain(text: str) -> bool:
    """Whether each character is one octet when it is written."""
    return len(_encode(text)) == len(text) + 2


def _without_token(word: re.Match[str]) -> str:
    return _HIDDEN if _JWT_BEGINS in word[0] else word[0]


def _moment(time: float) -> str:
    second = math.floor(time)
    return f"{_second(second)}.{math.floor((time - second) * 1e6):06d}Z"


@lru_cache(maxsize=2)
def _second(time: int) -> str:
    return datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%dT%H:%M:%S")

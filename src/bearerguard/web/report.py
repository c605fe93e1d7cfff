"""What operators are told of a request: one event, and a log record for each refusal."""

import logging
from collections.abc import Mapping
from typing import Any, Final

from bearerguard.errors import AccessTokenError, GatewayMisconfigured, NamedCaller, Refusal, Undecided, show, tidy
from bearerguard.events import Event, logger
from bearerguard.principal import Principal
from bearerguard.token.caller import named_by
from bearerguard.web.declaration import WEBSOCKET

_LEVELS: Final[Mapping[type[Refusal], int]] = {Undecided: logging.ERROR, GatewayMisconfigured: logging.WARNING}
"""All others are everyday: INFO."""


def refused(
    scope: Mapping[str, Any], refusal: Refusal, principal: Principal | None, route: str, *, cached: bool, seconds: float
) -> Event:
    """The event of a refusal; its log record has the same fields.

    Args:
        scope: Of the request.
        refusal: What the caller is told.
        principal: The caller, where the token was verified.
        route: Template of the route, if it is known.
        cached: Whether the token had been verified before.
        seconds: How long judging took.
    """
    who = _named(refusal, principal)
    return Event(
        "request_refused",
        who.issuer,
        refusal.code,
        refusal.status,
        principal,
        who.client_id,
        who.kid,
        method(scope),
        path_of(scope),
        route,
        who.verified,
        cached,
        seconds,
        who.subject,
    )


def method(scope: Mapping[str, Any]) -> str:
    """The method, of a request that may be anything: a report must not fail."""
    return WEBSOCKET if scope.get("type") == "websocket" else scope.get("method") or ""


def path_of(scope: Mapping[str, Any]) -> str:
    """The path, likewise."""
    path = scope.get("path")
    return path if isinstance(path, str) else ""


def log(refusal: Refusal, event: Event, what: str = "") -> None:
    """One record: the operator's text, and the fields of the event for any JSON formatter.

    ``what`` comes first, where it is not a request that is refused.

    The query is never logged: it may hold a token.
    """
    level = _LEVELS.get(type(refusal), logging.INFO)
    if not logger.isEnabledFor(level):
        return
    extra = {
        "code": event.code,
        "status": event.status,
        "issuer": event.issuer,
        "client_id": tidy(event.client_id),
        "subject": tidy(_named(refusal, event.principal).subject),
        "kid": tidy(event.kid),
        "method": tidy(event.method),
        "path": tidy(event.path),
        "route": event.route,
        "verified": event.verified,
    }
    text = f"{what}{refusal.operator_text} {_request(event)}"
    logger.log(level, "%s", text, extra=extra, exc_info=refusal.__cause__ if isinstance(refusal, Undecided) else None)


def _named(refusal: Refusal, principal: Principal | None) -> NamedCaller:
    if principal is not None:
        return named_by(principal)
    who = refusal.caller
    if who.kid or not isinstance(refusal, AccessTokenError) or refusal.at != "header.kid" or not isinstance(refusal.actual, str):
        return who
    return NamedCaller(who.issuer, who.client_id, who.subject, refusal.actual, who.verified)


def _request(event: Event) -> str:
    """Which request a record is about, for formatters that show the message alone.

    Path and subject are among the fields only: they may name a person.
    """
    told = f"Request: {tidy(event.method)} {event.route}".rstrip()
    if event.client_id:
        told += f" by {'' if event.verified else 'unverified '}client {show(event.client_id)}"
    return told + "."

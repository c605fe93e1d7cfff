"""The answers to refused requests as an OpenAPI document describes them: what ``web.challenge`` sends (RFC 6750 §3)."""

import json
from collections.abc import Mapping
from typing import Any, Final

from bearerguard import error_codes as codes
from bearerguard.error_codes import ErrorCode
from bearerguard.errors import AccessTokenError, IssuerUnavailable
from bearerguard.web.challenge import Answer, Challenge

SCHEMA: Final = "AccessTokenRefusal"

INVALID_REQUEST: Final = "InvalidAuthorization"
UNREADABLE: Final = "InvalidAuthorizationOrBody"
UNAUTHORIZED: Final = "AccessTokenRequired"
UNAVAILABLE: Final = "IssuerUnavailable"

_WIRE: Final = Challenge()
_TEXT: Final = {"type": "string"}
_REFERENCE: Final = {"$ref": f"#/components/schemas/{SCHEMA}"}


def components() -> dict[str, Any]:
    """Schema and responses that operations refer to."""
    return {
        "schemas": {SCHEMA: _schema()},
        "responses": {
            INVALID_REQUEST: _response(
                "The request's `Authorization` or path is malformed.",
                codes.MALFORMED_AUTHORIZATION,
                codes.REPEATED_AUTHORIZATION,
                codes.MALFORMED_PATH,
            ),
            UNREADABLE: _unreadable(),
            UNAUTHORIZED: _response(
                "There is no access token, or it is not accepted.",
                codes.MISSING_TOKEN,
                codes.TOKEN_EXPIRED,
                codes.WRONG_AUDIENCE,
                codes.INVALID_SIGNATURE,
            ),
            UNAVAILABLE: _unavailable(),
        },
    }


def reference(name: str) -> dict[str, str]:
    """A response of ``components``."""
    return {"$ref": f"#/components/responses/{name}"}


def forbidden(requirement: str) -> dict[str, Any]:
    """The answer to a good token that does not meet a requirement."""
    return _response(f"The access token is good, but does not permit this. Needed: `{requirement}`.")


def _schema() -> dict[str, Any]:
    return {
        "title": SCHEMA,
        "description": "Why a request was refused (RFC 6750).",
        "type": "object",
        "required": ["error_description"],
        "properties": {
            "error": {
                "type": "string",
                "enum": ["invalid_request", "invalid_token", "insufficient_scope"],
                "description": "RFC 6750 §3.1; absent where no access token was sent or the fault is not the caller's.",
            },
            "error_description": {"type": "string", "description": "A sentence for people, the same for each `code`."},
            "code": {"type": "string", "description": "The reason, stable; absent where the API does not disclose it."},
        },
    }


def _response(description: str, *examples: ErrorCode) -> dict[str, Any]:
    challenge = {"description": "The challenge of RFC 6750 §3.", "required": True, "schema": _TEXT}
    answers = {code.code: _WIRE.answer(AccessTokenError(code)) for code in examples}
    return _described(description, {"WWW-Authenticate": challenge}, answers)


def _unreadable() -> dict[str, Any]:
    """FastAPI answers 400, too, to a body that it cannot parse."""
    own = {"type": "object", "required": ["detail"], "properties": {"detail": {"type": "string"}}}
    challenge = {"description": "The challenge of RFC 6750 §3, where `Authorization` or path is to blame.", "schema": _TEXT}
    described = "The request's `Authorization` or path is malformed, or its body cannot be read."
    response = _described(described, {"WWW-Authenticate": challenge}, {})
    response["content"]["application/json"]["schema"] = {"anyOf": [_REFERENCE, own]}
    return response


def _unavailable() -> dict[str, Any]:
    seconds = {"type": "integer", "minimum": 1}
    wait = {"description": "Seconds until it is worth another try.", "required": True, "schema": seconds}
    answer = _WIRE.answer(IssuerUnavailable("", retry_after=1, last_error=""))
    described = "Whether the access token is good cannot be told now: its issuer's keys cannot be had."
    return _described(described, {"Retry-After": wait}, {codes.ISSUER_UNAVAILABLE.code: answer})


def _described(description: str, headers: Mapping[str, Any], answers: Mapping[str, Answer]) -> dict[str, Any]:
    content: dict[str, Any] = {"schema": _REFERENCE}
    if answers:
        content["examples"] = {name: {"value": json.loads(answer.body)} for name, answer in answers.items()}
    return {"description": description, "headers": dict(headers), "content": {"application/json": content}}

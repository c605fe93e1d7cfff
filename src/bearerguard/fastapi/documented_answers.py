"""The answers to refused requests as an OpenAPI document describes them (RFC 6750 §3)."""

import json
from collections.abc import Mapping
from typing import Any, Final

from bearerguard import error_codes as codes
from bearerguard.error_codes import ErrorCode
from bearerguard.errors import AccessTokenError, IssuerUnavailable
from bearerguard.web.challenge import Answer, Challenge
from bearerguard.web.error_format import MEDIA_TYPES, Format

SCHEMA: Final = "AccessTokenRefusal"

INVALID_REQUEST: Final = "InvalidAuthorization"
UNREADABLE: Final = "InvalidAuthorizationOrBody"
UNAUTHORIZED: Final = "AccessTokenRequired"
UNAVAILABLE: Final = "IssuerUnavailable"

_TEXT: Final = {"type": "string"}
_REFERENCE: Final = {"$ref": f"#/components/schemas/{SCHEMA}"}
_CHALLENGE: Final = {"WWW-Authenticate": {"description": "The challenge of RFC 6750 §3.", "required": True, "schema": _TEXT}}


def components(wire: Challenge | None = None, header: str = "Authorization") -> dict[str, Any]:
    """Schema and responses that operations refer to.

    Args:
        wire: What the API sends; by default what a middleware without options does.
        header: Where requests carry the token.
    """
    sent = wire or Challenge()

    def answer(description: str, *examples: ErrorCode) -> dict[str, Any]:
        found = {code.code: sent.answer(AccessTokenError(code)) for code in examples}
        return _described(description, _CHALLENGE, sent.form, found)

    return {
        "schemas": {} if sent.form is None else {SCHEMA: _schema(sent.form)},
        "responses": {
            INVALID_REQUEST: answer(
                f"The request's `{header}` or path is malformed.",
                codes.MALFORMED_AUTHORIZATION,
                codes.REPEATED_AUTHORIZATION,
                codes.MALFORMED_PATH,
            ),
            UNREADABLE: _unreadable(sent.form, header),
            UNAUTHORIZED: answer(
                "There is no access token, or it is not accepted.",
                codes.MISSING_TOKEN,
                codes.TOKEN_EXPIRED,
                codes.WRONG_AUDIENCE,
                codes.INVALID_SIGNATURE,
            ),
            UNAVAILABLE: _unavailable(sent),
        },
    }


def reference(name: str) -> dict[str, str]:
    """A response of ``components``."""
    return {"$ref": f"#/components/responses/{name}"}


def forbidden(requirement: str, form: Format | None = "oauth") -> dict[str, Any]:
    """The answer to a good token that does not meet a requirement."""
    return _described(f"The access token is good, but does not permit this. Needed: `{requirement}`.", _CHALLENGE, form, {})


def _schema(form: Format) -> dict[str, Any]:
    error = {
        "type": "string",
        "enum": ["invalid_request", "invalid_token", "insufficient_scope"],
        "description": "RFC 6750 §3.1; absent where no access token was sent or the fault is not the caller's.",
    }
    code = {"type": "string", "description": "The reason, stable; absent where the API does not disclose it."}
    sentence = {"type": "string", "description": "A sentence for people, the same for each `code`."}
    properties: dict[str, Any] = {"error": error, "error_description": sentence, "code": code}
    if form == "problem":
        status = {"type": "integer", "description": "The HTTP status."}
        properties = {"type": _TEXT, "title": _TEXT, "status": status, "detail": sentence, "error": error, "code": code}
    return {
        "title": SCHEMA,
        "description": f"Why a request was refused ({'RFC 9457, ' if form == 'problem' else ''}RFC 6750).",
        "type": "object",
        "required": ["type", "title", "status", "detail"] if form == "problem" else ["error_description"],
        "properties": properties,
    }


def _unreadable(form: Format | None, header: str) -> dict[str, Any]:
    """FastAPI answers 400, too, to a body that it cannot parse."""
    own = {"type": "object", "required": ["detail"], "properties": {"detail": _TEXT}}
    challenge = {"description": f"The challenge of RFC 6750 §3, where `{header}` or path is to blame.", "schema": _TEXT}
    described = f"The request's `{header}` or path is malformed, or its body cannot be read."
    response = _described(described, {"WWW-Authenticate": challenge}, form, {})
    content = response.setdefault("content", {})
    if form == "oauth":
        content["application/json"]["schema"] = {"anyOf": [_REFERENCE, own]}
    else:
        content["application/json"] = {"schema": own}
    return response


def _unavailable(sent: Challenge) -> dict[str, Any]:
    seconds = {"type": "integer", "minimum": 1}
    wait = {"description": "Seconds until it is worth another try.", "required": True, "schema": seconds}
    answer = sent.answer(IssuerUnavailable("", retry_after=1, last_error=""))
    described = "Whether the access token is good cannot be told now: its issuer cannot be reached."
    return _described(described, {"Retry-After": wait}, sent.form, {codes.ISSUER_UNAVAILABLE.code: answer})


def _described(
    description: str, headers: Mapping[str, Any], form: Format | None, answers: Mapping[str, Answer]
) -> dict[str, Any]:
    response: dict[str, Any] = {"description": description, "headers": dict(headers)}
    if form is None:
        return response  # what a function of the user's makes cannot be described
    content: dict[str, Any] = {"schema": _REFERENCE}
    if answers:
        content["examples"] = {name: {"value": json.loads(answer.body)} for name, answer in answers.items()}
    return {**response, "content": {MEDIA_TYPES[form]: content}}

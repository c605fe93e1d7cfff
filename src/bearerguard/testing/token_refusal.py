"""How a token endpoint says no: the reasons, and the words of RFC 6749 for them.

A vendor with words of its own has them in its file of ``vendors/``.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum, auto
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5


class Reason(Enum):
    """Why no token is issued."""

    NOT_A_FORM = auto()
    MISSING_PARAMETER = auto()
    REPEATED_PARAMETER = auto()
    UNSUPPORTED_GRANT_TYPE = auto()
    NO_CREDENTIALS = auto()
    SEVERAL_METHODS = auto()
    UNKNOWN_CLIENT = auto()
    WRONG_SECRET = auto()
    WRONG_ASSERTION = auto()
    ASSERTION_OF_ANOTHER_CLIENT = auto()
    ASSERTION_NOT_FOR_THIS_SERVER = auto()
    ASSERTION_OUT_OF_TIME = auto()
    ASSERTION_WRONGLY_SIGNED = auto()
    INVALID_SCOPE = auto()
    UNKNOWN_RESOURCE = auto()
    UNKNOWN_TENANT = auto()
    TOKEN_OF_ANOTHER_CLIENT = auto()
    INVALID_GRANT = auto()


class TokenRefused(Exception):
    """Why there is no token, and which parameter, scope, client or resource it is about.

    Never holds a secret or an assertion.
    """

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(reason.name)
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Wording:
    """One reason in a vendor's words: ``{detail}`` is filled in, ``code`` is Microsoft's number."""

    status: int
    error: str
    text: str
    code: int = 0


@dataclass(frozen=True, slots=True)
class Incident:
    """When a request was refused, and which one it was."""

    now: float
    serial: int

    @property
    def timestamp(self) -> str:
        """As Microsoft writes it: ``2023-02-14 10:16:14Z``."""
        return datetime.fromtimestamp(self.now, UTC).strftime("%Y-%m-%d %H:%M:%SZ")

    def identifier(self, kind: str) -> str:
        """A GUID for support, the same for the same serial number."""
        return str(uuid5(NAMESPACE_URL, f"{kind}#{self.serial}"))


@dataclass(frozen=True, slots=True)
class RefusalStyle:
    """One vendor's words, and the body it puts them in."""

    wordings: Mapping[Reason, Wording]
    body: Callable[[Wording, str, Incident], dict[str, Any]]

    def answer(self, refused: TokenRefused, incident: Incident) -> tuple[int, dict[str, Any]]:
        """Status and JSON body."""
        wording = self.wordings.get(refused.reason) or RFC6749.wordings[refused.reason]
        return wording.status, self.body(wording, wording.text.format(detail=refused.detail), incident)


def rfc_body(wording: Wording, text: str, _incident: Incident) -> dict[str, Any]:
    """RFC 6749 §5.2."""
    return {"error": wording.error, "error_description": sendable(text)}


def sendable(text: str) -> str:
    """What an ``error_description`` may hold: %x20-21 / %x23-5B / %x5D-7E (RFC 6749 §5.2)."""
    return re.sub(r"[^\x20-\x21\x23-\x5b\x5d-\x7e]", "?", text)


RFC6749: Final = RefusalStyle(
    {
        Reason.NOT_A_FORM: Wording(400, "invalid_request", "The body must be application/x-www-form-urlencoded"),
        Reason.MISSING_PARAMETER: Wording(400, "invalid_request", "The parameter '{detail}' is missing"),
        Reason.REPEATED_PARAMETER: Wording(400, "invalid_request", "The parameter '{detail}' is repeated"),
        Reason.UNSUPPORTED_GRANT_TYPE: Wording(400, "unsupported_grant_type", "The grant type '{detail}' is not supported"),
        Reason.NO_CREDENTIALS: Wording(401, "invalid_client", "The client must authenticate"),
        Reason.SEVERAL_METHODS: Wording(400, "invalid_request", "The client used more than one authentication method"),
        Reason.UNKNOWN_CLIENT: Wording(401, "invalid_client", "The client authentication failed"),
        Reason.WRONG_SECRET: Wording(401, "invalid_client", "The client authentication failed"),
        **dict.fromkeys(
            (
                Reason.WRONG_ASSERTION,
                Reason.ASSERTION_OF_ANOTHER_CLIENT,
                Reason.ASSERTION_NOT_FOR_THIS_SERVER,
                Reason.ASSERTION_OUT_OF_TIME,
                Reason.ASSERTION_WRONGLY_SIGNED,
            ),
            Wording(401, "invalid_client", "The client assertion is not valid: {detail}"),
        ),
        Reason.INVALID_SCOPE: Wording(400, "invalid_scope", "The scope '{detail}' is unknown or not granted to the client"),
        Reason.UNKNOWN_RESOURCE: Wording(400, "invalid_target", "The resource '{detail}' is unknown"),
        Reason.UNKNOWN_TENANT: Wording(400, "invalid_request", "The tenant '{detail}' is unknown"),
        Reason.INVALID_GRANT: Wording(400, "invalid_grant", "The authorization code is not valid: {detail}"),
        Reason.TOKEN_OF_ANOTHER_CLIENT: Wording(400, "unauthorized_client", "The token was issued to another client"),
    },
    rfc_body,
)
"""RFC 6749 §5.2; ``invalid_target`` is RFC 8707 §2."""

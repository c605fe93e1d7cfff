"""How a token endpoint says no: the reasons, and the words of each vendor for them."""

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


class TokenRefused(Exception):
    """No token: why, and which parameter, scope, client or resource is meant. Never a secret or an assertion."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(reason.name)
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Wording:
    """One reason as a vendor puts it; ``{detail}`` stands in the text. ``code`` is Microsoft's number."""

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


def _rfc_body(wording: Wording, text: str, _incident: Incident) -> dict[str, Any]:
    # RFC 6749 §5.2: only %x20-21 / %x23-5B / %x5D-7E
    return {"error": wording.error, "error_description": re.sub(r"[^\x20-\x21\x23-\x5b\x5d-\x7e]", "?", text)}


def _entra_body(wording: Wording, text: str, incident: Incident) -> dict[str, Any]:
    """https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-client-creds-grant-flow#error-response"""
    trace_id, correlation_id = incident.identifier("trace"), incident.identifier("correlation")
    where = f"Trace ID: {trace_id}\r\nCorrelation ID: {correlation_id}\r\nTimestamp: {incident.timestamp}"
    return {
        "error": wording.error,
        "error_description": f"AADSTS{wording.code}: {text}\r\n{where}",
        "error_codes": [wording.code],
        "timestamp": incident.timestamp,
        "trace_id": trace_id,
        "correlation_id": correlation_id,
        "error_uri": f"https://login.microsoftonline.com/error?code={wording.code}",
    }


def _b2c_body(wording: Wording, text: str, incident: Incident) -> dict[str, Any]:
    """https://learn.microsoft.com/en-us/azure/active-directory-b2c/error-codes"""
    where = f"Correlation ID: {incident.identifier('correlation')}\r\nTimestamp: {incident.timestamp}\r\n"
    return {"error": wording.error, "error_description": f"AADB2C{wording.code}: {text}\r\n{where}"}


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
    },
    _rfc_body,
)
"""RFC 6749 §5.2; ``invalid_target`` is RFC 8707 §2."""

_PARAMETER: Final = "The request body must contain the following parameter: '{detail}'."
ENTRA: Final = RefusalStyle(
    {
        Reason.NOT_A_FORM: Wording(400, "invalid_request", _PARAMETER.format(detail="grant_type"), 900144),
        Reason.MISSING_PARAMETER: Wording(400, "invalid_request", _PARAMETER, 900144),
        Reason.REPEATED_PARAMETER: Wording(
            400, "invalid_request", "The request is not properly formatted. The parameter '{detail}' is duplicated.", 9000411
        ),
        Reason.UNSUPPORTED_GRANT_TYPE: Wording(
            400, "unsupported_grant_type", "The app requested an unsupported grant type '{detail}'.", 70003
        ),
        Reason.NO_CREDENTIALS: Wording(
            401,
            "invalid_client",
            "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
            7000218,
        ),
        Reason.SEVERAL_METHODS: Wording(
            400, "invalid_request", "Only one of 'client_assertion', 'client_secret' and Authorization header is allowed.", 90023
        ),
        Reason.UNKNOWN_CLIENT: Wording(
            400, "unauthorized_client", "Application with identifier '{detail}' was not found in the directory.", 700016
        ),
        Reason.WRONG_SECRET: Wording(
            401,
            "invalid_client",
            "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, "
            "not the client secret ID, for a secret added to app '{detail}'.",
            7000215,
        ),
        Reason.WRONG_ASSERTION: Wording(401, "invalid_client", "JWT token is invalid or malformed: {detail}.", 50027),
        Reason.ASSERTION_OF_ANOTHER_CLIENT: Wording(
            401,
            "invalid_client",
            "Client assertion application identifier doesn't match 'client_id' parameter: {detail}.",
            700021,
        ),
        Reason.ASSERTION_NOT_FOR_THIS_SERVER: Wording(
            401, "invalid_client", "Client assertion audience claim does not match Realm issuer: {detail}.", 700023
        ),
        Reason.ASSERTION_OUT_OF_TIME: Wording(
            401, "invalid_client", "Client assertion is not within its valid time range: {detail}.", 700024
        ),
        Reason.ASSERTION_WRONGLY_SIGNED: Wording(
            401, "invalid_client", "Client assertion failed signature validation: {detail}.", 700027
        ),
        Reason.INVALID_SCOPE: Wording(
            400,
            "invalid_scope",
            "The provided value for scope {detail} is not valid. Client credential flows must have a scope value with "
            "/.default suffixed to the resource identifier (application ID URI).",
            1002012,
        ),
        Reason.UNKNOWN_RESOURCE: Wording(
            400, "invalid_resource", "The resource principal named {detail} was not found in the tenant.", 500011
        ),
        Reason.UNKNOWN_TENANT: Wording(
            400,
            "invalid_request",
            "Tenant '{detail}' not found. Check to make sure you have the correct tenant ID and are signing into the correct "
            "cloud.",
            90002,
        ),
    },
    _entra_body,
)
"""https://learn.microsoft.com/en-us/entra/identity-platform/reference-error-codes; of assertions also
https://learn.microsoft.com/en-us/azure/developer/java/sdk/troubleshooting-authentication-service-principal
"""

AZURE_B2C: Final = RefusalStyle(
    {
        **{reason: Wording(row.status, row.error, row.text, 90079) for reason, row in RFC6749.wordings.items()},
        Reason.UNSUPPORTED_GRANT_TYPE: Wording(
            400, "unsupported_grant_type", "The supplied grant_type [{detail}] is not supported.", 90086
        ),
        Reason.UNKNOWN_CLIENT: Wording(
            400, "invalid_client", "The provided application with ID '{detail}' is not valid against this service.", 90068
        ),
        Reason.WRONG_SECRET: Wording(
            400, "invalid_client", "The specified client_secret does not match the expected value for this client.", 90081
        ),
        Reason.INVALID_SCOPE: Wording(400, "invalid_scope", "The scope '{detail}' provided in request is not supported.", 90117),
        Reason.UNKNOWN_RESOURCE: Wording(
            400, "invalid_scope", "The scope '{detail}' provided in request is not supported.", 90117
        ),
    },
    _b2c_body,
)
"""https://learn.microsoft.com/en-us/azure/active-directory-b2c/error-codes"""

AUTH0: Final = RefusalStyle(
    {
        Reason.MISSING_PARAMETER: Wording(403, "access_denied", "No {detail} parameter was provided"),
        Reason.NO_CREDENTIALS: Wording(401, "access_denied", "Unauthorized"),
        Reason.UNKNOWN_CLIENT: Wording(401, "access_denied", "Unauthorized"),
        Reason.WRONG_SECRET: Wording(401, "access_denied", "Unauthorized"),
        Reason.UNSUPPORTED_GRANT_TYPE: Wording(403, "unsupported_grant_type", "Unsupported grant type: {detail}"),
        Reason.UNKNOWN_RESOURCE: Wording(403, "access_denied", "Service not found: {detail}"),
    },
    _rfc_body,
)
"""https://auth0.com/docs/get-started/authentication-and-authorization-flow/client-credentials-flow, observed answers"""

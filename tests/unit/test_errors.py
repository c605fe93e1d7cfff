"""Two texts per failure, and neither tells a secret."""

import copy
import json
import pickle
from collections.abc import Callable
from functools import partial
from typing import Any, Final

import pytest
from fastapi import FastAPI
from starlette.applications import Starlette

from bearerguard import (
    AccessTokenMiddleware,
    ClientCredentials,
    Issuer,
    ResourceServer,
    auth0,
    entra,
    keycloak,
    oidc,
    okta,
    protected_resource_metadata,
    resource_metadata_url,
)
from bearerguard import error_codes as codes
from bearerguard.errors import (
    ABSENT,
    AccessTokenError,
    BearerguardError,
    ConfigurationError,
    GatewayMisconfigured,
    InsufficientScope,
    InvalidRequest,
    InvalidToken,
    IssuerUnavailable,
    MissingToken,
    Refusal,
    TokenRequestError,
    Undecided,
    show,
)
from bearerguard.fastapi import document_security
from bearerguard.token.moment import Moment
from bearerguard.web.challenge import Challenge

EXAMPLES: Final[list[BearerguardError]] = [
    ConfigurationError("leeway", "expected a number", example="60"),
    IssuerUnavailable("https://issuer.test/", retry_after=2.1, last_error="status 503"),
    TokenRequestError(
        "invalid_scope", "No such scope.", error_codes=(1002012,), trace_id="t", hint="Ask for another", status=400
    ),
    MissingToken(codes.MISSING_TOKEN),
    InvalidRequest(codes.REPEATED_AUTHORIZATION, expected="one", actual=2),
    InvalidToken(codes.TOKEN_EXPIRED, expected="`exp` later", actual=Moment(1.0, 2.0), at="$.exp", hint="Mind the clock."),
    InvalidToken(codes.MISSING_CLAIM, expected="`exp`", at="$.exp"),
    InvalidToken(codes.WRONG_AUDIENCE, expected="x", actual=["a", {"b": None}], at="$.aud"),
    InsufficientScope(codes.MISSING_SCOPE, verified=True, scopes=("orders.read", "orders.write")),
    GatewayMisconfigured("expected one header Bearerguard-Secret, got 0"),
    Undecided(),
]


# --- the tree


def test_the_tree_is_what_the_documentation_draws() -> None:
    parents = {kind.__name__: kind.__bases__ for kind in (type(error) for error in EXAMPLES)}

    assert parents == {
        "ConfigurationError": (BearerguardError, ValueError),
        "IssuerUnavailable": (Refusal,),
        "GatewayMisconfigured": (Refusal,),
        "Undecided": (Refusal,),
        "TokenRequestError": (BearerguardError,),
        "MissingToken": (AccessTokenError,),
        "InvalidRequest": (AccessTokenError,),
        "InvalidToken": (AccessTokenError,),
        "InsufficientScope": (AccessTokenError,),
    }
    assert BearerguardError.__bases__ == (Exception,)
    assert AccessTokenError.__bases__ == (Refusal,)
    assert Refusal.__bases__ == (BearerguardError,)


def test_an_unavailable_issuer_is_never_the_callers_fault() -> None:
    """RFC 9110 §15.6.4: 503, and no ``invalid_token``, which would make clients drop good tokens."""
    error = IssuerUnavailable("https://issuer.test/", retry_after=0.0, last_error="timeout")

    assert not isinstance(error, AccessTokenError)
    assert (error.code, error.status, error.error) == ("issuer_unavailable", 503, "")


def test_what_could_not_be_judged_is_not_the_callers_fault() -> None:
    """RFC 9110 §15.6.1: a client that is told ``invalid_token`` would look for a fault of its own."""
    error = Undecided()

    assert not isinstance(error, AccessTokenError)
    assert (error.code, error.status, error.error) == ("internal_error", 500, "")


@pytest.mark.parametrize(("wait", "told"), [(-1, 1), (0, 1), (0.2, 1), (1, 1), (1.01, 2), (59.5, 60)])
def test_retry_after_is_whole_seconds_rounded_up(wait: float, told: int) -> None:
    """RFC 9110 §10.2.3."""
    assert IssuerUnavailable("i", retry_after=wait, last_error="r").retry_after == told


# --- the operator's text


def test_the_operator_reads_expected_actual_place_and_next_step() -> None:
    error = InvalidToken(
        codes.WRONG_AUDIENCE,
        expected="`aud` to contain 'api://orders'",
        actual="00000003-0000-0000-c000-000000000000",
        at="$.aud",
        hint="The token is for Microsoft Graph: request scope 'api://orders/.default'.",
        verified=True,
    )

    assert error.operator_text == (
        "wrong_audience: expected `aud` to contain 'api://orders', got '00000003-0000-0000-c000-000000000000' at $.aud. "
        "The token is for Microsoft Graph: request scope 'api://orders/.default'."
    )


def test_a_value_that_nobody_vouched_for_is_called_unverified() -> None:
    """Style: unverified values are called unverified; what is not there needs no voucher."""
    wrong = partial(InvalidToken, codes.WRONG_AUDIENCE, expected="y", at="$.aud")

    assert "got unverified 'x' at $.aud" in wrong(actual="x").operator_text
    assert "got 'x' at $.aud" in wrong(actual="x", verified=True).operator_text
    assert "got nothing at $.aud" in wrong().operator_text
    assert "got unverified None at $.aud" in wrong(actual=None).operator_text


def test_what_was_expected_stands_alone_where_there_is_no_value_to_show() -> None:
    """A token's text is never shown: there is nothing to say it got."""
    text = InvalidToken(codes.MALFORMED_TOKEN, expected="canonical base64url").operator_text

    assert text == f"malformed_token: expected canonical base64url. {codes.MALFORMED_TOKEN.remedy}"
    assert "got unverified 2." in InvalidToken(codes.MALFORMED_TOKEN, expected="three parts", actual=2).operator_text


def test_without_particulars_the_operator_reads_cause_and_remedy() -> None:
    """Every code has both."""
    text = InvalidToken(codes.INVALID_SIGNATURE).operator_text

    assert text == f"invalid_signature: {codes.INVALID_SIGNATURE.cause} {codes.INVALID_SIGNATURE.remedy}"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("a\r\nb", "'a\\r\\nb'"),
        ("\x1b[31m\u202e\u2028", "'\\x1b[31m\\u202e\\u2028'"),
        ("'quoted'", "\"'quoted'\""),
        (None, "None"),
        (ABSENT, "nothing"),
        ("x" * 62, "'" + "x" * 62 + "'"),
        ("x" * 63, "'" + "x" * 62 + "…"),
        (["x" * 100], "['" + "x" * 61 + "…"),
    ],
)
def test_a_value_is_shown_escaped_and_cut_at_64_characters(value: object, shown: str) -> None:
    """No forged lines in a log (CWE-117)."""
    assert show(value) == shown
    assert len(shown) <= 64


@pytest.mark.parametrize("error", EXAMPLES, ids=lambda error: type(error).__name__)
def test_every_text_begins_with_its_name_and_ends_as_a_sentence(error: BearerguardError) -> None:
    """Readable in a log without its context."""
    first = {ConfigurationError: "leeway", TokenRequestError: "invalid_scope"}.get(type(error)) or getattr(error, "code", "")

    text = error.operator_text if isinstance(error, Refusal) else str(error)

    assert text.startswith(f"{first}:")
    assert isinstance(error, ConfigurationError) or text.endswith(".")


def test_a_configuration_error_names_the_parameter_and_shows_a_valid_value() -> None:
    error = ConfigurationError("leeway", "expected a number from 0 to 300, got '60'", example="60")

    assert error.parameter == "leeway"
    assert str(error) == "leeway: expected a number from 0 to 300, got '60'. A valid value: 60"


SETTINGS: dict[str, Callable[[str], object]] = {
    "oidc": oidc,
    "oidc, metadata": lambda url: oidc("https://issuer.example", metadata_url=url),
    "Issuer": lambda url: Issuer("https://issuer.example", jwks_uri=url),
    "auth0": auth0,
    "keycloak": lambda url: keycloak(base_url=url, realm="contoso", client_id="api"),
    "okta": okta,
    "entra": lambda url: entra("8f3c1d52-0b6e-4c49-9d55-2f1f6a0f3b11", authority=url),
    "ClientCredentials": lambda url: ClientCredentials(token_endpoint=url, client_id="a", client_secret="b"),
    "resource": lambda url: protected_resource_metadata(_api(), resource=url),
    "documentation": lambda url: protected_resource_metadata(_api(), resource="https://a.example", documentation=url),
    "resource_metadata_url": resource_metadata_url,
    "resource_metadata": lambda url: AccessTokenMiddleware(Starlette(), resource_server=_api(), resource_metadata=url),
    "token_url": lambda url: document_security(FastAPI(), _api(), token_url=url),
}


def _api() -> ResourceServer:
    return ResourceServer(Issuer("https://issuer.example", jwks={"keys": []}), "api://orders")


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("password", ["s3cret", "s3cret@s3cret", "s3cret" * 30, "s3/cret#s3cret"])
def test_no_password_of_a_url_is_in_an_error(setting: str, password: str) -> None:
    """CWE-532: errors of a start end up in logs, and a proxy's or an issuer's URL may hold credentials."""
    for url in (f"https://user:{password}@issuer.example", f"user:{password}@issuer.example"):
        with pytest.raises(ConfigurationError) as caught:
            SETTINGS[setting](url)

        assert "cret" not in f"{caught.value} {caught.value!r} {caught.value.args}"


def test_a_url_without_a_password_is_shown_whole() -> None:
    assert show("https://issuer.example:8443/a?b=c") == "'https://issuer.example:8443/a?b=c'"
    assert show("ftp://issuer.example/a:b") == "'ftp://issuer.example/a:b'"


def test_an_unavailable_issuer_tells_which_why_and_when() -> None:
    """For the operator; the caller reads a constant."""
    text = IssuerUnavailable("https://issuer.test/", retry_after=3, last_error="status 503").operator_text

    assert text == "issuer_unavailable: no usable key of 'https://issuer.test/': status 503. Next try in 3 s."


# --- what anybody may read


@pytest.mark.parametrize("code", codes.ALL_CODES, ids=lambda code: code.code)
def test_the_text_of_a_refusal_says_no_more_than_an_answer_that_discloses_nothing(code: codes.ErrorCode) -> None:
    """GraphQL servers, JSON-RPC handlers and tools of MCP show ``str(error)`` to callers (CWE-209)."""
    refusal = AccessTokenError(code, expected="'partner-a'", actual="partner-b", at="$.azp", hint="Ask partner-c.", scopes=("d",))
    undisclosed = json.loads(Challenge(disclose="none").answer(refusal).body)

    for shown in (str(refusal), f"{refusal}", *refusal.args):
        assert shown == undisclosed["error_description"]
    assert repr(refusal) == f"AccessTokenError({str(refusal)!r})"


def test_the_text_of_an_unavailable_issuer_names_no_issuer() -> None:
    """Which issuers an API trusts, and how they fail, is the operator's to know."""
    refusal = IssuerUnavailable("https://issuer.test/", retry_after=3, last_error="status 503")

    assert "issuer.test" not in repr(refusal) + str(refusal)
    assert "issuer.test" in refusal.operator_text


# --- copies


def _pickled(error: BearerguardError) -> BearerguardError:
    copied: BearerguardError = pickle.loads(pickle.dumps(error))  # noqa: S301  our own bytes
    return copied


@pytest.mark.parametrize("duplicate", [_pickled, copy.copy, copy.deepcopy], ids=["pickle", "copy", "deepcopy"])
@pytest.mark.parametrize("error", EXAMPLES, ids=lambda error: type(error).__name__)
def test_an_error_can_be_copied_and_pickled(
    error: BearerguardError, duplicate: Callable[[BearerguardError], BearerguardError]
) -> None:
    """An error may cross a process boundary; one failure is shared by many waiters, each raising its own copy."""
    copied = duplicate(error)

    assert copied is not error
    assert type(copied) is type(error)
    assert (str(copied), copied.args, vars(copied)) == (str(error), error.args, vars(error))


@pytest.mark.parametrize("duplicate", [_pickled, copy.copy, copy.deepcopy], ids=["pickle", "copy", "deepcopy"])
def test_a_note_on_one_copy_is_not_on_the_others(duplicate: Callable[[BearerguardError], BearerguardError]) -> None:
    """What one waiter adds is not another waiter's."""
    error = InvalidToken(codes.INVALID_SIGNATURE)
    error.add_note("seen by the first")

    copied = duplicate(error)
    copied.add_note("seen by the second")

    assert error.__notes__ == ["seen by the first"]
    assert copied.__notes__ == ["seen by the second"]


def test_there_is_one_absent() -> None:
    """A copy of it would be taken for a value."""
    assert copy.deepcopy(ABSENT) is ABSENT
    assert pickle.loads(pickle.dumps(ABSENT)) is ABSENT  # noqa: S301  our own bytes


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(["é" * 3] * 10_000, id="array"),
        pytest.param({f"name {number}": number for number in range(10_000)}, id="object"),
        pytest.param([[[{"a": ["b"] * 10_000}] * 1_000] * 1_000] * 1_000, id="nested"),
        pytest.param("x" * 100_000, id="text"),
        pytest.param(["x" * 100_000] * 2, id="text within"),
        pytest.param({"x" * 100_000: 1}, id="name"),
        pytest.param([], id="nothing"),
        pytest.param({"a": [1, "b", None, True]}, id="little"),
    ],
)
def test_what_is_shown_is_the_beginning_of_the_value_however_long_that_is(value: Any) -> None:
    """Callers choose the length: the whole is never written out to be cut afterwards."""
    nested = isinstance(value, list) and bool(value) and isinstance(value[0], list)
    whole = "[[[{'a': [" + "'b', " * 100 if nested else repr(value)

    shown = show(value)

    assert shown == (whole if len(whole) <= 64 else whole[:63] + "…")


def test_credentials_at_the_beginning_of_a_long_text_are_left_out() -> None:
    assert "s3cr3t" not in show("https://user:s3cr3t@issuer.test/" + "x" * 100_000)
    assert "s3cr3t" not in show(["https://user:s3cr3t" + "x" * 900 + "@issuer.test/"])

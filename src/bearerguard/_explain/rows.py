"""Rows of an explanation: a check that passed, failed, or could not be judged."""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from bearerguard._explain.explanation import CheckResult
from bearerguard.authorization.combination import Requirement
from bearerguard.errors import ABSENT, AccessTokenError, show
from bearerguard.issuers.profile import Profile
from bearerguard.token.caller import caller_in

Row: TypeAlias = tuple[str, str]
"""What is judged, and by which rule."""

TEXT: Final[Row] = ("text", "RFC 6750 §2.1, RFC 7515 §3.1, RFC 8725 §3")
REQUIREMENT: Final[Row] = ("requirement", "the route's requirement, RFC 6750 §3.1")


def passed(row: Row) -> CheckResult:
    """The check passed."""
    return CheckResult(*row, "passed")


def not_judged(row: Row, reason: str, next_step: str = "") -> CheckResult:
    """The check could not be judged."""
    return CheckResult(*row, "not judged", reason=reason, next_step=next_step)


def failed(row: Row, failure: AccessTokenError) -> CheckResult:
    """The check failed."""
    actual = "" if failure.actual is ABSENT else show(failure.actual)
    return CheckResult(
        *row,
        "failed",
        code=failure.code,
        expected=failure.expected,
        actual=actual,
        at=failure.at,
        reason=failure.reason.cause,
        next_step=failure.hint or failure.reason.remedy,
    )


def judged_as(row: Row, failure: AccessTokenError | None) -> CheckResult:
    """The check passed, unless there is a failure."""
    return passed(row) if failure is None else failed(row, failure)


def permission(
    claims: Mapping[str, Any],
    profile: Profile,
    effective: Callable[[frozenset[str]], frozenset[str]],
    requirement: Requirement,
) -> CheckResult:
    """Whether the caller that the claims describe meets the requirement."""
    try:
        principal = caller_in({"iss": "", "exp": 0.0, **claims}, claims, profile, effective, _age)
    except (TypeError, ValueError):
        return not_judged(REQUIREMENT, "The claims are of the wrong types.")
    if requirement.permits(principal) is True:
        return passed(REQUIREMENT)
    return failed(REQUIREMENT, requirement.refusal(principal))


def _age() -> float:
    return 0.0

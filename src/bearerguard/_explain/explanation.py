"""The answer of ``explain``: what a token is, every check of it, and what to do."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

SCHEMA_VERSION: Final = 1

Outcome = Literal["passed", "failed", "not judged"]
Verdict = Literal["accepted", "refused", "undecided", "no token"]


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One check.

    Attributes:
        name: What is judged, such as ``aud`` or ``signature``.
        source: The rule: an RFC clause or a vendor's page.
        outcome: ``passed``, ``failed`` or ``not judged``.
        code: Error code of a failure, else empty.
        expected: Of a failure: what would have been accepted.
        actual: Of a failure: what was found, for people.
        at: Of a failure: the place, such as ``$.aud``.
        reason: Why a check was not judged, or the cause of a failure.
        next_step: What to do about a failure, or about what was not judged.
    """

    name: str
    source: str
    outcome: Outcome
    code: str = ""
    expected: str = ""
    actual: str = ""
    at: str = ""
    reason: str = ""
    next_step: str = ""

    @property
    def words(self) -> str:
        """The rule that a check passed, or what is wrong and what to do."""
        if self.outcome == "passed":
            return self.source
        if self.outcome == "not judged":
            return f"{self.reason} {self.next_step}".strip()
        what = self.reason.rstrip(".")
        if self.expected:
            what = f"expected {self.expected}"
            if self.actual:
                what += f", got {self.actual}"
        place = f" at {self.at}" if self.at else ""
        return f"{self.code}: {what}{place}. {self.next_step}".strip()


@dataclass(frozen=True, slots=True)
class Explanation:
    """What ``explain`` found. Holds the claims of the token, never the token or its signature.

    Attributes:
        verdict: ``accepted``: every check passed, the signature included. ``refused``: at least one
            failed. ``undecided``: none failed, but some could not be judged. ``no token``: the text
            holds none.
        summary: What the token is, whose, for what, and what to do: one or two sentences.
        kind: Such as ``application token`` or ``ID token``.
        vendor: Who issued it, where that is recognised, else empty. The token says so itself.
        facts: What the token says, in words: issuer, audience, client, tenant, subject, roles,
            scopes, times.
        checks: Every check, in the order of judgement.
        repairs: What was wrong with the pasted text, one sentence each.
        problems: What could not be read in the token, one sentence each.
        configuration: Lines of Python that would accept the token's issuer and audience, ready to
            copy.
        header: The decoded header.
        claims: The decoded claims.
        response: Of a pasted token or error response: its members without the tokens.
    """

    verdict: Verdict
    summary: str
    kind: str = ""
    vendor: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)
    checks: tuple[CheckResult, ...] = ()
    repairs: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    configuration: tuple[str, ...] = ()
    header: Mapping[str, Any] = field(default_factory=dict, repr=False)
    claims: Mapping[str, Any] = field(default_factory=dict, repr=False)
    response: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def failures(self) -> tuple[CheckResult, ...]:
        """The checks that failed, the one that the verifier reports first."""
        return tuple(check for check in self.checks if check.outcome == "failed")

    def as_json(self) -> dict[str, Any]:
        """All of it as JSON values; ``schema`` is raised when a member changes its meaning."""
        return {
            "schema": SCHEMA_VERSION,
            "verdict": self.verdict,
            "summary": self.summary,
            "kind": self.kind,
            "vendor": self.vendor,
            "facts": dict(self.facts),
            "checks": [
                {name: getattr(check, name) for name in CheckResult.__slots__ if getattr(check, name)} for check in self.checks
            ],
            "repairs": list(self.repairs),
            "problems": list(self.problems),
            "configuration": list(self.configuration),
            "header": dict(self.header),
            "claims": dict(self.claims),
            "response": dict(self.response),
        }

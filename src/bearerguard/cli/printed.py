"""An explanation, printed for people."""

import json
from collections.abc import Mapping
from typing import Any, Final

from bearerguard._explain.explanation import Explanation
from bearerguard.cli.output import Page, print_json

_STYLES: Final = {"accepted": "bold green", "refused": "bold red", "undecided": "bold yellow", "no token": "bold red"}


def print_explanation(explanation: Explanation, *, as_json: bool) -> None:
    """All of it: for a program, or in the order in which a person asks.

    What is it, what is wrong, what is inside, what to write?
    """
    if as_json:
        print_json(explanation.as_json())
        return
    page = Page()
    page.line(explanation.verdict.upper(), _STYLES[explanation.verdict])
    page.line(explanation.summary)
    for heading, sentences in (("As it was pasted", explanation.repairs), ("What could not be read", explanation.problems)):
        if sentences:
            page.heading(heading)
            for sentence in sentences:
                page.line(f"  {sentence}")
    if explanation.facts:
        page.heading("The token says")
        page.pairs(explanation.facts.items())
    if explanation.checks:
        page.heading("Checks")
        page.outcomes((check.outcome, check.name, check.words) for check in explanation.checks)
    if explanation.configuration:
        page.heading("To accept this issuer and audience")
        page.code(explanation.configuration)
    for heading, members in (("Header", explanation.header), ("Claims", explanation.claims), ("Answer", explanation.response)):
        if members:
            page.heading(heading)
            page.code(_json(members))


def _json(members: Mapping[str, Any]) -> list[str]:
    return json.dumps(dict(members), indent=2, ensure_ascii=False).splitlines()

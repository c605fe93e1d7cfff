"""``/explain`` of a local issuer: paste a token, read why it is accepted or refused.

Nothing leaves the machine.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from bearerguard._explain.explainer import explain
from bearerguard._explain.explanation import CheckResult, Explanation
from bearerguard._explain.pasted import MAX_PASTED
from bearerguard.authorization.requirement import role
from bearerguard.errors import ConfigurationError
from bearerguard.issuers.issuer import Issuer
from bearerguard.testing.form import read_short_form
from bearerguard.testing.html import page, text

_TITLE: Final = "Explain a token"
_MOST: Final = 2 * MAX_PASTED


class ExplainPage:
    """The form and its answer.

    Args:
        trusted: The records that trust the local issuer, with its present keys.
        audience: Filled in for the API.
        now: The time to judge at.
    """

    def __init__(self, trusted: Callable[[], Sequence[Issuer]], audience: str, now: Callable[[], float]) -> None:
        self._trusted = trusted
        self._audience = audience
        self._now = now

    async def answer(self, request: Request) -> Response:
        """The empty form, or the form and an explanation."""
        if request.method != "POST":
            return page(_TITLE, _form({"audience": self._audience}))
        form = await read_short_form(request, _MOST)
        if form is None:
            return page(_TITLE, f"<p>The text is too long: {MAX_PASTED} octets are read at most.</p>" + _form({}), 413)
        try:
            explanation = self._explained(form)
        except ConfigurationError as problem:
            return page(_TITLE, f'<p class="failed">{text(str(problem))}</p>' + _form(form), 400)
        return page(_TITLE, _shown(explanation) + _form({**form, "token": ""}))

    def _explained(self, form: Mapping[str, str]) -> Explanation:
        named = form.get("issuer", "").split()
        required = form.get("require", "").strip()
        return explain(
            form.get("token", ""),
            issuer=named or self._trusted(),
            audience=form.get("audience", "").split() or None,
            require=role(required) if required else None,
            at=self._now(),
        )


def _form(filled: Mapping[str, str]) -> str:
    fields = "".join(
        f'<label for="{name}">{label}</label><input id="{name}" name="{name}" value="{text(filled.get(name, ""))}">'
        for name, label in (
            ("audience", "Identifiers of the API, with spaces between them (empty: not judged)"),
            ("issuer", "Trusted issuers, with spaces between them (empty: this local issuer)"),
            ("require", "A role that the route requires (may be empty)"),
        )
    )
    return (
        '<form method="post" autocomplete="off"><label for="token">A token, an Authorization line, a curl command or a whole '
        'token response</label><textarea id="token" name="token" rows="8" spellcheck="false" required></textarea>'
        f"{fields}<button>Explain</button></form>"
    )


def _shown(explanation: Explanation) -> str:
    parts = [f'<h2 class="{explanation.verdict.partition(" ")[0]}">{text(explanation.verdict.capitalize())}</h2>']
    parts.append(f"<p>{text(explanation.summary)}</p>")
    parts += [_list("As it was pasted", explanation.repairs), _list("What could not be read", explanation.problems)]
    parts.append(_table("The token says", explanation.facts.items()))
    parts.append(_checks(explanation.checks))
    if explanation.configuration:
        parts.append(f"<h2>To accept this issuer and audience</h2><pre>{text(chr(10).join(explanation.configuration))}</pre>")
    for heading, members in (("Header", explanation.header), ("Claims", explanation.claims), ("Answer", explanation.response)):
        parts.append(_table(heading, ((name, repr(value)) for name, value in members.items())))
    return "".join(parts)


def _list(heading: str, sentences: Sequence[str]) -> str:
    items = "".join(f"<li>{text(sentence)}</li>" for sentence in sentences)
    return f"<h2>{heading}</h2><ul>{items}</ul>" if items else ""


def _table(heading: str, rows: Iterable[tuple[str, str]]) -> str:
    lines = "".join(f'<tr><th scope="row">{text(name)}</th><td>{text(value)}</td></tr>' for name, value in rows)
    return f"<h2>{heading}</h2><table>{lines}</table>" if lines else ""


def _checks(checks: Sequence[CheckResult]) -> str:
    lines = "".join(
        f'<tr><td class="{check.outcome.partition(" ")[0]}">{check.outcome}</td><th scope="row">{text(check.name)}</th>'
        f"<td>{text(check.words)}</td></tr>"
        for check in checks
    )
    return f"<h2>Checks</h2><table>{lines}</table>" if lines else ""

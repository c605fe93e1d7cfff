"""From pasted text to an explanation."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from bearerguard._explain.advice import advice_for, error_summary
from bearerguard._explain.asked import Asked, also_asked, judged_by_the_endpoint
from bearerguard._explain.decoded import Decoded, decode_token
from bearerguard._explain.explanation import CheckResult, Explanation, Verdict
from bearerguard._explain.judged import Trust, judged
from bearerguard._explain.kinds import Kind, facts_of, kind_of
from bearerguard._explain.pasted import Pasted, read_pasted
from bearerguard._explain.vendors import Recognised, recognise
from bearerguard.authorization.combination import Requirement
from bearerguard.checks import checked_number
from bearerguard.clock import SystemClock
from bearerguard.errors import AccessTokenError
from bearerguard.issuers.issuer import Issuer
from bearerguard.token.claims import Expectations

if TYPE_CHECKING:  # a token without a server is explained without what fetches keys: twice as fast to start
    from bearerguard.resource_server import ResourceServer

NO_AUDIENCE: Final = "api://your-api"
"""Stands in where no audience is given: ``aud`` is then not judged, and advice shows it as an example."""
_LEEWAY: Final = 60.0
_LAST_TIME: Final = 2.0**40


def explain(
    text: str | bytes,
    *,
    resource_server: "ResourceServer | None" = None,
    issuer: str | Issuer | Sequence[str | Issuer] | None = None,
    audience: str | Collection[str] | None = None,
    require: Requirement | None = None,
    at: float | None = None,
    asked: Asked | None = None,
) -> Explanation:
    """What a token is, every check of it, and what to do.

    Works offline: nothing is fetched, and the token goes nowhere.

    ::

        print(explain(token, resource_server=api, require=role("Read.All")).summary)

    The checks are the verifier's own, in its order; all of them are run, where the verifier stops
    at the first failure. The explanation repeats what the token says of itself, even if nobody has
    vouched for it.

    Args:
        text: A token, an ``Authorization`` line, a ``curl`` command, a token response or an error
            response, as people paste it.
        resource_server: Judge as this server would. Its keys are used if it has fetched them; else
            the signature is not judged.
        issuer: In place of a server: the issuers to trust, as records or as the exact ``iss``.
        audience: With ``issuer``: identifiers of the API.
        require: What the route requires.
        at: Judge at this time, in seconds since 1970; default: now.
        asked: What the introspection endpoint said of the token; see the command's
            ``--introspect``. Without it, a token that the server asks about is not judged.

    Does not check whether the token was revoked.

    Raises:
        ConfigurationError: ``issuer``, ``audience`` or ``at`` is wrong.
    """
    now = SystemClock().now() if at is None else checked_number("at", at, 0.0, _LAST_TIME, example="1800000000")
    pasted = read_pasted(text)
    if not pasted.token:
        return _without_token(pasted)
    decoded = decode_token(pasted.token)
    server = resource_server if resource_server is not None else _server(issuer, audience, decoded)
    names = server.audience if server else frozenset([audience] if isinstance(audience, str) else audience or [NO_AUDIENCE])
    return _explained(pasted, decoded, server, asked, names=names, require=require, now=now)


def _explained(
    pasted: Pasted,
    decoded: Decoded,
    server: "ResourceServer | None",
    asked: Asked | None,
    *,
    names: frozenset[str],
    require: Requirement | None,
    now: float,
) -> Explanation:
    """The token, judged by ``server`` where there is one, else by what its own issuer would demand."""
    recognised = recognise(decoded)
    record = _record(server, recognised, decoded)
    trust = Trust(
        server.connection.registrations if server else None,
        _expected(record, names),
        names_audience=NO_AUDIENCE not in names,
        requirement=require,
        effective_roles=server.effective_roles if server else frozenset,
    )
    kind = kind_of(decoded, pasted.token, recognised, record)
    place = ""
    introspector = server.connection.introspector if server else None
    if server and introspector and server.connection.is_asked_about(pasted.token.encode("ascii", "replace")):
        place = introspector.settings.place
        checks = tuple(judged_by_the_endpoint(pasted.token, introspector, asked, trust, now))
        record = None
        if asked is not None and asked.said is not None:  # in place of what nobody can read
            decoded, record = replace(decoded, claims=asked.said, problems=()), introspector.settings.record
    else:
        checks = tuple(judged(pasted.token, trust, now))
        if introspector and introspector.settings.also_jwt:
            checks = (*checks, also_asked(introspector))
    facts = facts_of(decoded, record, now)
    verdict = _verdict(checks)
    return Explanation(
        verdict,
        _summary(kind, recognised, facts, verdict, advice_for(kind, decoded, recognised, checks, pasted.member, asks=place)),
        kind=kind,
        vendor=recognised.vendor if recognised else "",
        facts=facts,
        checks=checks,
        repairs=pasted.repairs,
        problems=decoded.problems,
        configuration=_configuration(recognised, facts),
        header=decoded.header,
        claims=decoded.claims,
        response=pasted.response,
    )


def _without_token(pasted: Pasted) -> Explanation:
    if pasted.origin == "error response":
        return Explanation(
            "no token", error_summary(pasted.response), kind="error response", repairs=pasted.repairs, response=pasted.response
        )
    summary = "There is no token in this text. Paste an access token, or the whole answer of the token endpoint."
    return Explanation("no token", summary, repairs=pasted.repairs, response=pasted.response)


def issuers_for(given: str | Issuer | Sequence[str | Issuer], decoded: Decoded) -> list[Issuer]:
    """Records of issuers that are named by their ``iss``; those of known vendors are configured by
    their preset.
    """
    entries = [given] if isinstance(given, (str, Issuer)) else given
    trusted: list[Issuer] = []
    for entry in entries:
        if isinstance(entry, Issuer):
            trusted.append(entry)
        else:
            found = recognise(decoded, entry)
            trusted += (found.issuers() if found else ()) or (Issuer(entry),)
    return list({issuer.issuer: issuer for issuer in trusted}.values())


def _server(
    issuer: str | Issuer | Sequence[str | Issuer] | None, audience: str | Collection[str] | None, decoded: Decoded
) -> "ResourceServer | None":
    if not issuer:
        return None
    from bearerguard.resource_server import ResourceServer  # noqa: PLC0415  see above

    return ResourceServer(issuers_for(issuer, decoded), audience or NO_AUDIENCE)


def _record(server: "ResourceServer | None", recognised: Recognised | None, decoded: Decoded) -> Issuer | None:
    """How the token's claims are read: by the configured issuer, else by the one that was
    recognised.
    """
    if server is not None:
        try:
            return server.connection.registrations.of(decoded.claims).expected.issuer
        except AccessTokenError:
            pass
    return recognised.as_described(decoded) if recognised else None


def _expected(record: Issuer | None, audience: frozenset[str]) -> Expectations | None:
    """What the token's own issuer would demand, were it trusted."""
    if record is None:
        return None
    own = audience if record.audience is None else frozenset(record.audience)
    return Expectations(record, own, own | audience, frozenset(record.algorithms), _LEEWAY)


def _verdict(checks: Sequence[CheckResult]) -> Verdict:
    outcomes = {check.outcome for check in checks}
    return "refused" if "failed" in outcomes else "undecided" if "not judged" in outcomes else "accepted"


def _summary(kind: Kind, recognised: Recognised | None, facts: Mapping[str, str], verdict: str, advice: Sequence[str]) -> str:
    what = kind[0].upper() + kind[1:]
    parts = [what + (f" of {recognised.vendor}" if recognised else "")]
    if "audience" in facts:
        parts.append(f"for {facts['audience']}")
    if "client" in facts:
        parts.append(f"issued to client {facts['client']}")
    parts += [f"with {name} {facts[name]}" for name in ("roles", "scopes") if name in facts]
    if "expires" in facts:
        parts.append(f"expires {facts['expires']}")
    first = ", ".join(parts) + "."
    judgement = {
        "accepted": "Every check passed.",
        "refused": "It is refused.",
        "undecided": "No check failed, but not every check could be judged.",
    }[verdict]
    return " ".join([first, judgement, *advice])


def _configuration(recognised: Recognised | None, facts: Mapping[str, Any]) -> tuple[str, ...]:
    if recognised is None:
        return ()
    audiences = [name for name in str(facts.get("audience", "")).split(", ") if name]
    shown = f'audience="{audiences[0]}"' if len(audiences) == 1 else f"audience={audiences!r}".replace("'", '"')
    lines = [f"issuers=[{recognised.line}],", *([f"{shown},"] if audiences else ())]
    return (*lines, *([f"# {recognised.advice}"] if recognised.advice else ()))

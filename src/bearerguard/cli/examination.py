"""Looks at one issuer from outside, as a resource server would.

It looks at metadata, keys, clock, caching and certificate.
"""

import re
import socket
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, Final, Literal
from urllib.parse import urlsplit

import anyio
import anyio.to_thread

from bearerguard.bounded_http import Answer, BoundedHttp, ExchangeFailed, Request
from bearerguard.clock import Clock
from bearerguard.issuers.issuer import Issuer
from bearerguard.keys.discovery import MAX_METADATA, read_jwks_uri
from bearerguard.keys.fetch import TOTAL_TIMEOUT, FetchFailed
from bearerguard.keys.jwk_set import JWKSet, UnusableKeySet, read_key_set
from bearerguard.strict_json import NotStrictJson, parse_object
from bearerguard.token.moment import distance, utc

MAX_KEY_SET: Final = 512 * 1024
SLOW: Final = 1.0
REMEDIES: Final = {
    "unreachable": "Check name resolution, firewall and trusted certificates.",
    "compressed": "A proxy on the way compresses although identity was asked for: turn that off.",
    "redirect": "Give the final address: redirects are not followed.",
}
"""Of what can be wrong with any endpoint."""
_OF_AN_ISSUER: Final = {
    **REMEDIES,
    "timeout": "The issuer is slow or filtered on the way: check firewall, proxy and network policy.",
    "too_large": "This is not a metadata document or key set: check the address.",
}
_CLOCKS_DIFFER: Final = 30.0
_CERTIFICATE_ENDS_SOON: Final = 14 * 86_400.0
_ENVIRONMENT: Final = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR")

Outcome = Literal["passed", "warning", "failed"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        name: What it is.
        outcome: ``passed``, ``warning`` or ``failed``.
        words: What was found.
        next_step: What to do about it, or empty.
    """

    name: str
    outcome: Outcome
    words: str
    next_step: str = ""


@dataclass(frozen=True, slots=True)
class _Page:
    """An answer, and when it came."""

    answer: Answer
    at: float


class Examination:
    """Examines issuers.

    Args:
        http: Sends the requests.
        clock: Compared with the issuer's.
    """

    def __init__(self, http: BoundedHttp, clock: Clock) -> None:
        self._http = http
        self._clock = clock

    async def of_issuer(self, issuer: Issuer) -> list[Finding]:
        """Everything that can be seen from outside. Never raises for what the issuer does."""
        if issuer.jwks is not None:
            return [Finding("keys", "passed", "The keys are static: nothing is fetched.")]
        findings: list[Finding] = []
        jwks_uri = issuer.jwks_uri
        if issuer.metadata_url is not None:
            metadata = await self._get("metadata", issuer.metadata_url, MAX_METADATA, findings)
            jwks_uri = None if metadata is None else _jwks_uri(issuer, metadata, findings)
        if jwks_uri is None:
            return findings
        page = await self._get("key set", jwks_uri, MAX_KEY_SET, findings)
        if page is not None:
            findings += _of_keys(issuer, page)
            findings += _of_headers(page)
        if jwks_uri.startswith("https:"):
            findings.append(await anyio.to_thread.run_sync(certificate, jwks_uri, self._clock.now()))
        return findings

    async def _get(self, name: str, url: str, limit: int, findings: list[Finding]) -> _Page | None:
        begun = self._clock.monotonic()
        try:
            answer = await self._http.exchange(Request("GET", url, [("Accept", "application/json")]), limit=limit)
        except ExchangeFailed as why:
            findings.append(Finding(name, "failed", f"{url}: {why}", _OF_AN_ISSUER[why.code]))
            return None
        seconds = self._clock.monotonic() - begun
        if answer.status != 200:  # noqa: PLR2004
            where = f", which redirects to {answer.headers.get('location')}" if answer.is_redirect else ""
            findings.append(Finding(name, "failed", f"{url}: status {answer.status}{where}", _of_status(answer)))
            return None
        outcome: Outcome = "warning" if seconds > SLOW else "passed"
        slow = f"A fetch may take {TOTAL_TIMEOUT:g} s at most." if outcome == "warning" else ""
        findings.append(Finding(name, outcome, f"{url}: {len(answer.body)} octets in {seconds * 1000:.0f} ms", slow))
        return _Page(answer, self._clock.now())


def _of_status(answer: Answer) -> str:
    if answer.is_redirect:
        return REMEDIES["redirect"]
    if answer.status >= 500:  # noqa: PLR2004
        return "The issuer is down: ask its operators. An API that has its keys works on for 24 hours."
    return "Check the issuer's address, with its path and its trailing slash."


def _jwks_uri(issuer: Issuer, page: _Page, findings: list[Finding]) -> str | None:
    try:
        found = read_jwks_uri(issuer, page.answer.body)
    except FetchFailed as why:
        step = "Configure the issuer exactly as the document and the tokens name it, slash included."
        findings.append(Finding("metadata issuer", "failed", str(why), step))
        return None
    findings.append(Finding("metadata issuer", "passed", f"The document names {issuer.issuer}."))
    return found


def _of_keys(issuer: Issuer, page: _Page) -> Iterator[Finding]:
    try:
        key_set = read_key_set(parse_object(page.answer.body, spoiled_members_are_null=True))
    except (NotStrictJson, UnusableKeySet) as why:
        yield Finding("keys", "failed", str(why), "Publish at least one RSA key of 2048 bits or more, or an EC or Ed25519 key.")
        return
    yield Finding("keys", "passed", f"{len(key_set.keys)} usable: {', '.join(str(kid) for kid in key_set.kids)}")
    if key_set.left_out:
        words = f"{len(key_set.left_out)} left out: {'; '.join(map(str, key_set.left_out))}"
        yield Finding("keys", "warning", words, "Tokens signed with these are refused as unknown_key.")
    yield from _of_algorithms(issuer, key_set)
    if len(key_set.keys) == 1:
        words = "One key is published: after a rotation, tokens signed with the old key are refused at once."
        yield Finding("rotation", "warning", words, "Let the issuer publish the next key before it signs with it.")
    else:
        yield Finding("rotation", "passed", "Several keys are published: old and new tokens overlap.")


def _of_algorithms(issuer: Issuer, key_set: JWKSet) -> Iterator[Finding]:
    fitting = [name for name in issuer.algorithms if key_set.candidates(None, name)]
    if fitting:
        yield Finding("algorithms", "passed", f"Accepted, and there is a key for it: {', '.join(fitting)}")
    else:
        words = f"No key fits an accepted algorithm ({', '.join(issuer.algorithms)})."
        yield Finding("algorithms", "failed", words, "Name the issuer's asymmetric algorithm in algorithms=.")


def _of_headers(page: _Page) -> Iterator[Finding]:
    directives = page.answer.headers.get("cache-control", "")
    yield Finding("cache", "passed", f"Cache-Control: {directives}" if directives else "No Cache-Control: kept for 10 minutes.")
    try:
        issuer_time = parsedate_to_datetime(page.answer.headers.get("date", "")).timestamp()
    except (ValueError, TypeError):
        yield Finding("clock", "warning", "The issuer sends no Date: the clocks cannot be compared.")
        return
    ahead = issuer_time - page.at
    words = f"The issuer's clock is {distance(ahead)} {'ahead' if ahead > 0 else 'behind'}."
    if abs(ahead) > _CLOCKS_DIFFER:
        yield Finding("clock", "warning", words, "Let both machines use NTP; leeway= bridges 300 s at most.")
    else:
        yield Finding("clock", "passed", words)


def certificate(url: str, now: float) -> Finding:
    """The server's certificate, checked against the certificate authorities that are trusted here."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or 443
    try:
        context = ssl.create_default_context()
        with (
            socket.create_connection((host, port), TOTAL_TIMEOUT) as plain,
            context.wrap_socket(plain, server_hostname=host) as tls,
        ):
            shown = tls.getpeercert() or {}
            version = tls.version()
    except (OSError, ValueError) as why:
        step = "A private certificate authority is trusted by SSL_CERT_FILE, or by transport=."
        return Finding("TLS", "failed", f"{host}: {why}", step)
    ends = ssl.cert_time_to_seconds(str(shown.get("notAfter", "")))
    words = f"{version}, issued by {_organization(shown)}, good until {utc(ends)}"
    if ends - now < _CERTIFICATE_ENDS_SOON:
        return Finding("TLS", "warning", words, f"It expires in {distance(ends - now)}: make sure that it is renewed.")
    return Finding("TLS", "passed", words)


def _organization(certificate: Mapping[str, Any]) -> str:
    names = {name: value for part in certificate.get("issuer", ()) for name, value in part}
    return str(names.get("organizationName") or names.get("commonName") or "an unnamed authority")


def of_environment(environ: Mapping[str, str]) -> list[Finding]:
    """Variables that change how other programs reach an issuer, and what they mean here."""
    findings: list[Finding] = []
    for name in _ENVIRONMENT:
        value = environ.get(name)
        if not value:
            continue
        shown = re.sub(r"//[^/@]*@", "//…@", value)
        if "PROXY" in name.upper():
            words = f"{name}={shown} is set; the key fetch does not use it."
            step = "If the issuer is reached through it: ResourceServer(transport=httpx.AsyncHTTPTransport(proxy=…))."
            findings.append(Finding("environment", "warning", words, step))
        else:
            findings.append(Finding("environment", "passed", f"{name}={shown} adds certificate authorities."))
    return findings

"""Looks at an introspection endpoint as an API would: does it know this API, and say no?"""

from secrets import token_urlsafe
from typing import Final

import anyio.to_thread

from bearerguard.cli.examination import REMEDIES, SLOW, Finding, certificate
from bearerguard.clock import Clock
from bearerguard.introspection.answer import EndpointFailed
from bearerguard.introspection.introspector import Introspector

_ADDRESS: Final = "Check that this is the URL of the introspection endpoint (RFC 7662), not of the token endpoint or of userinfo."
_REMEDIES: Final = {
    **REMEDIES,
    "credentials": (
        "Check client_id, its secret or key, and client_auth: they are the API's own registration, which must be allowed to "
        "introspect. Some servers want their issuer in assertions: assertion_audience=."
    ),
    "timeout": "The endpoint is slow or filtered on the way: check firewall, proxy and network policy.",
}


async def of_introspection(introspector: Introspector, clock: Clock) -> list[Finding]:
    """Everything that can be seen from outside, by one question about a token that nobody issued.

    Never raises for what the endpoint does.
    """
    findings = [await _answered(introspector, clock)]
    endpoint = introspector.settings.endpoint
    if endpoint is not None and endpoint.startswith("https:"):
        findings.append(await anyio.to_thread.run_sync(certificate, endpoint, clock.now()))
    return findings


async def _answered(introspector: Introspector, clock: Clock) -> Finding:
    begun = clock.monotonic()
    try:
        said = await introspector.said_of(token_urlsafe().encode())
    except EndpointFailed as why:
        return Finding("answer", "failed", str(why), _REMEDIES.get(why.code, _ADDRESS))
    seconds = clock.monotonic() - begun
    if said is not None:
        return Finding("answer", "failed", "It calls a made-up token active, so it would let everybody in.", _ADDRESS)
    words = f"It knows this API, and calls a made-up token inactive: {seconds * 1000:.0f} ms"
    if seconds > SLOW:
        limit = introspector.settings.timeout
        return Finding("answer", "warning", words, f"A question may take {limit:g} s at most, and callers wait for it.")
    return Finding("answer", "passed", words)

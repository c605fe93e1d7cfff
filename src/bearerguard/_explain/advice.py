"""What to do, in one sentence for each of the most common problems."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from bearerguard._explain.decoded import Decoded
from bearerguard._explain.explanation import CheckResult
from bearerguard._explain.kinds import Kind
from bearerguard._explain.vendors import Recognised
from bearerguard.error_hints import hint_for

_AADSTS: Final = re.compile(r"AADSTS(\d{4,10})")
_BY_KIND: Final = {
    Kind.OPAQUE: (
        "This token is opaque: nothing can be read from it, and only its issuer can judge it (introspection, RFC 7662). "
        "Auth0 gives such tokens when the request names no audience; Okta's org server and Google always do. "
        "Request the token for this API."
    ),
    Kind.REFRESH: "It is a refresh token: only the issuer's token endpoint takes it. Send the access_token instead.",
    Kind.IDENTITY: (
        "It is an ID token: it tells a client who signed in, and is not meant for an API (OpenID Connect Core §2). "
        "Send the access_token member of the same answer."
    ),
    Kind.GRAPH: (
        "It is meant for Microsoft Graph, and only Graph can validate it. "
        "Request the token with this API's scope, such as 'api://orders/.default'."
    ),
    Kind.ENCRYPTED: "It is encrypted (JWE): turn token encryption off for this API at the issuer.",
    Kind.UNREADABLE: "It cannot be read: it was damaged or cut off on its way here. Copy it again as a whole.",
    Kind.AGENT: "An agent identity of Microsoft Entra Agent ID acts here; its facets are not permissions.",
}
_ASKED: Final = "This token is opaque: nothing can be read from it. This server asks {} about it (introspection, RFC 7662)."
_DONE: Final = (Kind.OPAQUE, Kind.REFRESH, Kind.IDENTITY, Kind.GRAPH, Kind.ENCRYPTED, Kind.UNREADABLE)
"""Kinds whose own advice says it all."""
_OTHER_MEMBERS: Final = ("id_token", "refresh_token")
_MOST: Final = 4
_BY_CODE: Final = {
    "token_expired": "Obtain a new token. If it has expired at once, too, compare the clocks.",
    "token_not_yet_valid": "The issuer's clock or this machine's is wrong: compare them, and let both use NTP.",
    "bound_token": "It is bound to a key (DPoP or mutual TLS): request a plain Bearer token for this API.",
    "unknown_key": "Its key is not in the issuer's key set: it is forged, or signed before a rotation. Obtain a new token.",
}


def advice_for(
    kind: Kind,
    decoded: Decoded,
    recognised: Recognised | None,
    checks: Sequence[CheckResult],
    member: str,
    *,
    asks: str = "",
) -> list[str]:
    """A few sentences: what is wrong and what to do, in the order of the verifier.

    ``asks`` is the introspection endpoint that judges this token, if one does.
    """
    sentences: list[str] = []
    if member in _OTHER_MEMBERS:
        sentences.append(f"The answer holds no access token; what was looked at is its {member}.")
    if asks:
        sentences.append(_ASKED.format(asks))
    elif kind in _BY_KIND:
        sentences.append(_BY_KIND[kind])
    failures = [check for check in checks if check.outcome == "failed"]
    if kind not in _DONE or asks:
        sentences += [_of_a_failure(check, kind, decoded, recognised) for check in failures]
    if recognised and recognised.advice and failures:
        sentences.append(recognised.advice)
    return list(dict.fromkeys(filter(None, sentences)))[:_MOST]


def _of_a_failure(check: CheckResult, kind: Kind, decoded: Decoded, recognised: Recognised | None) -> str:
    if check.code == "unknown_issuer":
        return _of_the_issuer(check, recognised)
    if check.code == "unsupported_algorithm":
        return _of_the_algorithm(decoded)
    if check.code == "missing_role" or (check.code == "requirement_not_met" and not decoded.claims.get("roles")):
        return _of_roles(kind, recognised)
    return _BY_CODE.get(check.code, check.next_step)


def _of_the_issuer(failed: CheckResult, recognised: Recognised | None) -> str:
    """Entra's two versions: the API's manifest decides, and ``entra()`` accepts both."""
    if recognised is None or recognised.preset != "entra":
        return failed.next_step
    version, other = ("v1", "v2") if "(v1)" in recognised.vendor else ("v2", "v1")
    tenant = recognised.arguments["tenant_id"]
    if tenant in failed.expected:
        return (
            f"It is a {version} token, and {other} was configured: use {recognised.line}, which accepts both, or set "
            f"requestedAccessTokenVersion to {other[1]} in the API's manifest."
        )
    return f"It is of tenant {tenant}, which is not trusted here: obtain it from the right tenant, or add {recognised.line}."


def _of_the_algorithm(decoded: Decoded) -> str:
    algorithm = decoded.header.get("alg")
    if isinstance(algorithm, str) and algorithm.upper().startswith("HS"):
        return (
            f"It is signed with {algorithm}, a secret that every verifier would have to know, and so could forge with: "
            "let the issuer sign with RS256 or ES256."
        )
    if isinstance(algorithm, str) and algorithm.lower() == "none":
        return "It is not signed at all (alg none): anyone could have made it."
    return "Its algorithm is not accepted: let the issuer sign with RS256, PS256, ES256 or EdDSA."


def _of_roles(kind: Kind, recognised: Recognised | None) -> str:
    if recognised is not None and recognised.preset in ("entra", "entra_external"):
        if kind in (Kind.APPLICATION, Kind.OTHER):
            return (
                "It has no such app role: in Entra, add the application permission to the client and grant admin consent. "
                "A role that is assigned to a user or to a group is not in an application's token."
            )
        return "It has no such app role: in Entra, assign the role to the user under Enterprise applications."
    if recognised is not None and recognised.preset == "auth0":
        return (
            "It has no such permission: in Auth0, turn on RBAC and 'Add Permissions in the Access Token', "
            "and authorize the client for this API."
        )
    return "It has no such role: grant it to the caller at the issuer and obtain a new token."


def error_summary(response: Mapping[str, Any]) -> str:
    """What an error response of a token endpoint means: by its AADSTS number, else by its code (RFC
    6749 §5.2).
    """
    error, description = str(response.get("error", "")), str(response.get("error_description", ""))
    numbers = response.get("error_codes")
    known = [number for number in numbers if isinstance(number, int)] if isinstance(numbers, list) else []
    known += [int(number) for number in _AADSTS.findall(description)]
    first_line = description.splitlines()[0].strip() if description.strip() else ""
    said = f": {first_line.rstrip('.')}" if first_line else ""
    hint = hint_for(error, known)
    return f"The token endpoint refused the request with {error}{said}. {hint + '.' if hint else ''}".strip()

"""Says what kind of token it is, whose it is and for what, by the marks that the vendors document."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final, TypeGuard

from bearerguard._explain.decoded import Decoded
from bearerguard._explain.vendors import Recognised
from bearerguard.issuers.issuer import Issuer
from bearerguard.token.moment import Moment, distance, utc


class Kind(StrEnum):
    """What a token is."""

    OPAQUE = "opaque token"
    ENCRYPTED = "encrypted token"
    IDENTITY = "ID token"
    REFRESH = "refresh token"
    GRAPH = "token for Microsoft Graph"
    AGENT = "agent identity's token"
    APPLICATION = "application token"
    DELEGATED = "delegated token"
    OTHER = "access token"
    LOGOUT = "logout token"
    SECURITY_EVENT = "security event token"
    PROOF = "DPoP proof"
    UNREADABLE = "unreadable token"


_GRAPH: Final = frozenset({"00000003-0000-0000-c000-000000000000", "https://graph.microsoft.com", "https://graph.microsoft.com/"})
_OPAQUE_REFRESH: Final = ("v1.M", "0.A", "1.A", "1//")  # Auth0, Entra, Google
_BY_TYPE: Final = {"logout+jwt": Kind.LOGOUT, "secevent+jwt": Kind.SECURITY_EVENT, "dpop+jwt": Kind.PROOF}
_AGENT: Final = "11"
_LAST_TIME: Final = 2**40


def kind_of(decoded: Decoded, token: str, recognised: Recognised | None, record: Issuer | None) -> Kind:
    """The kind of token, by what it says of itself."""
    if decoded.is_encrypted:
        return Kind.ENCRYPTED
    if decoded.is_opaque:
        return _unread(decoded, token)
    return _by_its_marks(decoded, recognised) or _application_or_delegated(decoded, record)


def _unread(decoded: Decoded, token: str) -> Kind:
    if token.startswith(_OPAQUE_REFRESH):
        return Kind.REFRESH
    return Kind.OPAQUE if decoded.parts == 1 else Kind.UNREADABLE


def _by_its_marks(decoded: Decoded, recognised: Recognised | None) -> Kind | None:
    """Kinds that have a mark of their own; the first one counts."""
    claims, typ = decoded.claims, decoded.header.get("typ")
    by_type = _BY_TYPE.get(typ.lower().removeprefix("application/")) if isinstance(typ, str) else None
    facets = (decoded.text("xms_act_fct") + " " + decoded.text("xms_sub_fct")).split()
    marks = (
        (by_type, by_type is not None),
        (Kind.SECURITY_EVENT, "events" in claims),
        (Kind.REFRESH, _is_refresh(claims)),
        (Kind.GRAPH, "nonce" in decoded.header or not _GRAPH.isdisjoint(decoded.texts("aud"))),
        (Kind.IDENTITY, _is_id_token(decoded, recognised)),
        (Kind.AGENT, _AGENT in facets),
    )
    return next((kind for kind, holds in marks if holds), None)


def _is_refresh(claims: Mapping[str, Any]) -> bool:
    kinds = (claims.get("typ"), claims.get("tokenType"), claims.get("TokenType"))
    return any(isinstance(kind, str) and "refresh" in kind.lower() for kind in kinds) or claims.get("typ") == "Offline"


def _is_id_token(decoded: Decoded, recognised: Recognised | None) -> bool:
    claims = decoded.claims
    if claims.get("typ") == "ID" or claims.get("token_use") == "id" or decoded.text("jti").startswith("ID."):
        return True
    if claims.get("typ") == "Bearer" or claims.get("token_use") == "access" or "scp" in claims or "scope" in claims:
        return False
    marks = any(name in claims for name in ("at_hash", "c_hash", "nonce"))
    entra = recognised is not None and recognised.preset in ("entra", "entra_external", "azure_b2c")
    names_client = any(name in claims for name in ("azp", "appid", "client_id", "cid"))
    return marks or (entra and not names_client)


def _application_or_delegated(decoded: Decoded, record: Issuer | None) -> Kind:
    if record is None:
        return Kind.OTHER
    caller = record.profile.read(decoded.claims)
    if caller.is_application:
        return Kind.APPLICATION
    return Kind.DELEGATED if caller.scopes else Kind.OTHER


def facts_of(decoded: Decoded, record: Issuer | None, now: float) -> dict[str, str]:
    """What the token says, in words: for which API, whose, with which permissions, until when."""
    claims = decoded.claims
    facts = {"issuer": decoded.text("iss"), "audience": ", ".join(decoded.texts("aud")), "subject": decoded.text("sub")}
    if record is not None:
        caller = record.profile.read(claims)
        facts["client"] = caller.client or ""
        facts["tenant"] = caller.tenant or ""
        facts["roles"] = " ".join(sorted(caller.roles))
        facts["scopes"] = " ".join(sorted(caller.scopes))
    for name, claim in (("issued", "iat"), ("not before", "nbf"), ("expires", "exp")):
        at = claims.get(claim)
        if _is_time(at):
            facts[name] = f"{utc(at)} ({Moment(at, now)!r})".replace(f"{utc(at)}, ", "")
    lifetime = _lifetime(claims)
    if lifetime:
        facts["lifetime"] = lifetime
    return {name: value for name, value in facts.items() if value}


def _lifetime(claims: Mapping[str, Any]) -> str:
    begins, ends = claims.get("iat", claims.get("nbf")), claims.get("exp")
    return distance(ends - begins) if _is_time(begins) and _is_time(ends) else ""


def _is_time(value: object) -> TypeGuard[float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < _LAST_TIME

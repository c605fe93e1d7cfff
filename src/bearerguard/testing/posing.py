"""A local issuer that replaces a real one: same URLs, same names, tokens that the API accepts."""

import re
from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Any, Final
from urllib.parse import urlsplit

from bearerguard.checks import url_problem
from bearerguard.clock import Clock
from bearerguard.issuers.claim_values import ClaimPath, claim_at
from bearerguard.issuers.issuer import DEFAULT_ALGORITHMS, Issuer
from bearerguard.issuers.profile import TENANT, Profile
from bearerguard.testing.local_client import DEFAULT_CLIENTS, LocalClient
from bearerguard.testing.local_issuer import LocalIssuer
from bearerguard.testing.shape import Claims, Directory, Document, Shape, TokenContent
from bearerguard.testing.shapes import SHAPES

_NOWHERE: Final = "https://issuer.test"


class _InProcess(LocalIssuer):
    """Cannot be reached from outside the process, whatever its URLs are."""

    _is_reachable = False


def posing_as(
    issuer: Issuer, audience: str | Collection[str], *, clock: Clock | None = None, twin_of: LocalIssuer | None = None
) -> LocalIssuer:
    """A local issuer that an API takes for this one.

    It serves metadata, keys and tokens at the real one's URLs, and its tokens have the real one's
    shape. Where the record reads roles, scopes or the client from other claims than the vendor's,
    the tokens follow the record.

    Args:
        issuer: The record that an API trusts.
        audience: APIs that tokens may be asked for.
        clock: Times of tokens.
        twin_of: See :class:`LocalIssuer`. It also lends its clients, and its keys where the record
            accepts their algorithm.
    """
    shape = SHAPES.get(issuer.profile.name, SHAPES["generic"])
    names = _names(shape, issuer)
    base_url = names.pop("base")
    shares_keys = twin_of is not None and twin_of.signing_key.algorithm in issuer.algorithms
    own = DEFAULT_ALGORITHMS[0] if DEFAULT_ALGORITHMS[0] in issuer.algorithms else next(iter(issuer.algorithms))
    return _InProcess(
        base_url,
        shape=replace(
            shape,
            documents=_documents_of(issuer, shape),
            application=_fitted(shape.application, issuer),
            user=_fitted(shape.user, issuer),
            typ="at+jwt" if issuer.require_at_jwt else shape.typ,
        ),
        audience=audience,
        clients=_clients_of(shape, issuer, tuple(twin_of.clients.values()) if twin_of else DEFAULT_CLIENTS),
        algorithm=None if shares_keys else own,
        directory=Directory(**names),
        clock=clock,
        twin_of=twin_of,
    )


def _names(shape: Shape, issuer: Issuer) -> dict[str, str]:
    """Base URL and names of the directory that the record shows."""
    found = {"base": issuer.issuer}
    for pattern, text in ((shape.names_in_issuer, issuer.issuer), (shape.names_in_metadata, issuer.metadata_url)):
        match = re.fullmatch(pattern, text) if pattern and text else None
        found |= match.groupdict() if match else {}
    if url_problem(found["base"], allow_http=issuer.insecure_allow_http):
        found["base"] = _origin(issuer.metadata_url or issuer.jwks_uri or _NOWHERE)
    return {name: value for name, value in found.items() if value != TENANT}


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _documents_of(issuer: Issuer, shape: Shape) -> Callable[[str, Directory], tuple[Document, ...]]:
    """The vendor's documents, the first one exactly where the record looks for it."""

    def documents(base_url: str, directory: Directory) -> tuple[Document, ...]:
        first, *others = shape.documents(base_url, directory)
        shown = issuer.issuer if issuer.issuer in issuer.metadata_issuers else next(iter(issuer.metadata_issuers))
        urls = (issuer.metadata_url,) if issuer.metadata_url else first.urls
        return (replace(first, issuer=shown, urls=urls, jwks_uri=issuer.jwks_uri or first.jwks_uri), *others)

    return documents


def _fitted(vendors_claims: Callable[[TokenContent], Claims], issuer: Issuer) -> Callable[[TokenContent], Claims]:
    """The vendor's claims, and what else the record requires."""

    def claims(token: TokenContent) -> Claims:
        made = vendors_claims(token)
        made["iss"] = issuer.issuer.replace(TENANT, token.directory.tenant_id)
        if issuer.require_at_jwt:
            made = SHAPES["generic"].application(token) | made
        _fit_permissions(made, token, issuer.profile)
        _fit_rules(made, issuer.profile)
        return made

    return claims


def _fit_permissions(claims: Claims, token: TokenContent, profile: Profile) -> None:
    if profile.roles and not profile.roles_of(claims).issuperset(token.roles):
        _put(claims, profile.roles[-1], _granted(token.roles, profile))
    if profile.scopes and not profile.scopes_of(claims).issuperset(token.scopes):
        _put(claims, profile.scopes[0], " ".join(token.scopes))
    if profile.client and profile.client_of(claims) != token.client_id:
        _put(claims, profile.client[0], token.client_id)


def _granted(roles: tuple[str, ...], profile: Profile) -> object:
    """Roles in the record's form; an array where that has several names."""
    return {role: {} for role in roles} if profile.roles_form == "object" else list(roles)


def _fit_rules(claims: Claims, profile: Profile) -> None:
    for rule in profile.rules:
        value = claim_at(claims, rule.path)
        if value is None and rule.required:
            _put(claims, rule.path, min(rule.values, default="local"))
        elif value is not None and rule.values and value not in rule.values:
            _put(claims, rule.path, min(rule.values))


def _put(claims: dict[str, Any], path: ClaimPath, value: object) -> None:
    *parents, name = path
    for parent in parents:
        inner = claims.get(parent)
        claims[parent] = claims = dict(inner) if isinstance(inner, dict) else {}
    claims[name] = value


def _clients_of(shape: Shape, issuer: Issuer, clients: tuple[LocalClient, ...]) -> tuple[LocalClient, ...]:
    """The clients; where their ids are the audience, those that the API admits."""
    if not (shape.clients_are_audience and isinstance(issuer.audience, Collection)):
        return clients
    return tuple(LocalClient(name, f"{name}-secret") for name in sorted(issuer.audience))

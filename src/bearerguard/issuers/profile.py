"""How one issuer's tokens are read: declared, never guessed.

A claim path is a tuple of member names, one per level: ``("realm_access", "roles")``. Names match by code point. A value of the
wrong JSON type counts as absent permission: it grants nothing (R116, CVE-2026-35039).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from bearerguard.error_codes import MISSING_CLAIM, ErrorCode
from bearerguard.errors import ConfigurationError, show

ClaimPath: TypeAlias = tuple[str, ...]
Claims: TypeAlias = Mapping[str, Any]
TENANT: Final = "{tenantid}"
CLIENT: Final[tuple[ClaimPath, ...]] = (("client_id",), ("azp",))
_ONLY_TEXT: Final = frozenset({str})
NOTHING: Final[frozenset[str]] = frozenset()


def claim_at(claims: Claims, path: ClaimPath) -> Any:
    """The value at a path, ``None`` where a member is missing or its parent is no object."""
    value: Any = claims
    for name in path:
        if not isinstance(value, dict):  # JSON objects only; an isinstance of Mapping costs as much as the rest
            return None
        value = value.get(name)
    return value


def names_in_array(value: object) -> frozenset[str]:
    """The strings of an array; nothing unless every element is a non-empty string. A string is no array (R116)."""
    if type(value) is not list or not _ONLY_TEXT.issuperset(map(type, value)) or "" in value:
        return NOTHING
    return frozenset(value)


def scopes_in(value: object) -> frozenset[str]:
    """Scopes of a space-delimited string (RFC 6749 §3.3) or an array of strings (Okta)."""
    if value is None:
        return NOTHING
    if type(value) is str:
        names = value.split(" ")
        return frozenset(filter(None, names) if "" in names else names)
    return names_in_array(value)


def application_by_idtyp(claims: Claims, roles: frozenset[str]) -> bool:
    """``idtyp`` is ``app``; without that optional claim: roles and no ``scp``.

    Source: https://learn.microsoft.com/en-us/entra/identity-platform/optional-claims-reference (``idtyp``), and R101.
    """
    kind = claims.get("idtyp")
    if kind is not None:
        return bool(kind == "app")
    return bool(roles) and "scp" not in claims


def application_by_subject(claims: Claims, roles: frozenset[str], clients: tuple[ClaimPath, ...] = CLIENT) -> bool:
    """The subject is the client itself, as RFC 9068 §2.2 has it where no resource owner is involved.

    ``idtyp`` and ``scp`` count as with ``application_by_idtyp``. Where the subject is somebody else: roles and no ``scope``,
    since a user's token may carry roles too (R66, R101).
    """
    if "idtyp" in claims or "scp" in claims:
        return application_by_idtyp(claims, roles)
    client = _text(_first(claims, clients))
    if client is not None and client == claims.get("sub"):
        return True
    return bool(roles) and "scope" not in claims


@dataclass(frozen=True, slots=True)
class ClaimRule:
    """A claim that an issuer's tokens must hold beyond the standard ones.

    Attributes:
        path: Where the claim is.
        code: Code of the refusal when the value is not one of ``values``.
        values: Accepted values, compared exactly; empty accepts every non-empty string.
        required: Whether a token without the claim is refused (``missing_claim``). ``False`` judges it only when present.

    Raises:
        ConfigurationError: a value is wrong.
    """

    path: ClaimPath
    code: ErrorCode = MISSING_CLAIM
    values: frozenset[str] = NOTHING
    required: bool = True

    def __post_init__(self) -> None:
        """Checks what a type checker would, since a text in place of a set would match parts of it (CVE-2024-53861)."""
        _check_path("path", self.path)
        if not isinstance(self.values, frozenset) or not all(isinstance(value, str) and value for value in self.values):
            raise ConfigurationError(
                "values", f"expected a frozenset of text, got {show(self.values)}", example='frozenset({"2.0"})'
            )


@dataclass(frozen=True, slots=True)
class Profile:
    """Where an issuer puts roles, scopes, client and tenant, and what its tokens must hold besides.

    Attributes:
        name: For logs and ``status()``.
        roles: Paths of arrays of role names; all of them count.
        scopes: Paths of scopes, string or array; the first that is present counts.
        client: Paths of the calling application's id; the first that is present counts.
        client_required: Refuse tokens that name no client, as ID tokens do not (R108).
        tenant: Paths of the tenant id; the first that is present counts.
        audience_claim: The claim that names the audience: ``aud``, or ``client_id`` for Amazon Cognito.
        rules: What the claims must hold.
        tenant_in_issuer: ``tid`` must equal the tenant that stands in ``iss`` (Microsoft Entra).
        key_issuers: Issuers, ``{tenantid}`` allowed, that a key may name in its own ``issuer`` member; empty ignores the member.
        graph_nonce: Refuse tokens whose header has ``nonce``: Microsoft Graph's, which nobody else can verify.
        is_application: Tells an application's own token from one that acts for a user, given claims and roles; asked only where
            the token names its client.

    Raises:
        ConfigurationError: a value is of the wrong kind, or a client is demanded and none of its paths is named.
    """

    name: str = "generic"
    roles: tuple[ClaimPath, ...] = (("roles",),)
    scopes: tuple[ClaimPath, ...] = (("scope",), ("scp",))
    client: tuple[ClaimPath, ...] = CLIENT
    client_required: bool = False
    tenant: tuple[ClaimPath, ...] = ()
    audience_claim: str = "aud"
    rules: tuple[ClaimRule, ...] = ()
    tenant_in_issuer: bool = False
    key_issuers: tuple[str, ...] = ()
    graph_nonce: bool = False
    is_application: Callable[[Claims, frozenset[str]], bool] = application_by_subject

    def __post_init__(self) -> None:
        """Checks the kinds: a text in place of a tuple would be read letter by letter."""
        for name in ("roles", "scopes", "client", "tenant"):
            paths = getattr(self, name)
            if not isinstance(paths, tuple):
                raise ConfigurationError(
                    name, f"expected a tuple of paths, got {show(paths)}", example='(("realm_access", "roles"),)'
                )
            for path in paths:
                _check_path(name, path)
        if not isinstance(self.audience_claim, str) or not self.audience_claim:
            problem = f"expected the name of a claim, got {show(self.audience_claim)}"
            raise ConfigurationError("audience_claim", problem, example='"client_id"')
        _check_tuple("rules", self.rules, ClaimRule, example='(ClaimRule(("ver",), values=frozenset({"2.0"})),)')
        _check_tuple("key_issuers", self.key_issuers, str, example='("https://login.example/{tenantid}/v2.0",)')
        if not callable(self.is_application):
            problem = f"expected a function of claims and roles, got {show(self.is_application)}"
            raise ConfigurationError("is_application", problem, example="application_by_idtyp")
        if self.client_required and not self.client:
            raise ConfigurationError("client_required", "client= names no claim", example='Profile(client=(("azp",),), …)')

    def roles_in(self, claims: Claims) -> frozenset[str]:
        """All roles; a roles claim of the wrong type means no role."""
        if len(self.roles) == 1:
            return names_in_array(_first(claims, self.roles))
        return NOTHING.union(*(names_in_array(claim_at(claims, path)) for path in self.roles))

    def scopes_held(self, claims: Claims) -> frozenset[str]:
        """All scopes."""
        return scopes_in(_first(claims, self.scopes))

    def client_in(self, claims: Claims) -> str | None:
        """Id of the calling application, ``None`` where the token does not tell."""
        return _text(_first(claims, self.client))

    def tenant_of(self, claims: Claims) -> str | None:
        """Id of the tenant, ``None`` where the token does not tell."""
        return _text(_first(claims, self.tenant))

    def accepts_key_of(self, named: str, claims: Claims) -> bool:
        """Whether a key that names its own issuer may verify this token (R97): never for another tenant's."""
        if not self.key_issuers:
            return True
        tenant = self.tenant_of(claims)
        if tenant is None:
            return False
        if named in self.key_issuers:
            return True  # usual, and much cheaper
        return named.replace(TENANT, tenant) in {issuer.replace(TENANT, tenant) for issuer in self.key_issuers}


def _check_tuple(parameter: str, values: object, kind: type, *, example: str) -> None:
    if not isinstance(values, tuple) or not all(isinstance(value, kind) for value in values):
        raise ConfigurationError(parameter, f"expected a tuple of {kind.__name__}, got {show(values)}", example=example)


def _check_path(parameter: str, path: object) -> None:
    if not isinstance(path, tuple) or not path or not all(isinstance(name, str) and name for name in path):
        raise ConfigurationError(parameter, f"expected a path, a tuple of member names, got {show(path)}", example='("roles",)')


def _first(claims: Claims, paths: tuple[ClaimPath, ...]) -> Any:
    for path in paths:
        value = claims.get(path[0]) if len(path) == 1 else claim_at(claims, path)
        if value is not None:
            return value
    return None


def _text(value: object) -> str | None:
    return value if type(value) is str and value else None

"""What a route requires of a caller: small frozen values, combined with ``&`` and ``|``.

``role("Read.All") | scope("orders.read")`` prints as it was written and is compared by value. Names
match exactly: case-sensitive, by code point, whole names.
"""

from dataclasses import dataclass
from typing import ClassVar

from bearerguard import error_codes as codes
from bearerguard.authorization.combination import Requirement
from bearerguard.checks import SCOPE_TOKEN
from bearerguard.errors import ABSENT, ConfigurationError, InsufficientScope, show
from bearerguard.principal import Principal


class _Single(Requirement):
    """A requirement that one attribute of the principal decides: ``place`` names it."""

    __slots__ = ()
    reason: ClassVar[codes.ErrorCode] = codes.REQUIREMENT_NOT_MET
    place: ClassVar[str] = "is_authenticated"

    def refusal(self, principal: Principal) -> InsufficientScope:
        held = getattr(principal, self.place)
        return InsufficientScope(
            self.reason,
            expected=repr(self),
            actual=sorted(held) if isinstance(held, frozenset) else ABSENT if held is None else held,
            at=f"principal.{self.place}",
            verified=True,
            scopes=self.helping_scopes(principal) or (),
        )


@dataclass(frozen=True, slots=True, repr=False)
class Role(_Single):
    """An app role by its exact name; see :func:`role`."""

    reason = codes.MISSING_ROLE
    place = "roles"

    name: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", _name("role", self.name, example='role("Read.All")'))

    def permits(self, principal: Principal) -> bool:
        return self.name in principal.roles

    def refusal(self, principal: Principal) -> InsufficientScope:
        refusal = _Single.refusal(self, principal)
        if principal.roles_problem:
            refusal.hint = f"{principal.roles_problem}."
        return refusal

    def role_names(self) -> tuple[str, ...]:
        return (self.name,)

    def __repr__(self) -> str:
        return f"role({_quoted(self.name)})"


@dataclass(frozen=True, slots=True, repr=False)
class Scope(_Single):
    """A scope by its exact name; see :func:`scope`."""

    reason = codes.MISSING_SCOPE
    place = "scopes"

    name: str

    def __post_init__(self) -> None:
        example = 'scope("orders.read")'
        name = _name("scope", self.name, example=example)
        if not SCOPE_TOKEN.fullmatch(name):
            problem = f"{show(name)} is not one scope: no spaces, quotes, backslashes or characters beyond ASCII (RFC 6749 §3.3)"
            raise ConfigurationError("scope", problem, example=example)
        object.__setattr__(self, "name", name)

    def permits(self, principal: Principal) -> bool:
        return self.name in principal.scopes

    # held or not: RFC 6750 §3
    def helping_scopes(self, principal: Principal) -> tuple[str, ...]:  # noqa: ARG002
        return (self.name,)

    def scope_names(self) -> tuple[str, ...]:
        return (self.name,)

    def __repr__(self) -> str:
        return f"scope({_quoted(self.name)})"


@dataclass(frozen=True, slots=True, repr=False)
class Client(_Single):
    """An access-control list of calling applications; see :func:`client`."""

    reason = codes.CLIENT_NOT_ALLOWED
    place = "client_id"

    ids: frozenset[str]

    def __post_init__(self) -> None:
        object.__setattr__(self, "ids", _ids("client", self.ids, example='client("billing-app-id")'))

    def permits(self, principal: Principal) -> bool:
        return principal.client_id in self.ids

    def __repr__(self) -> str:
        return f"client({', '.join(map(_quoted, sorted(self.ids)))})"


@dataclass(frozen=True, slots=True, repr=False)
class Tenant(_Single):
    """A list of tenants; see :func:`tenant`."""

    reason = codes.TENANT_NOT_ALLOWED
    place = "tenant_id"

    ids: frozenset[str]

    def __post_init__(self) -> None:
        object.__setattr__(self, "ids", _ids("tenant", self.ids, example='tenant("8f3c1d52-0b6e-4c49-9d55-2f1f6a0f3b11")'))

    def permits(self, principal: Principal) -> bool:
        return principal.tenant_id in self.ids

    def __repr__(self) -> str:
        return f"tenant({', '.join(map(_quoted, sorted(self.ids)))})"


@dataclass(frozen=True, slots=True, repr=False)
class Application(_Single):
    """An application's own token; see :func:`application`."""

    reason = codes.APPLICATION_REQUIRED
    place = "is_application"

    def permits(self, principal: Principal) -> bool:
        return principal.is_application

    def __repr__(self) -> str:
        return "application()"


@dataclass(frozen=True, slots=True, repr=False)
class Delegated(_Single):
    """A token that acts for a user; see :func:`delegated`."""

    reason = codes.USER_REQUIRED
    place = "scopes"

    def permits(self, principal: Principal) -> bool:
        return not principal.is_application and bool(principal.scopes)

    def refusal(self, principal: Principal) -> InsufficientScope:
        refusal = _Single.refusal(self, principal)
        if principal.is_application:
            refusal.actual, refusal.at = True, "principal.is_application"
        return refusal

    def __repr__(self) -> str:
        return "delegated()"


@dataclass(frozen=True, slots=True, repr=False)
class Authenticated(_Single):
    """Any verified token; see :func:`authenticated`."""

    def permits(self, principal: Principal) -> bool:
        return principal.is_authenticated

    def __repr__(self) -> str:
        return "authenticated()"


def role(name: str) -> Requirement:
    """The principal has this app role, such as ``Read.All``, or another role that implies it.

    Refused with ``missing_role``. Says nothing about whether the token acts for a user: Entra's
    users can have app roles, too. Add ``& application()`` if only services may call.

    Raises:
        ConfigurationError: The name is not a string, is empty, or begins or ends with a blank.
    """
    return Role(name)


def scope(name: str) -> Requirement:
    """The token was issued with this one scope (RFC 6749 §3.3, RFC 6750 §3).

    Refused with ``missing_scope``.

    Raises:
        ConfigurationError: The name is not a string, is empty, or is not one scope token
            (``%x21 / %x23-5B / %x5D-7E``).
    """
    return Scope(name)


def client(*ids: str) -> Requirement:
    """The calling application is on this access-control list. Refused with ``client_not_allowed``.

    A token that names no client is refused. With several tenants a client id alone says little:
    combine it with ``tenant`` or ``application()``.

    Raises:
        ConfigurationError: No id is given, or one is not a string, is empty, or begins or ends with
            a blank.
    """
    return Client(ids)  # type: ignore[arg-type]  # checked and frozen there


def tenant(*ids: str) -> Requirement:
    """The principal belongs to one of these tenants.

    Refused with ``tenant_not_allowed``. A token that names no tenant is refused, too.

    Raises:
        ConfigurationError: No id is given, or one is not a string, is empty, or begins or ends with
            a blank.
    """
    return Tenant(ids)  # type: ignore[arg-type]  # checked and frozen there


def application() -> Requirement:
    """An application's own token, as the client-credentials grant gives it.

    Refused with ``application_required``.

    Each issuer's preset knows the marks of such a token. Does not check which application calls;
    see :func:`client`.
    """
    return Application()


def delegated() -> Requirement:
    """A token that acts for a user: not an application's own, and with at least one scope.

    Refused with ``user_required``.
    """
    return Delegated()


def authenticated() -> Requirement:
    """Any verified token for this API. Says nothing about what its holder was granted."""
    return Authenticated()


def _name(parameter: str, name: object, *, example: str) -> str:
    if not isinstance(name, str):
        raise ConfigurationError(parameter, f"{show(name)} is not a string", example=example)
    if not name or name != name.strip():
        raise ConfigurationError(
            parameter, f"{show(name)} is empty or has blanks around it; names match exactly", example=example
        )
    return str.__str__(name)  # the plain text of an enum member


def _ids(parameter: str, ids: object, *, example: str) -> frozenset[str]:
    if not isinstance(ids, tuple | frozenset) or not ids:
        raise ConfigurationError(parameter, "it names nobody, so nobody would be allowed", example=example)
    return frozenset(_name(parameter, one, example=example) for one in ids)


def _quoted(name: str) -> str:
    """``repr`` in double quotes, as the formatter leaves them in the source."""
    return repr(name) if '"' in name else '"' + repr("'" + name)[2:]  # repr uses double quotes if there is an apostrophe

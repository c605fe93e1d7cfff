"""Who is calling: what a verified token says, as an immutable value."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from functools import partial
from types import MappingProxyType
from typing import Annotated, Any, NoReturn

from bearerguard.errors import ConfigurationError


class PayloadClaims(Mapping[str, Any]):
    """The claims of a verified payload, parsed on first use and read-only at every level.

    Keeping the bytes instead of the parsed objects makes ten thousand cached principals cheap for
    the garbage collector.
    Objects come as read-only mappings and arrays as tuples.
    """

    __slots__ = ("_members", "_payload")

    def __init__(self, payload: bytes) -> None:
        self._payload = payload
        self._members: Mapping[str, Any] | None = None

    @property
    def payload(self) -> bytes:
        """The octets that were signed."""
        return self._payload

    def _parsed(self) -> Mapping[str, Any]:
        members = self._members
        if members is None:
            members = self._members = _frozen(json.loads(self._payload))  # strictly parsed before, when it was verified
        return members

    def __getitem__(self, name: str) -> Any:
        return self._parsed()[name]

    def get(self, name: str, default: Any = None) -> Any:
        """As ``Mapping.get``, which raises and catches an error for each missing name."""
        members = self._members
        return (self._parsed() if members is None else members).get(name, default)

    def __iter__(self) -> Iterator[str]:
        return iter(self._parsed())

    def __len__(self) -> int:
        return len(self._parsed())

    def __repr__(self) -> str:
        return f"<{len(self)} claims>"

    def __reduce__(self) -> tuple[type["PayloadClaims"], tuple[bytes]]:
        return PayloadClaims, (self._payload,)  # read-only mappings cannot be copied or pickled, the payload can


def _frozen(value: Any) -> Any:
    if isinstance(value, dict):
        return MappingProxyType({name: _frozen(member) for name, member in value.items()})
    if isinstance(value, list):
        return tuple(_frozen(element) for element in value)
    return value


def _no_claims() -> Mapping[str, Any]:
    return PayloadClaims(b"{}")


class _Verified:
    """Marks a value that no framework may build from a request.

    FastAPI would take a parameter ``caller: Principal`` from the body.
    """

    def __get_pydantic_core_schema__(self, *_asked: object) -> NoReturn:
        """Asked for when a route is made."""
        problem = "a caller is verified, never read from a request's body or query"
        raise ConfigurationError("Principal", problem, example="caller: CurrentPrincipal")


def _unknown_age() -> float:
    return 0.0


@dataclass(frozen=True, slots=True)
class Principal:
    """The caller, as its verified access token describes it. It exists only for a verified token.

    It is a Starlette user as well: ``request.user`` has ``is_authenticated``, ``display_name`` and
    ``identity``. Equal principals say the same of the same caller; ``claims`` and the age of the
    keys are not compared. It can be hashed, copied and pickled. Its ``repr`` shows issuer, subject
    and client, and no other claim.

    Key your own data by ``issuer`` and ``subject`` together, never by a claim that can change such
    as an e-mail address: anyone who can change it could take over another's data.

    Attributes:
        issuer: ``iss``, exactly one of the configured issuers; of any tenant, that tenant's.
        subject: ``sub``; empty where the issuer sends none. Unique only within the issuer.
        client_id: The calling application's id, ``None`` where the token names none.
        tenant_id: The tenant (Entra ``tid``, Auth0 ``org_id``, or what ``tenant_claim`` names),
            ``None`` where the token names none.
        roles: App roles, with those they imply. They may be a user's as well as an application's.
        scopes: Scopes. Empty for an application's own token of Microsoft Entra, whose permissions
            are roles.
        is_application: Whether the token is an application's own. ``False`` also where the token
            does not tell: it is not the opposite of "acts for a user", see ``delegated()``.
        expires_at: ``exp``, seconds since 1970-01-01T00:00:00Z, without leeway.
        claims: All claims, read-only at every level: objects as mappings, arrays as tuples.
        roles_problem: Why a roles claim that is there grants nothing, such as ``"`roles` is not an
            array"``; empty where there is no such problem. For logs.
    """

    issuer: str
    subject: str
    client_id: str | None = None
    tenant_id: str | None = None
    roles: frozenset[str] = frozenset()
    scopes: frozenset[str] = frozenset()
    is_application: bool = False
    expires_at: float = 0.0
    claims: Mapping[str, Any] = field(default_factory=_no_claims, repr=False, compare=False)
    _age_of_keys: Annotated[Callable[[], float], _Verified()] = field(default=_unknown_age, repr=False, compare=False)
    roles_problem: str = field(default="", repr=False, compare=False)

    def __reduce__(self) -> tuple[type["Principal"], tuple[Any, ...]]:
        """Copies and pickles keep the age of the keys at that moment, not the key source."""
        values = {entry.name: getattr(self, entry.name) for entry in fields(self)}
        values["_age_of_keys"] = partial(float, self.key_age)
        return Principal, tuple(values.values())

    @property
    def key_age(self) -> float:
        """Seconds since the issuer confirmed the key set that decided; 0 for static keys."""
        return self._age_of_keys()

    @property
    def is_authenticated(self) -> bool:
        """Always true: a principal exists only for a verified token."""
        return True

    @property
    def display_name(self) -> str:
        """The client of an application's own token, else the subject; if empty, the other one."""
        first, second = (self.client_id, self.subject) if self.is_application else (self.subject, self.client_id)
        return first or second or ""

    @property
    def identity(self) -> str:
        """The subject, as Starlette calls it."""
        return self.subject

    def __repr__(self) -> str:
        """Shows who, and nothing else a token says."""
        return f"Principal(issuer={self.issuer!r}, subject={self.subject!r}, client_id={self.client_id!r})"


class _Unsealed:
    """A principal that can still be filled: the same layout, and nothing else."""

    __slots__ = Principal.__slots__


def sealed(  # noqa: PLR0917  its keywords cost as much as all the rest
    issuer: str,
    subject: str,
    client_id: str | None,
    tenant_id: str | None,
    roles: frozenset[str],
    scopes: frozenset[str],
    is_application: bool,
    expires_at: float,
    claims: Mapping[str, Any],
    age_of_keys: Callable[[], float],
    roles_problem: str,
) -> Principal:
    """``Principal(…)``, in a fifth of the time.

    A frozen dataclass sets each attribute by a call of ``object.__setattr__``. Here they are set as
    of any object, which takes its class at the end and is frozen from then on.
    """
    made: Any = _Unsealed()
    made.issuer = issuer
    made.subject = subject
    made.client_id = client_id
    made.tenant_id = tenant_id
    made.roles = roles
    made.scopes = scopes
    made.is_application = is_application
    made.expires_at = expires_at
    made.claims = claims
    made._age_of_keys = age_of_keys
    made.roles_problem = roles_problem
    made.__class__ = Principal
    return made  # type: ignore[no-any-return]

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

    Keeping the bytes instead of the parsed objects makes ten thousand cached principals cheap for the garbage collector.
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
    """Marks what no framework may make of a request: FastAPI would take a parameter ``caller: Principal`` from the body."""

    def __get_pydantic_core_schema__(self, *_asked: object) -> NoReturn:
        """Asked for when a route is made."""
        problem = "a caller is verified, never read from a request's body or query"
        raise ConfigurationError("Principal", problem, example="caller: CurrentPrincipal")


def _unknown_age() -> float:
    return 0.0


@dataclass(frozen=True, slots=True)
class Principal:
    """The caller, as its verified access token describes it.

    It has the interface of a Starlette user (``is_authenticated``, ``display_name``, ``identity``). Key your own data by
    (``issuer``, ``subject``), never by a mutable claim such as an e-mail address (R103).

    Attributes:
        issuer: ``iss``, exactly one of the configured issuers.
        subject: ``sub``; empty where the issuer sends none.
        client_id: The calling application, ``None`` where the token does not tell.
        tenant_id: The tenant, ``None`` where the issuer has none.
        roles: App roles, with those they imply.
        scopes: Scopes.
        is_application: An application's own token, not one that acts for a user.
        expires_at: ``exp``, seconds since 1970-01-01T00:00:00Z.
        claims: All claims, read-only.
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

    def __reduce__(self) -> tuple[type["Principal"], tuple[Any, ...]]:
        """Copies and pickles know the age of the keys at that moment; the key source itself stays where it is."""
        values = (getattr(self, entry.name) for entry in fields(self)[:-1])
        return Principal, (*values, partial(float, self.key_age))

    @property
    def key_age(self) -> float:
        """Seconds since the key set that decided was last confirmed by the issuer; 0 for static keys."""
        return self._age_of_keys()

    @property
    def is_authenticated(self) -> bool:
        """Always true: a principal exists only for a verified token."""
        return True

    @property
    def display_name(self) -> str:
        """The client, else the subject."""
        return self.client_id or self.subject

    @property
    def identity(self) -> str:
        """The subject."""
        return self.subject

    def __repr__(self) -> str:
        """Shows who, and nothing else a token says (R127)."""
        return f"Principal(issuer={self.issuer!r}, subject={self.subject!r}, client_id={self.client_id!r})"

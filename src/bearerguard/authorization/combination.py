"""What all requirements share, and how ``&`` and ``|`` combine them.

A requirement judges a ``Principal``: what a verified token says, and never the request. An empty
requirement, or one of the wrong type, is refused when it is built, so that no requirement exists
that everybody meets by accident.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar, Final, Never, NoReturn

from bearerguard.error_codes import REQUIREMENT_NOT_MET
from bearerguard.errors import ConfigurationError, InsufficientScope, show
from bearerguard.principal import Principal

_EXAMPLE: Final = 'role("Read.All") | scope("orders.read")'
_FEWEST: Final = 2


class Requirement(ABC):
    """What a principal must hold.

    To write a rule of your own, subclass it. Make it immutable and hashable, with a ``repr`` that
    reads like its source.

    Combine with ``&`` and ``|``. ``and``, ``or`` and ``not`` raise :class:`ConfigurationError`:
    Python would keep one side and silently drop the other.
    """

    __slots__ = ()

    @abstractmethod
    def permits(self, principal: Principal) -> bool:
        """Whether the principal meets the requirement. Only ``True`` itself permits.

        Judged anew for each request, without waiting. Another value that counts as true does not
        permit: the coroutine of an ``async def`` is one.
        """

    @abstractmethod
    def refusal(self, principal: Principal) -> InsufficientScope:
        """Why ``permits`` turned a principal down: expected, actual, helpful scopes."""

    def helping_scopes(self, principal: Principal) -> tuple[str, ...] | None:
        """Scopes that a new token of this principal needs; ``None`` if no scope would help.

        RFC 6750 §3: ``scope`` names every scope that is required, held already or not, because a
        new token replaces the old one.
        """
        return () if self.permits(principal) is True else None

    def leaves(self) -> Iterator["Requirement"]:
        """The single requirements this one consists of, in the order they were written."""
        yield self

    def role_names(self) -> tuple[str, ...]:
        """Names of all roles that occur, each once, in the order they were written."""
        return ()

    def scope_names(self) -> tuple[str, ...]:
        """Names of all scopes that occur, each once, in the order they were written."""
        return ()

    def __and__(self, other: "Requirement") -> "Requirement":
        """Both are needed."""
        return AllOf(_operands(AllOf, self) + _operands(AllOf, other))

    def __or__(self, other: "Requirement") -> "Requirement":
        """One of them is enough."""
        return AnyOf(_operands(AnyOf, self) + _operands(AnyOf, other))

    def __rand__(self, other: Never) -> NoReturn:
        raise _no_requirement(other)

    def __ror__(self, other: Never) -> NoReturn:
        raise _no_requirement(other)

    def __bool__(self) -> bool:
        problem = "it has no truth value: write & and |, not 'and', 'or', 'not'; in FastAPI, Depends(require(…))"
        raise ConfigurationError("requirement", problem, example=_EXAMPLE)

    @property
    def dependency(self) -> NoReturn:
        """FastAPI reads it if ``dependencies=[…]`` holds a bare requirement."""
        self.__get_pydantic_core_schema__()

    def __get_pydantic_core_schema__(self, *_asked: object) -> NoReturn:
        """FastAPI calls it for ``Annotated[Principal, role(…)]``: a caller read from the body."""
        problem = "it guards nothing in this place: FastAPI needs both Depends(…) and require(…)"
        raise ConfigurationError("dependency", problem, example='Depends(require(role("Read.All")))')


@dataclass(frozen=True, slots=True, repr=False)
class _Combination(Requirement):
    """At least two requirements under one operator."""

    operator: ClassVar[str]

    operands: tuple[Requirement, ...]

    def __post_init__(self) -> None:
        if not isinstance(self.operands, tuple) or len(self.operands) < _FEWEST:
            problem = f"{self.operator} needs a tuple of at least two requirements, got {show(self.operands)}"
            raise ConfigurationError("requirement", problem, example=_EXAMPLE)
        for operand in self.operands:
            if not isinstance(operand, Requirement):
                raise _no_requirement(operand)

    def leaves(self) -> Iterator[Requirement]:
        for operand in self.operands:
            yield from operand.leaves()

    def role_names(self) -> tuple[str, ...]:
        return _each_once(operand.role_names() for operand in self.operands)

    def scope_names(self) -> tuple[str, ...]:
        return _each_once(operand.scope_names() for operand in self.operands)


@dataclass(frozen=True, slots=True, repr=False)
class AllOf(_Combination):
    """All of at least two requirements: what ``&`` builds, flattened."""

    operator = "&"

    def permits(self, principal: Principal) -> bool:
        # a generator would cost more than the tests it runs
        for operand in self.operands:  # noqa: SIM110
            if operand.permits(principal) is not True:
                return False
        return True

    def refusal(self, principal: Principal) -> InsufficientScope:
        """That of the first operand that is not met, with the scopes that all operands need."""
        failing = next((operand for operand in self.operands if operand.permits(principal) is not True), self.operands[0])
        refusal = failing.refusal(principal)
        refusal.scopes = self.helping_scopes(principal) or ()
        return refusal

    def helping_scopes(self, principal: Principal) -> tuple[str, ...] | None:
        """Those of all operands; ``None`` if scopes cannot help with one of them."""
        needed = [scopes for operand in self.operands if (scopes := operand.helping_scopes(principal)) is not None]
        return _each_once(needed) if len(needed) == len(self.operands) else None

    def __repr__(self) -> str:
        # & binds tighter than |, so only an alternative needs parentheses
        return " & ".join(f"({operand!r})" if isinstance(operand, AnyOf) else repr(operand) for operand in self.operands)


@dataclass(frozen=True, slots=True, repr=False)
class AnyOf(_Combination):
    """One of at least two requirements: what ``|`` builds, flattened."""

    operator = "|"

    def permits(self, principal: Principal) -> bool:
        # a generator would cost more than the tests it runs
        for operand in self.operands:  # noqa: SIM110
            if operand.permits(principal) is True:
                return True
        return False

    def refusal(self, principal: Principal) -> InsufficientScope:
        """If all alternatives share a code, that code; else ``requirement_not_met``."""
        refusals = [operand.refusal(principal) for operand in self.operands]
        first = refusals[0]
        agreed = len({refusal.code for refusal in refusals}) == 1
        return InsufficientScope(
            first.reason if agreed else REQUIREMENT_NOT_MET,
            expected=repr(self),
            actual=first.actual if agreed else {refusal.at.removeprefix("principal."): refusal.actual for refusal in refusals},
            at=first.at if agreed else "principal",
            hint=next((refusal.hint for refusal in refusals if refusal.hint), ""),
            verified=True,
            scopes=self.helping_scopes(principal) or (),
        )

    def helping_scopes(self, principal: Principal) -> tuple[str, ...] | None:
        """Those of one alternative: the first that is met, else the first that scopes would meet.

        A challenge's ``scope`` is what is required (RFC 6750 §3): the scopes of several
        alternatives at once would ask too much.
        """
        by_preference = sorted(self.operands, key=lambda operand: operand.permits(principal) is not True)
        every = (operand.helping_scopes(principal) for operand in by_preference)
        return next((scopes for scopes in every if scopes is not None), None)

    def __repr__(self) -> str:
        return " | ".join(map(repr, self.operands))


def all_of(requirements: Iterable[Requirement]) -> Requirement:
    """What ``&`` builds of at least one, with each of its operands once."""
    operands = tuple(dict.fromkeys(operand for one in requirements for operand in _operands(AllOf, one)))
    return AllOf(operands) if len(operands) > 1 else operands[0]


def _operands(kind: type[_Combination], requirement: Requirement) -> tuple[Requirement, ...]:
    return requirement.operands if isinstance(requirement, kind) else (requirement,)


def _each_once(names: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for group in names for name in group))


def _no_requirement(value: object) -> ConfigurationError:
    return ConfigurationError("requirement", f"{show(value)} is not a requirement", example=_EXAMPLE)

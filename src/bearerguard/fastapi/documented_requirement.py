"""A requirement in the terms of an OpenAPI document."""

import itertools
from collections.abc import Iterable
from typing import Final, TypeAlias

from bearerguard.authorization.combination import AllOf, AnyOf, Requirement

Alternative: TypeAlias = tuple[str, ...]

_MOST_ALTERNATIVES: Final = 16
_TRIED: Final = 1000


def scope_alternatives(requirement: Requirement) -> tuple[Alternative, ...]:
    """The scopes of each way to meet a requirement, as written; ``()`` for a way that needs none.

    That is what a Security Requirement lists. More than 16 ways are not told apart: they become one
    that names no scope.
    """
    found = tuple(dict.fromkeys(_alternatives(requirement)))
    return found if len(found) <= _MOST_ALTERNATIVES else ((),)


def described(requirement: Requirement) -> str:
    """The requirement as it is written, without the ids of clients and tenants."""
    if isinstance(requirement, AllOf | AnyOf):
        parts = (f"({described(one)})" if isinstance(one, AnyOf) else described(one) for one in requirement.operands)
        return f" {requirement.operator} ".join(parts)
    text = repr(requirement)
    name, _, rest = text.partition("(")
    return text if requirement.role_names() or requirement.scope_names() or rest == ")" else f"{name}(…)"


def _alternatives(requirement: Requirement) -> Iterable[Alternative]:
    if isinstance(requirement, AnyOf):
        return (way for operand in requirement.operands for way in scope_alternatives(operand))
    if isinstance(requirement, AllOf):
        ways = itertools.product(*map(scope_alternatives, requirement.operands))
        return (tuple(dict.fromkeys(itertools.chain.from_iterable(way))) for way in itertools.islice(ways, _TRIED))
    return (requirement.scope_names(),)

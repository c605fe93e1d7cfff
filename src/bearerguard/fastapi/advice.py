"""What FastAPI meets where ``Depends`` or ``require`` was forgotten: advice, while the routes are made.

FastAPI asks a dependency whether it is true, whether it can be called and for its signature; an element of ``dependencies=`` for
its ``dependency``; and pydantic asks what stands in an annotation for its schema. A requirement and ``require`` answer each of
these questions with the same error. Otherwise FastAPI would speak of callables, or take the caller from the request's body.

Requirements learn it here, when FastAPI's room is imported: the core knows no framework.
"""

from typing import Any, Final, NoReturn

from bearerguard.authorization.combination import Requirement
from bearerguard.errors import ConfigurationError

_EXAMPLE: Final = 'Depends(require(role("Read.All")))'


def forgotten(*_asked: object) -> NoReturn:
    """Raise the advice."""
    problem = "as it stands there it guards nothing: FastAPI needs both Depends(…) and require(…)"
    raise ConfigurationError("dependency", problem, example=_EXAMPLE)


def _without_truth_value(_requirement: Requirement) -> NoReturn:
    problem = "it has no truth value: write & and |, not 'and', 'or', 'not'; and Depends(require(…)), not Depends(…) alone"
    raise ConfigurationError("requirement", problem, example=f'role("Read.All") | scope("orders.read"), {_EXAMPLE}')


class Forgotten:
    """An attribute that instances advise on and classes do not have, so that Python can still inspect these."""

    def __get__(self, instance: object | None, owner: type | None = None) -> NoReturn:
        if instance is None:
            raise AttributeError
        forgotten()


_ASKED_OF_REQUIREMENTS: Final[dict[str, Any]] = {
    "__bool__": _without_truth_value,
    "__call__": forgotten,
    "__get_pydantic_core_schema__": forgotten,
    "__signature__": Forgotten(),
    "dependency": Forgotten(),
}

for _name, _answer in _ASKED_OF_REQUIREMENTS.items():
    setattr(Requirement, _name, _answer)

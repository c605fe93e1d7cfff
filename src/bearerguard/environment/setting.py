"""One variable of the environment: which keyword it sets, and how its text is read."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple, TypeAlias

from bearerguard.checks import switch_in
from bearerguard.errors import ConfigurationError, show
from bearerguard.strict_json import NotStrictJson, parse_object

Reader: TypeAlias = Callable[[str], object]
"""Reads the text of a variable; raises ``ValueError`` with what was expected."""

_NUMBER: Final = re.compile(r"\d{1,9}(\.\d{1,9})?", re.ASCII)
_WHOLE: Final = re.compile(r"\d{1,18}", re.ASCII)


def text(value: str) -> str:
    """The text as it is."""
    return value


def names(value: str) -> list[str]:
    """Several names with spaces between them."""
    return value.split()


def switch(value: str) -> bool:
    """``1`` or ``true``, ``0`` or ``false``."""
    on = switch_in(value)
    if on is None:
        raise ValueError(f"expected 1 or 0, got {show(value)}")
    return on


def number(value: str) -> float:
    """Digits, with or without a fraction."""
    if not _NUMBER.fullmatch(value):
        raise ValueError(f"expected a number, got {show(value)}")
    return float(value)


def whole(value: str) -> int:
    """Digits alone."""
    if not _WHOLE.fullmatch(value):
        raise ValueError(f"expected a whole number, got {show(value)}")
    return int(value)


def json_object(value: str) -> dict[str, Any]:
    """One JSON object; a member that is listed twice is an error."""
    try:
        return parse_object(value.encode())
    except (NotStrictJson, UnicodeError) as problem:
        raise ValueError(f"expected a JSON object: {problem}") from None


def json_path(value: str) -> list[Any]:
    """A JSON array of member names; the preset checks the names."""
    try:
        path = json.loads(value)
    except (ValueError, RecursionError):
        path = None
    if type(path) is not list:
        raise ValueError(f"expected a JSON array of member names, got {show(value)}")
    return path


class Setting(NamedTuple):
    """A keyword, and the variable that sets it.

    Attributes:
        keyword: Of the function that is called; the variable ends in it, in upper case.
        example: The text of a valid value.
        read: Makes the keyword's value of the text.
        required: Whether the variable must be set.
    """

    keyword: str
    example: str
    read: Reader = text
    required: bool = False

    def wrong(self, variable: str, problem: str) -> ConfigurationError:
        """The error that names the variable and shows a valid value."""
        return ConfigurationError(variable, problem, example=f"{variable}={self.example}")


Named: TypeAlias = Mapping[str, Setting]
"""Settings by the full names of their variables."""


def named(prefix: str, settings: tuple[Setting, ...]) -> Named:
    """The settings by the full names of their variables."""
    return {f"{prefix}{setting.keyword.upper()}": setting for setting in settings}


def values(settings: Named, given: Mapping[str, str]) -> dict[str, Any]:
    """The value of each keyword whose variable is set.

    Raises:
        ConfigurationError: the text of a variable cannot be read.
    """
    found = {}
    for variable, setting in settings.items():
        if variable in given:
            try:
                found[setting.keyword] = setting.read(given[variable])
            except ValueError as problem:
                raise setting.wrong(variable, str(problem)) from None
    return found


def called(function: Callable[..., Any], settings: Named, keywords: Mapping[str, Any], otherwise: str) -> Any:
    """Call a function. Where its error names a keyword, name the variable instead.

    Args:
        function: A preset, or a resource server.
        settings: Its variables.
        keywords: What it is called with.
        otherwise: The variable to name for what no single one of ``settings`` sets.

    Raises:
        ConfigurationError: a value is wrong; it names the variable.
    """
    try:
        return function(**keywords)
    except ConfigurationError as error:
        for variable, setting in settings.items():
            if setting.keyword == error.parameter:
                raise setting.wrong(variable, error.problem) from None
        raise ConfigurationError(otherwise, f"{error.parameter}: {error.problem}", example=error.example) from None

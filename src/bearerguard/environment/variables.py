"""Variables of the environment: looked up by name, never shown, since some of them are secrets."""

from collections.abc import Iterable, Iterator, Mapping

from bearerguard.checks import switch_in
from bearerguard.client_authentication.secret import Secret
from bearerguard.errors import ConfigurationError


class Variables(Mapping[str, str]):
    """The variables of an environment, hidden from crash reports that print local variables."""

    __slots__ = ("_variables",)

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables

    def __getitem__(self, name: str) -> str:
        """The value of a variable that is set."""
        return self._variables[name]

    def __iter__(self) -> Iterator[str]:
        """The names."""
        return iter(self._variables)

    def __len__(self) -> int:
        """How many there are."""
        return len(self._variables)

    def __repr__(self) -> str:
        """No value, and no name either: some programs put secrets there."""
        return f"<{len(self)} variables>"

    def text(self, name: str) -> str | None:
        """The value; ``None`` where the variable is missing or empty."""
        return self.get(name) or None

    def secret(self, name: str) -> Secret | None:
        """As :meth:`text`, hidden."""
        return Secret.sealed(self.get(name) or None)

    def switch(self, name: str) -> bool:
        """Whether it is on: ``1`` or ``true``; off: ``0``, ``false``, empty or missing.

        Raises:
            ConfigurationError: anything else.
        """
        value = self.get(name, "")
        on = switch_in(value)
        if on is None:
            raise ConfigurationError(name, f"expected 1 or 0, got {value!r}", example=f"{name}=1")
        return on

    def file(self, name: str) -> Secret | None:
        """What is in the file that the variable names, read again each time.

        Raises:
            ConfigurationError: it cannot be read now.
        """
        path = self.get(name)
        return Secret.of_file(name, path) if path else None

    def those_set(self, names: Iterable[str]) -> list[str]:
        """Those of ``names`` that are neither missing nor empty."""
        return [name for name in names if self.get(name)]

    def same(self, *names: str) -> str:
        """The value of variables that mean the same, or an empty text.

        Raises:
            ConfigurationError: they differ.
        """
        values = {self[name] for name in self.those_set(names)}
        if len(values) > 1:
            raise ConfigurationError(" and ".join(names), "they differ", example=f"{names[0]} alone")
        return values.pop() if values else ""

    def demand(self, *names: str) -> None:
        """Have all of them set.

        Raises:
            ConfigurationError: names those that are missing or empty.
        """
        missing = [name for name in dict.fromkeys(names) if not self.get(name)]
        if missing:
            raise ConfigurationError(
                ", ".join(missing), "not set in the environment", example=" ".join(f"{name}=…" for name in missing)
            )

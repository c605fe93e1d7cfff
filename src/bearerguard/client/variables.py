"""Variables of the environment: looked up by name, never shown, since some of them are secrets."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from bearerguard.client_authentication.secret import Secret
from bearerguard.errors import ConfigurationError

_SWITCH: Final = {"": False, "0": False, "false": False, "1": True, "true": True}


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
        value = self.get(name, "").strip().lower()
        if value not in _SWITCH:
            raise ConfigurationError(name, f"expected 1 or 0, got {value!r}", example=f"{name}=1")
        return _SWITCH[value]

    def file(self, name: str) -> Secret | None:
        """What is in the file that the variable names, hidden.

        Raises:
            ConfigurationError: it cannot be read.
        """
        path = self.get(name)
        if not path:
            return None
        try:
            return Secret(Path(path).read_bytes())
        except OSError as why:
            problem = f"{path!r} cannot be read: {why.strerror}"
            raise ConfigurationError(name, problem, example=f"{name}=/etc/orders/client.pem") from None

    def demand(self, *names: str) -> None:
        """Have all of them set.

        Raises:
            ConfigurationError: names those that are missing or empty.
        """
        missing = [name for name in names if not self.get(name)]
        if missing:
            raise ConfigurationError(
                ", ".join(missing), "not set in the environment", example=" ".join(f"{name}=…" for name in missing)
            )

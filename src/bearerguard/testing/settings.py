"""Settings of a local issuer, from arguments or a TOML file, and their checks."""

import tomllib
from collections.abc import Collection, Mapping
from os import PathLike
from typing import Any, Final, TypeVar

from bearerguard.errors import ConfigurationError
from bearerguard.issuers.issuer import ALGORITHMS
from bearerguard.testing.local_client import EXAMPLE, LocalClient
from bearerguard.testing.local_user import USER_EXAMPLE, LocalUser
from bearerguard.testing.shape import Directory

Registered = TypeVar("Registered", LocalClient, LocalUser)

_TOML: Final = '[[clients]]\nid = "reader"\nsecret = "reader-secret"\nroles = ["Read.All"]'


def read_settings(path: str | PathLike[str]) -> dict[str, Any]:
    """The keywords of ``LocalIssuer`` from a TOML file.

    ``directory`` is a table, and each client and each user a table of the arrays ``clients`` and
    ``users``.

    Raises:
        ConfigurationError: the file is not TOML, or a client, a user or the directory has unknown
            members.
        OSError: the file cannot be read.
    """
    try:
        with open(path, "rb") as file:
            settings = tomllib.load(file)
        if "clients" in settings:
            settings["clients"] = [LocalClient(**table) for table in settings["clients"]]
        if "users" in settings:
            settings["users"] = [LocalUser(**table) for table in settings["users"]]
        if "directory" in settings:
            settings["directory"] = Directory(**settings["directory"])
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, TypeError) as error:
        raise unusable(path, error) from None
    return settings


def unusable(path: str | PathLike[str], error: Exception) -> ConfigurationError:
    """The error that names a file and what is wrong with it."""
    return ConfigurationError("path", f"{path}: {error}", example=_TOML)


def by_id(parameter: str, registered: Collection[Registered]) -> Mapping[str, Registered]:
    """Clients or users under their ids.

    Raises:
        ConfigurationError: two have one id.
    """
    known = {one.id: one for one in registered}
    if len(known) != len(registered):
        problem = f"an id is listed twice among {[one.id for one in registered]}"
        raise ConfigurationError(parameter, problem, example=EXAMPLE if parameter == "clients" else USER_EXAMPLE)
    return known


def checked_lifetime(lifetime: int) -> int:
    """Seconds above zero; raises ``ConfigurationError``."""
    if type(lifetime) is not int or lifetime <= 0:
        raise ConfigurationError("lifetime", f"expected whole seconds above zero, got {lifetime!r}", example="3600")
    return lifetime


def checked_algorithm(algorithm: str) -> str:
    """An asymmetric algorithm; raises ``ConfigurationError``."""
    if algorithm not in ALGORITHMS:
        raise ConfigurationError("algorithm", f"expected one of {', '.join(ALGORITHMS)}, got {algorithm!r}", example='"RS256"')
    return algorithm

"""Settings of a client as the rooms below its entrance get them: secrets sealed."""

from collections.abc import Mapping
from typing import Any, Final

from bearerguard.client_authentication.secret import Secret

_SECRETS: Final = frozenset(
    {"client_secret", "private_key", "private_key_password", "password", "certificate", "client_assertion_file"}
)


def sealed(settings: Mapping[str, Any]) -> dict[str, Any]:
    """``settings`` with every secret sealed."""
    return {name: Secret.sealed(value) if name in _SECRETS else value for name, value in settings.items()}


def opened(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that are not ``None``, with every secret as it was given."""
    shown = {name: value.current(name)._value if isinstance(value, Secret) else value for name, value in settings.items()}
    return {name: value for name, value in shown.items() if value is not None}

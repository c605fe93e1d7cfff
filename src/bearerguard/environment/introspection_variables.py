"""The variables of introspection, and what they come to."""

from collections.abc import Sequence
from typing import Any, Final

from bearerguard.client_authentication.secret import Secret
from bearerguard.environment.setting import Named, Setting, called, named, names, number, switch, values
from bearerguard.environment.variables import Variables
from bearerguard.errors import ConfigurationError
from bearerguard.introspection.introspection import Introspection
from bearerguard.issuers.issuer import Issuer

SETTINGS: Final = (
    Setting("endpoint", "https://issuer.example/introspect"),
    Setting("issuer", "https://issuer.example"),
    Setting("client_id", "orders-api", required=True),
    Setting("client_secret", "secret-of-orders-api", Secret),
    Setting("client_secret_file", "/run/secrets/orders-api"),
    Setting("private_key_file", "/run/secrets/orders-api.pem"),
    Setting("client_auth", "basic"),
    Setting("key_id", "key-1"),
    Setting("signing_algorithm", "RS256"),
    Setting("assertion_audience", "https://issuer.example"),
    Setting("audience", "api://orders", names),
    Setting("only_this_api", "1", switch),
    Setting("cache_for", "60", number),
    Setting("also_jwt", "1", switch),
    Setting("timeout", "5", number),
    Setting("insecure_allow_http", "1", switch),
)
"""Each sets the option of ``Introspection`` with its name; a file, the option without ``_file``."""

_FILE: Final = "_file"


def settings_of(prefix: str, present: Variables) -> Named:
    """The settings by their variables. If none is set, none is ``required``."""
    settings = named(f"{prefix}INTROSPECTION_", SETTINGS)
    if present.those_set(settings):
        return settings
    return {variable: setting._replace(required=False) for variable, setting in settings.items()}


def introspection_from(settings: Named, given: Variables, issuers: Sequence[Issuer]) -> Introspection | None:
    """What the variables say; ``None`` where none of them is set.

    Roles, scopes and client are read as the preset of the same issuer says: the one that is named,
    or the only one.

    Args:
        settings: By the names of their variables.
        given: The variables that are set.
        issuers: Those of the resource server.

    Raises:
        ConfigurationError: names the variable that is wrong.
    """
    if not given.those_set(settings):
        return None
    found = values(settings, given)
    meant = {setting.keyword: (variable, setting) for variable, setting in settings.items()}
    for option in ("client_secret", "private_key"):
        file = found.pop(f"{option}{_FILE}", None)
        if file is not None:
            variable, setting = meant[f"{option}{_FILE}"]
            if option in found:
                problem = "both are set, and only one may be"
                raise ConfigurationError(f"{meant[option][0]} and {variable}", problem, example=f"{variable}={setting.example}")
            found[option] = _secret_in(variable, setting, file)
            meant[option] = variable, setting
    if "private_key" in found:
        found.setdefault("client_auth", "private_key_jwt")
    _choose_issuer(found, issuers)
    told = {variable: setting._replace(keyword=option) for option, (variable, setting) in meant.items()}
    return called(Introspection, told, found, next(iter(settings)))  # type: ignore[no-any-return]


def _secret_in(variable: str, setting: Setting, file: str) -> Secret:
    try:
        return Secret.of_file(variable, file)
    except ConfigurationError as error:
        raise setting.wrong(variable, error.problem) from None


def _choose_issuer(found: dict[str, Any], issuers: Sequence[Issuer]) -> None:
    """The record of the issuer that is named, or of the only one there is."""
    named_one = found.get("issuer")
    fitting = [issuer for issuer in issuers if named_one in (None, issuer.issuer) and not issuer.is_template]
    if len(fitting) == 1:
        found["issuer"] = fitting[0]

"""The keywords that presets share and pass on to ``Issuer``."""

from collections.abc import Callable, Collection, Mapping
from typing import Any, Final, TypedDict, get_args

from bearerguard.checks import Plain

PLACES_OF_KEYS: Final = ("metadata_url", "jwks_uri", "jwks")


class SharedOptions(TypedDict, total=False):
    """What every preset takes, as ``Issuer`` describes it."""

    algorithms: Collection[str]
    require_at_jwt: bool
    jwks_uri: str | None
    jwks: Mapping[str, Any] | None
    insecure_allow_http: bool
    insecure_http_hosts: str | Collection[str]


class EntraOptions(SharedOptions, total=False):
    """Without ``metadata_url``: v1 and v2 tokens have a metadata document each."""

    audience: str | Collection[str] | None


class CognitoOptions(SharedOptions, total=False):
    """Without ``audience``: the app clients are the audience."""

    metadata_url: str | None


class IssuerOptions(EntraOptions, CognitoOptions, total=False):
    """All of them."""


def check_options(preset: Callable[..., object], given: Mapping[str, object]) -> None:
    """Refuse an unknown keyword as Python does: in the name of the function that was called.

    Raises:
        TypeError: names the preset and the keyword.
    """
    (options,) = get_args(preset.__annotations__["options"])
    for name in given:
        if name not in options.__annotations__:
            raise TypeError(f"{preset.__name__}() got an unexpected keyword argument {name!r}")


def names_keys(options: Mapping[str, object]) -> bool:
    """Whether the options say where the keys are, so that the preset's own place does not count."""
    return any(options.get(name) is not None for name in PLACES_OF_KEYS)


def plain_http(options: SharedOptions) -> Plain:
    """Where the options allow ``http://``; ``Issuer`` checks the options themselves."""
    hosts = options.get("insecure_http_hosts", ())
    named = [hosts] if isinstance(hosts, str) else hosts if isinstance(hosts, Collection) else ()
    return {"allow_http": options.get("insecure_allow_http", False), "http_hosts": named}

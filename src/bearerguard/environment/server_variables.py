"""A resource server from variables of the environment: whom it trusts, and how it fetches keys.

Whom an API trusts is written for it alone. So only variables under its own prefix are looked at:
those of Azure's libraries (``AZURE_TENANT_ID`` and the like) belong to the identity that the
platform gives to a workload, and never say whose tokens it accepts.
"""

import difflib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, TypedDict

import httpx

from bearerguard.bounded_http import AsyncTransport
from bearerguard.clock import Clock
from bearerguard.environment.introspection_variables import introspection_from, settings_of
from bearerguard.environment.preset_variables import AUDIENCE, PRESETS, Preset
from bearerguard.environment.setting import Named, Setting, called, json_object, named, names, number, values, whole
from bearerguard.environment.variables import Variables
from bearerguard.errors import ConfigurationError, show
from bearerguard.events import EventHook
from bearerguard.issuers.issuer import Issuer
from bearerguard.revocation.denylist import Denylist
from bearerguard.revocation.hook import Revoked

_PREFIX: Final = re.compile(r"[A-Z][A-Z0-9_]*_", re.ASCII)
_ISSUER: Final = re.compile(r"[A-Za-z][A-Za-z0-9]*", re.ASCII)  # no underscore: OLD_X_… has one reading
_SERVER: Final = (
    Setting("audience", "api://orders", names, required=True),
    Setting("leeway", "60", number),
    Setting("token_cache_size", "10000", whole),
    Setting("implied_roles", '{"ReadWrite.All": ["Read.All", "Write.All"]}', json_object),
)
_DENYLIST: Final = (Setting("denylist_file", "/run/orders/denylist.jsonl"),)
_FETCH: Final = (Setting("proxy", "http://proxy.example:3128"), Setting("ca_file", "/etc/ssl/private-ca.pem"))

OF_THE_SERVER: Final = (*_SERVER, *_DENYLIST, *_FETCH)
"""What is not about one issuer, nor about introspection."""


class Parts(TypedDict, total=False):
    """What no variable can hold: the program gives it, as ``ResourceServer`` describes it."""

    transport: AsyncTransport | None
    clock: Clock | None
    on_event: EventHook | Iterable[EventHook] | None
    revoked: Revoked | None
    revoked_timeout: float
    insecure_revoked_fails_open: bool


def server_from(make: Callable[..., Any], environ: Variables, prefix: str, parts: Parts) -> Any:
    """What ``make`` builds of the variables; ``ResourceServer.from_env`` lists them.

    Args:
        make: The class of resource server.
        environ: All variables; those without the prefix are never read.
        prefix: What the names of the variables begin with.
        parts: Keywords that the program gives.

    Raises:
        ConfigurationError: names the variables that are missing, wrong, unknown or contradictory.
        TypeError: an option in ``parts`` is unknown.
    """
    _check_prefix(prefix)
    for name in parts:
        if name not in Parts.__annotations__:
            raise TypeError(f"from_env() got an unexpected keyword argument {name!r}")
    present = Variables({name: value for name, value in environ.items() if name.startswith(prefix)})
    given = Variables({name: value for name, value in present.items() if value})  # compose files set empty ones
    server, fetch, denylist = (named(prefix, settings) for settings in (_SERVER, _FETCH, _DENYLIST))
    introspection = settings_of(prefix, given)
    presets = _presets(prefix, given, needed=not given.those_set(introspection))
    issuers = {start: _settings_of(start, preset, several=start != prefix) for start, preset in presets.items()}
    selectors = {f"{prefix}PRESET", f"{prefix}ISSUERS", *(f"{start}PRESET" for start in presets)}
    known = {**named(prefix, OF_THE_SERVER), **introspection}
    for settings in issuers.values():
        known.update(settings)
    _refuse_unknown(present, {*known, *selectors})
    _demand((name, setting.example) for name, setting in known.items() if setting.required and name not in given)
    trusted = [
        called(preset.make, issuers[start], values(issuers[start], given), f"{start}PRESET") for start, preset in presets.items()
    ]
    keywords = {**values(server, given), **_transport(fetch, given, parts), **_revoked(denylist, given, parts), **parts}
    keywords["issuers"] = trusted
    keywords["introspection"] = introspection_from(introspection, given, list(_records(trusted)))
    selector = f"{prefix}ISSUERS" if f"{prefix}ISSUERS" in given else f"{prefix}PRESET"
    return called(make, server, keywords, selector)


def _records(trusted: Iterable[Issuer | tuple[Issuer, ...]]) -> Iterator[Issuer]:
    for one in trusted:
        yield from one if isinstance(one, tuple) else (one,)


def _check_prefix(prefix: object) -> None:
    if not isinstance(prefix, str) or not _PREFIX.fullmatch(prefix):
        problem = f"expected capitals, digits and underscores, with an underscore at the end, got {show(prefix)}"
        raise ConfigurationError("prefix", problem, example='"ORDERS_API_"')
    if prefix.startswith(("AZURE_", "AZ_")):
        problem = f"{prefix!r} is for the identity of this program, which does not say whose tokens it accepts"
        raise ConfigurationError("prefix", problem, example='"ORDERS_API_"')


def _presets(prefix: str, given: Variables, *, needed: bool) -> dict[str, Preset]:
    """The preset of each issuer, by what the names of its variables begin with."""
    one, several = f"{prefix}PRESET", f"{prefix}ISSUERS"
    if one in given and several in given:
        raise ConfigurationError(f"{one} and {several}", "both are set, and only one may be", example=f"{one}=entra")
    if not needed and one not in given and several not in given:
        return {}  # the introspection endpoint is asked about every token
    starts = [prefix] if several not in given else [f"{prefix}{name.upper()}_" for name in _issuer_names(several, given)]
    _demand((f"{start}PRESET", "entra") for start in starts if f"{start}PRESET" not in given)
    return {start: _preset(f"{start}PRESET", given) for start in starts}


def _issuer_names(variable: str, given: Mapping[str, str]) -> list[str]:
    found = given[variable].split()
    if not found or not all(map(_ISSUER.fullmatch, found)):
        problem = f"expected names of letters and digits with spaces between them, got {show(given[variable])}"
        raise ConfigurationError(variable, problem, example=f'{variable}="old new"')
    if len({name.upper() for name in found}) < len(found):
        raise ConfigurationError(variable, "a name is listed twice", example=f'{variable}="old new"')
    return found


def _preset(variable: str, given: Mapping[str, str]) -> Preset:
    name = given[variable]
    if name not in PRESETS:
        problem = f"expected one of {', '.join(PRESETS)}, got {show(name)}"
        raise ConfigurationError(variable, problem, example=f"{variable}=entra")
    return PRESETS[name]


def _settings_of(start: str, preset: Preset, *, several: bool) -> Named:
    own = (AUDIENCE,) if several and preset.takes_audience else ()
    return named(start, (*preset.settings, *own))


def _refuse_unknown(present: Iterable[str], known: set[str]) -> None:
    """A misspelt variable would leave a check out, or a default in force, without a word."""
    unknown = sorted(set(present) - known)
    if unknown:
        near = [close for name in unknown for close in difflib.get_close_matches(name, known, n=1)]
        example = ", ".join(dict.fromkeys(near)) or ", ".join(sorted(known))
        raise ConfigurationError(", ".join(unknown), "no such variable for these presets", example=example)


def _demand(missing: Iterable[tuple[str, str]]) -> None:
    examples = dict(missing)
    if examples:
        shown = " ".join(f"{name}={example}" for name, example in examples.items())
        raise ConfigurationError(", ".join(examples), "not set in the environment", example=shown)


def _revoked(settings: Named, given: Mapping[str, str], parts: Parts) -> dict[str, Denylist]:
    """The denylist in a file, where a variable names one."""
    ((variable, setting),) = settings.items()
    if variable not in given:
        return {}
    if parts.get("revoked") is not None:
        raise ConfigurationError(variable, "it is set, but the program passes revoked=, too", example="revoked=None")
    try:
        return {"revoked": Denylist.from_file(given[variable], clock=parts.get("clock"))}
    except ConfigurationError as error:
        raise setting.wrong(variable, error.problem) from None


def _transport(settings: Named, given: Mapping[str, str], parts: Parts) -> dict[str, httpx.AsyncHTTPTransport]:
    """httpx's own transport with a proxy and more certificate authorities, where they are set."""
    set_ones = [name for name in settings if name in given]
    if not set_ones:
        return {}
    if parts.get("transport") is not None:
        problem = "it is set, but the program passes transport=, which would ignore it"
        raise ConfigurationError(", ".join(set_ones), problem, example="transport=None")
    (proxy, proxy_setting), (ca_file, ca_setting) = settings.items()
    context = httpx.create_ssl_context()  # as without these variables: SSL_CERT_FILE counts
    if ca_file in given:
        try:
            context.load_verify_locations(cafile=given[ca_file])
        except OSError as error:  # SSLError is one
            problem = f"cannot read certificates in {show(given[ca_file])}: {error.strerror or type(error).__name__}"
            raise ca_setting.wrong(ca_file, problem) from None
    try:
        transport = httpx.AsyncHTTPTransport(proxy=given.get(proxy), verify=context, trust_env=False)
    except (ValueError, httpx.InvalidURL, ImportError):  # the URL may hold a password: it is not shown
        raise proxy_setting.wrong(proxy, "expected the URL of a proxy, http:// or https://") from None
    return {"transport": transport}

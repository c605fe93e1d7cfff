"""The record of one issuer: who it is, where its keys are, how its tokens read.

Issuer, key set and audience are one record, so that a key of one issuer never verifies another's
token (RFC 8725 §3.8).
"""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NoReturn

from bearerguard.checks import (
    Plain,
    checked_audience,
    checked_issuer_url,
    checked_names,
    checked_switch,
    checked_url,
    url_problem,
)
from bearerguard.errors import ConfigurationError
from bearerguard.events import logger
from bearerguard.issuers.profile import TENANT, Profile
from bearerguard.issuers.request_form import PLAIN, RequestForm

ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")
DEFAULT_ALGORITHMS: Final = ("RS256", "PS256", "ES256", "EdDSA")
OPENID_CONFIGURATION: Final = "/.well-known/openid-configuration"
_HOST: Final = re.compile(r"[0-9a-z](?:[0-9a-z.-]*[0-9a-z])?")
_EXAMPLES: Final = {
    "jwks_uri": '"https://issuer.example/.well-known/jwks.json"',
    "metadata_url": '"https://issuer.example/.well-known/openid-configuration"',
    "token_endpoint": '"https://issuer.example/token"',
    "authorization_endpoint": '"https://issuer.example/authorize"',
}


@dataclass(frozen=True, slots=True)
class Issuer:
    """An authorization server whose access tokens are accepted.

    Attributes:
        issuer: Exact ``iss``, compared by code point, never normalised: mind a trailing slash.
            ``{tenantid}`` stands for a GUID where tokens of any tenant are accepted.
        metadata_url: Where the metadata document is; default: ``issuer`` and
            ``/.well-known/openid-configuration``.
        jwks_uri: Where the JWK Set is, without any metadata document.
        jwks: The JWK Set itself; nothing is ever fetched.
        algorithms: Accepted signature algorithms, asymmetric only.
        require_at_jwt: Accept only tokens typed ``at+jwt`` (RFC 9068 §4). Entra and Auth0's default
            profile send ``JWT``.
        profile: How roles, scopes, client and tenant are read.
        audience: Overrides the resource server's audience for this issuer's tokens.
        metadata_issuers: What the metadata's ``issuer`` may be, where a vendor's document names
            another issuer than its tokens do; default: ``issuer`` alone.
        insecure_allow_http: Allow ``http://`` on loopback addresses, for development and tests.
        insecure_http_hosts: Names of hosts where ``http://`` is allowed, for an issuer inside a
            cluster. Whoever can answer in their place, or on the way, can forge any token.
        token_endpoint: Where clients obtain tokens, for the OpenAPI document; nothing is sent
            there. Presets know it.
        authorization_endpoint: Where people sign in, for the same.
        request_form: How clients name the API and its scopes there, for the same.

    Raises:
        ConfigurationError: a value is wrong; nothing is fetched here.
    """

    issuer: str
    metadata_url: str | None = None
    jwks_uri: str | None = None
    jwks: Mapping[str, Any] | None = field(default=None, repr=False, hash=False)
    algorithms: Collection[str] = DEFAULT_ALGORITHMS
    require_at_jwt: bool = False
    profile: Profile = field(default_factory=Profile)
    audience: str | Collection[str] | None = None
    metadata_issuers: Collection[str] = ()
    insecure_allow_http: bool = False
    insecure_http_hosts: str | Collection[str] = ()
    token_endpoint: str | None = None
    authorization_endpoint: str | None = None
    request_form: RequestForm = PLAIN

    def __post_init__(self) -> None:
        """Checks every value, so that a wrong one fails at start and not at the first request."""
        if not isinstance(self.issuer, str) or not self.issuer or self.issuer != self.issuer.strip():
            _wrong("issuer", f"expected the exact text of the token's iss, got {self.issuer!r}", "https://issuer.example/")
        if "/.well-known/" in self.issuer:
            problem = f"{self.issuer!r} is the address of a document: the issuer is what comes before /.well-known"
            _wrong("issuer", problem, '"https://issuer.example"')
        self._set("algorithms", _checked_algorithms(self.algorithms))
        if self.audience is not None:
            self._set("audience", checked_audience("audience", self.audience))
        self._set("metadata_issuers", _checked_metadata_issuers(self.metadata_issuers) or (self.issuer,))
        if not isinstance(self.profile, Profile):
            _wrong("profile", f"expected a Profile, got {self.profile!r}", "Profile(roles=(('roles',),))")
        if not isinstance(self.request_form, RequestForm):
            _wrong("request_form", f"expected a RequestForm, got {self.request_form!r}", "RequestForm(prefixes_scopes=True)")
        if self.is_template and not self.profile.tenant_in_issuer:
            _wrong("profile", f"an issuer with {TENANT} needs tokens whose tid names it", "Profile(tenant_in_issuer=True)")
        for name in ("require_at_jwt", "insecure_allow_http"):
            checked_switch(name, getattr(self, name))
        self._set("insecure_http_hosts", _checked_hosts(self.insecure_http_hosts))
        self._check_key_location()
        self._tell_what_is_insecure()

    def _tell_what_is_insecure(self) -> None:
        if self.insecure_allow_http:
            logger.warning("insecure_allow_http is on for %r: keys may travel over plain http on loopback", self.issuer)
        if self.insecure_http_hosts:
            hosts = ", ".join(sorted(self.insecure_http_hosts))
            logger.warning("insecure_http_hosts is on for %r: keys may travel over plain http from %s", self.issuer, hosts)
        if self.profile.insecure_accept_id_tokens:
            logger.warning("insecure_accept_id_tokens is on for %r: its ID tokens are accepted as access tokens", self.issuer)

    def _check_key_location(self) -> None:
        given = [name for name in ("metadata_url", "jwks_uri", "jwks") if getattr(self, name) is not None]
        if len(given) > 1:
            _wrong(" and ".join(given), "only one of them may be given", 'jwks_uri="https://issuer.example/jwks"')
        if not given:
            if self.is_template:
                _wrong("metadata_url", f"an issuer with {TENANT} has no metadata of its own", '"https://issuer.example/common/…"')
            self._check_that_it_is_an_address()
            self._set("metadata_url", self.issuer.rstrip("/") + OPENID_CONFIGURATION)
        for name in _EXAMPLES:
            if getattr(self, name) is not None:
                checked_url(name, getattr(self, name), example=_EXAMPLES[name], **self.plain_http)
        if self.jwks is not None and not (isinstance(self.jwks, Mapping) and isinstance(self.jwks.get("keys"), list)):
            _wrong("jwks", "expected a JWK Set", '{"keys": [{"kty": "RSA", "kid": "…", "n": "…", "e": "AQAB"}]}')

    def _check_that_it_is_an_address(self) -> None:
        """Metadata is looked for beneath the issuer, unless another place is named."""
        problem = url_problem(self.issuer, **self.plain_http)
        if problem:
            problem += f", got {self.issuer!r}; where tokens have such an iss, say where the metadata or the keys are"
            _wrong("issuer", problem, 'metadata_url="https://issuer.example/.well-known/openid-configuration"')
        checked_issuer_url("issuer", self.issuer, **self.plain_http)

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)  # a frozen value is completed once, while it is built

    @property
    def plain_http(self) -> Plain:
        """Where addresses of this issuer may be ``http://``, for ``url_problem``."""
        return {"allow_http": self.insecure_allow_http, "http_hosts": self.insecure_http_hosts}

    @property
    def insecure_options(self) -> tuple[str, ...]:
        """The options that are on and weaken a check, by name."""
        on = {
            "insecure_allow_http": self.insecure_allow_http,
            "insecure_http_hosts": self.insecure_http_hosts,
            "insecure_accept_id_tokens": self.profile.insecure_accept_id_tokens,
            "insecure_any_tenant": self.is_template,
        }
        return tuple(name for name, value in on.items() if value)

    @property
    def is_template(self) -> bool:
        """Whether tokens of any tenant are accepted: the issuer holds ``{tenantid}``."""
        return TENANT in self.issuer


def listed(issuers: Issuer | Iterable[Issuer | tuple[Issuer, ...]], *, needed: bool) -> tuple[Issuer, ...]:
    """The issuers of an API, as users list them: one, several, or tuples as presets return them.

    Args:
        issuers: As the user gave them.
        needed: Whether there must be one.

    Raises:
        ConfigurationError: something else is among them, or nothing is there.
    """
    entries = [issuers] if isinstance(issuers, Issuer) or not isinstance(issuers, Iterable) else list(issuers)
    flat = [issuer for entry in entries for issuer in (entry if isinstance(entry, tuple) else (entry,))]
    if (needed and not flat) or not all(isinstance(issuer, Issuer) for issuer in flat):
        _wrong("issuers", f"expected one or several issuers, got {issuers!r}", '[entra(tenant_id="…")]')
    return tuple(flat)


def _checked_hosts(hosts: str | Collection[str]) -> frozenset[str]:
    if not hosts and not isinstance(hosts, str):
        return frozenset()
    names = checked_names("insecure_http_hosts", hosts, expected="names of hosts", example='"keycloak"')
    if any(not _HOST.fullmatch(name) for name in names):
        _wrong("insecure_http_hosts", f"expected names in lower case without scheme and port, got {hosts!r}", '"keycloak"')
    return names


def _checked_metadata_issuers(issuers: Collection[str]) -> tuple[str, ...]:
    names = [issuers] if isinstance(issuers, str) else list(issuers) if isinstance(issuers, Collection) else [None]
    if not all(isinstance(name, str) and name for name in names):
        _wrong(
            "metadata_issuers",
            f"expected the issuers a metadata document may show, got {issuers!r}",
            '["https://issuer.example/"]',
        )
    return tuple(name for name in names if name is not None)


def _checked_algorithms(algorithms: Collection[str]) -> tuple[str, ...]:
    names = [algorithms] if isinstance(algorithms, str) else list(algorithms) if isinstance(algorithms, Collection) else []
    unknown = [name for name in names if name not in ALGORITHMS]
    if unknown or not names:
        _wrong("algorithms", f"expected some of {', '.join(ALGORITHMS)}, got {algorithms!r}", '("RS256",)')
    return tuple(dict.fromkeys("EdDSA" if name == "Ed25519" else name for name in names))


def _wrong(parameter: str, problem: str, example: str) -> NoReturn:
    raise ConfigurationError(parameter, problem, example=example)

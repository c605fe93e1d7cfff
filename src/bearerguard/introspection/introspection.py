"""How to ask about tokens: the settings, checked when they are built."""

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import Final

from bearerguard.bounded_http import AsyncTransport
from bearerguard.checks import Plain, check_methods, checked_audience, checked_number, checked_switch, checked_url
from bearerguard.client_authentication.method import ClientAuth, ClientAuthentication
from bearerguard.client_authentication.secret import Secret, SecretPem, SecretText
from bearerguard.client_authentication.settings import checked_authentication
from bearerguard.errors import ConfigurationError
from bearerguard.events import logger
from bearerguard.issuers.issuer import Issuer
from bearerguard.issuers.profile import Profile

_LONGEST_KEPT: Final = 3600.0
_LONGEST_TIMEOUT: Final = 30.0
_ENDPOINT: Final = '"https://issuer.example/introspect"'


@dataclass(frozen=True, slots=True, eq=False)
class Introspection:
    """Asks an issuer's introspection endpoint about tokens that cannot be verified here (RFC 7662).

    A token travels in the form-encoded body of a POST over https, and is never logged. What the
    endpoint says is judged like the claims of a verified token: ``exp`` and the audience must be
    there, and a bound token (``cnf``) is refused.

    Does not check whether a remembered token was revoked meanwhile: for ``cache_for`` seconds the
    last answer counts.

    Attributes:
        endpoint: URL of the endpoint. If it is left out, the metadata of ``issuer`` names it.
        issuer: Whose tokens they are, exact ``iss``, or an ``Issuer`` of a preset. An answer that
            names another issuer is refused, and one that names none is taken as this issuer's.
        client_id: The API's own registration at the endpoint, never a caller's.
        client_secret: For ``basic`` and ``post``: text, or a function that gives the present one.
        private_key: PEM for ``private_key_jwt``, or a function that gives the present one.
        client_auth: How the API proves itself: ``"basic"``, ``"post"``, ``"private_key_jwt"`` or
            ``"tls_client_auth"`` (the certificate is then the ``transport``'s).
        key_id: ``kid`` of the private key.
        signing_algorithm: One that fits the private key.
        assertion_audience: ``aud`` of assertions; default: the endpoint. Some servers expect their
            issuer.
        audience: Overrides the resource server's audience for these tokens.
        only_this_api: The endpoint answers for this API only, so an answer without audience is for
            it. One that names another audience is refused all the same.
        cache_for: Seconds for which an answer "active" is remembered, 0 to 3600; 0: never.
        also_jwt: Ask about JWTs that were verified, too, so that revocation counts at once; with
            ``issuer``, only about those of this issuer.
        timeout: Seconds for one question, above 0 to 30.
        transport: Used instead of the resource server's. It is never closed here.
        profile: How roles, scopes, client and tenant are read; default: the ``Issuer``'s, or the
            generic one.
        insecure_allow_http: Allow ``http://`` on loopback addresses, for development and tests.

    Raises:
        ConfigurationError: a value is wrong; nothing is fetched here.
    """

    endpoint: str | None = None
    issuer: str | Issuer | None = field(default=None, kw_only=True)
    client_id: str = field(kw_only=True)
    client_secret: SecretText | Secret | None = field(default=None, kw_only=True, repr=False)
    private_key: SecretPem | Secret | None = field(default=None, kw_only=True, repr=False)
    client_auth: ClientAuth = field(default="basic", kw_only=True)
    key_id: str | None = field(default=None, kw_only=True)
    signing_algorithm: str | None = field(default=None, kw_only=True)
    assertion_audience: str | None = field(default=None, kw_only=True)
    audience: str | Collection[str] | None = field(default=None, kw_only=True)
    only_this_api: bool = field(default=False, kw_only=True)
    cache_for: float = field(default=60.0, kw_only=True)
    also_jwt: bool = field(default=False, kw_only=True)
    timeout: float = field(default=5.0, kw_only=True)
    transport: AsyncTransport | None = field(default=None, kw_only=True)
    profile: Profile | None = field(default=None, kw_only=True)
    insecure_allow_http: bool = field(default=False, kw_only=True)
    authentication: ClientAuthentication = field(init=False, repr=False)
    record: Issuer = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Seals the secrets first, so that no crash report shows them."""
        self._set("client_secret", Secret.sealed(self.client_secret))
        self._set("private_key", Secret.sealed(self.private_key))
        for name in ("only_this_api", "also_jwt", "insecure_allow_http"):
            checked_switch(name, getattr(self, name))
        checked_number("cache_for", self.cache_for, 0.0, _LONGEST_KEPT, example="60")
        checked_number("timeout", self.timeout, 0.001, _LONGEST_TIMEOUT, example="5")
        if self.transport is not None:
            check_methods("transport", self.transport, ["handle_async_request"], example="httpx.AsyncHTTPTransport(…)")
        if self.audience is not None:
            self._set("audience", checked_audience("audience", self.audience))
        self._set("record", self._checked_record())
        self._set("authentication", self._checked_authentication())
        if self.insecure_allow_http:
            logger.warning("insecure_allow_http is on for introspection at %r: tokens may travel over plain http", self.place)

    @property
    def place(self) -> str:
        """The endpoint, or the issuer whose metadata names it: for messages."""
        return self.endpoint or self.record.issuer

    @property
    def named_issuer(self) -> str | None:
        """The issuer that an answer must name if it names one; ``None`` if none was configured."""
        return None if self.issuer is None else self.record.issuer

    def _checked_authentication(self) -> ClientAuthentication:
        return checked_authentication(
            self.client_id,
            client_auth=self.client_auth,
            client_secret=Secret.sealed(self.client_secret),
            private_key=Secret.sealed(self.private_key),
            key_id=self.key_id,
            signing_algorithm=self.signing_algorithm,
            assertion_audience=self.assertion_audience,
        )

    def _checked_record(self) -> Issuer:
        """The issuer's record; without one, the endpoint stands for the issuer."""
        plain: Plain = {"allow_http": self.insecure_allow_http}
        if self.endpoint is not None:
            checked_url("endpoint", self.endpoint, example=_ENDPOINT, **plain)
        profile = self.profile
        if profile is None:
            profile = self.issuer.profile if isinstance(self.issuer, Issuer) else Profile()
        if isinstance(self.issuer, Issuer):
            return self._checked_preset(self.issuer, profile)
        if self.endpoint is not None:  # no metadata is needed, and the issuer need not be an address
            return Issuer(self.endpoint if self.issuer is None else self.issuer, jwks={"keys": []}, profile=profile)
        if self.issuer is None:
            raise ConfigurationError("endpoint", "it is missing, and so is issuer=", example=_ENDPOINT)
        return Issuer(self.issuer, profile=profile, insecure_allow_http=self.insecure_allow_http)

    def _checked_preset(self, issuer: Issuer, profile: Profile) -> Issuer:
        if issuer.is_template:
            raise ConfigurationError(
                "issuer", "an issuer of many tenants has no single endpoint", example='"https://issuer.example"'
            )
        if self.endpoint is None and issuer.metadata_url is None:
            raise ConfigurationError("endpoint", "it is missing, and the issuer has no metadata", example=_ENDPOINT)
        return issuer if profile is issuer.profile else replace(issuer, profile=profile)

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)  # a frozen value is completed once, while it is built

"""The caller's half: requests to another API carry the caller's own token (RFC 6749 §4.4)."""

import math
import os
from collections.abc import Collection, Mapping
from random import SystemRandom
from typing import Any, Final, Self, TypedDict, Unpack

import anyio
import anyio.to_thread
from anyio.from_thread import start_blocking_portal

from bearerguard.bounded_http import BoundedHttp, Transport
from bearerguard.checks import checked_number
from bearerguard.client import presets
from bearerguard.client.environment import environment
from bearerguard.client.httpx_auth import BearerAuth
from bearerguard.client.origins import Origins
from bearerguard.client.revocation import Revocation, RevocationPlace
from bearerguard.client.schedule import Schedule
from bearerguard.client.shared_token import SharedToken
from bearerguard.client.token_endpoint import TokenEndpoint
from bearerguard.client.token_settings import TokenOptions, checked_settings
from bearerguard.client_authentication.method import ClientAuth
from bearerguard.client_authentication.secret import Secret, SecretPath, SecretPem, SecretText
from bearerguard.clock import Clock, SystemClock
from bearerguard.environment.variables import Variables
from bearerguard.errors import ConfigurationError
from bearerguard.microsoft import AUTHORITY

TIMEOUT: Final = 5.0
MIN_TIMEOUT: Final = 0.001
MAX_TIMEOUT: Final = 60.0
REPLAY_LIMIT: Final = 16 * 1024 * 1024


class ClientOptions(TypedDict, total=False):
    """Settings of :class:`ClientCredentials` that no preset decides, for those who hand them on."""

    origins: Collection[str] | None
    revocation_endpoint: str | None
    metadata_url: str | None
    timeout: float
    replay_limit: int
    insecure_allow_http: bool
    insecure_any_origin: bool
    transport: Transport | None
    clock: Clock


class SigningOptions(ClientOptions, total=False):
    """The same, and how a client with a key signs its assertions."""

    key_id: str | None
    signing_algorithm: str | None
    assertion_audience: str | None


class ClientCredentials(BearerAuth):
    """Authorizes the requests of ``httpx`` clients, sync and async, with one token for all of them.

    ::

        auth = ClientCredentials.entra(tenant_id=…, client_id=…, client_secret=…, resource=…)
        async with httpx.AsyncClient(base_url="https://orders.internal", auth=auth) as orders: ...

    Make one object and keep it: it holds the token. The token is asked for at the first request,
    once, however many wait for it; renewed in the background from 72 to 88 % of its lifetime; and
    used on while that fails, as long as it is good. When an API answers 401 with
    ``error="invalid_token"``, with a claims challenge (``insufficient_claims``), or without any
    error, the token is dropped and the request repeated once. Token requests run on a short-lived
    thread of their own: no event loop is blocked, and a cancelled request or an ended event loop
    does no harm to the others.

    **Credentials that change.** A secret, key, password or certificate may be a function that gives
    the present one, or a file. Both are read for each token request, about once an hour, on a
    thread of their own, so a rotated credential needs no restart. While one cannot be read, the
    token in hand serves, and without one ``TokenRequestError`` says ``credential_unavailable``.

    **Origins.** The token goes to ``origins`` only. Without them it goes to the origin of the first
    request and to no other one from then on; another one is a ``ConfigurationError``, and nothing
    is sent. Name them wherever a URL may come from outside. After a redirect to another origin
    httpx goes on without the token.

    Args:
        token_endpoint: https URL.
        client_id: As registered.
        client_secret: For ``"basic"`` and ``"post"``: text, or a function.
        client_secret_file: The same in a file; a line break at its end does not belong to it.
        client_auth: ``"basic"`` (RFC 6749 §2.3.1), ``"post"`` (parameters of the body),
            ``"private_key_jwt"`` (RFC 7523), or ``"tls_client_auth"`` (RFC 8705 §2): the request
            names the client, and ``transport`` brings the certificate.
        private_key: PEM, or a function, for ``"private_key_jwt"``: RSA, EC or Ed25519.
        private_key_file: The same in a file.
        private_key_password: Of an encrypted PEM: text, or a function.
        certificate: PEM, or a function; its SHA-256 thumbprint is sent (Entra), and RSA keys sign
            with PS256.
        certificate_file: The same in a file.
        client_assertion_file: File with a JWT that a platform issues to this workload, such as a
            projected service-account token, for ``"private_key_jwt"`` in place of a key.
        key_id: ``kid`` of the key, where the server knows several.
        signing_algorithm: Default: PS256 with a certificate, RS256 without, ES256 and its like for
            EC, EdDSA for Ed25519.
        assertion_audience: ``aud`` of assertions; default: the token endpoint. Some servers expect
            their issuer.
        scope: Space-delimited or several; optional (RFC 6749 §3.3).
        audience: For Auth0 and its like.
        resource: Resource indicators (RFC 8707).
        origins: URLs the token may be sent to; only scheme, host and port count.
        revocation_endpoint: Where :meth:`revoke` revokes tokens (RFC 7009), an https URL.
        metadata_url: In its place, the metadata document of the server that names it (RFC 8414 §2).
            A document that names another token endpoint than ``token_endpoint`` is not used.
        timeout: Seconds for one token request, up to 60. A request waits for twice that at most, a
            second try included.
        replay_limit: Octets of a streamed body that are kept in memory for a repetition; 0:
            streamed requests are not repeated.
        insecure_allow_http: Allow ``http://`` on loopback addresses, for the endpoint and for APIs.
        insecure_any_origin: Send the token wherever the program sends a request.
        transport: For the token request only: proxies, own certificate authorities, tests. Closed
            by whoever made it, used on an event loop of this library's own.
        clock: Its monotonic time judges the token's age; assertions carry its wall time.

    Raises:
        ConfigurationError: a setting is wrong, or, while sending, a request goes where the token
            may not.
        TokenRequestError: while sending: no token could be had. Until ``retry_after`` the failure
            is given again at once: 1 to 60 s after a failure that may pass, 1 to 5 min after a
            refusal (``invalid_client`` …).

    Not checked: the token's content and the granted scope, which are for the API to judge.
    """

    def __init__(
        self,
        *,
        token_endpoint: str,
        client_id: str,
        client_secret: SecretText | None = None,
        client_secret_file: SecretPath | None = None,
        client_auth: ClientAuth = "basic",
        private_key: SecretPem | None = None,
        private_key_file: SecretPath | None = None,
        private_key_password: SecretText | None = None,
        certificate: SecretPem | None = None,
        certificate_file: SecretPath | None = None,
        client_assertion_file: SecretPath | None = None,
        key_id: str | None = None,
        signing_algorithm: str | None = None,
        assertion_audience: str | None = None,
        scope: str | Collection[str] | None = None,
        audience: str | None = None,
        resource: str | Collection[str] | None = None,
        origins: Collection[str] | None = None,
        revocation_endpoint: str | None = None,
        metadata_url: str | None = None,
        timeout: float = TIMEOUT,
        replay_limit: int = REPLAY_LIMIT,
        insecure_allow_http: bool = False,
        insecure_any_origin: bool = False,
        transport: Transport | None = None,
        clock: Clock | None = None,
    ) -> None:
        secret, key, password, chain = map(Secret.sealed, (client_secret, private_key, private_key_password, certificate))
        # a crash report prints the variables of a frame
        del client_secret, private_key, private_key_password, certificate
        self._settings: Final = checked_settings(
            token_endpoint=token_endpoint,
            client_id=client_id,
            client_secret=Secret.one_of("client_secret", secret, client_secret_file),
            client_auth=client_auth,
            private_key=Secret.one_of("private_key", key, private_key_file),
            private_key_password=password,
            certificate=Secret.one_of("certificate", chain, certificate_file),
            client_assertion_file=Secret.one_of("client_assertion", None, client_assertion_file),
            key_id=key_id,
            signing_algorithm=signing_algorithm,
            assertion_audience=assertion_audience,
            scope=scope,
            audience=audience,
            resource=resource,
            allow_http=insecure_allow_http,
        )
        _check_transport(transport, client_auth)
        checked_number("timeout", timeout, MIN_TIMEOUT, MAX_TIMEOUT, example="5")
        checked_number("replay_limit", replay_limit, 0, math.inf, example="16 * 1024 * 1024")
        place = RevocationPlace(revocation_endpoint, metadata_url, insecure_allow_http)
        clock, http = SystemClock() if clock is None else clock, BoundedHttp(transport, timeout=timeout)
        self._revocation: Final = Revocation(self._settings, place, http, clock)
        asked, schedule = TokenEndpoint(self._settings, http, clock), Schedule(SystemRandom().random)
        tokens = SharedToken(asked, schedule, clock, time_limit=2 * timeout, endpoint=_shown(token_endpoint))
        allowed = Origins(origins, allow_http=insecure_allow_http, any_origin=insecure_any_origin)
        super().__init__(tokens, allowed, replay_limit=replay_limit)

    @classmethod
    def entra(
        cls,
        *,
        tenant_id: str,
        client_id: str,
        resource: str,
        client_secret: SecretText | None = None,
        client_secret_file: SecretPath | None = None,
        private_key: SecretPem | None = None,
        private_key_file: SecretPath | None = None,
        private_key_password: SecretText | None = None,
        certificate: SecretPem | None = None,
        certificate_file: SecretPath | None = None,
        federated_token_file: SecretPath | None = None,
        authority: str = AUTHORITY,
        **options: Unpack[SigningOptions],
    ) -> Self:
        """For Microsoft Entra ID; see :func:`bearerguard.client.presets.entra`."""
        secret, key, password, chain = map(Secret.sealed, (client_secret, private_key, private_key_password, certificate))
        del client_secret, private_key, private_key_password, certificate
        settings = presets.entra(
            tenant_id=tenant_id,
            client_id=client_id,
            resource=resource,
            client_secret=Secret.one_of("client_secret", secret, client_secret_file),
            private_key=Secret.one_of("private_key", key, private_key_file),
            private_key_password=password,
            certificate=Secret.one_of("certificate", chain, certificate_file),
            federated_token_file=Secret.one_of("federated_token", None, federated_token_file),
            authority=authority,
        )
        return cls._made(settings, options)

    @classmethod
    def auth0(
        cls, *, domain: str, client_id: str, client_secret: SecretText, audience: str, **options: Unpack[ClientOptions]
    ) -> Self:
        """For Auth0; see :func:`bearerguard.client.presets.auth0`."""
        secret = Secret.sealed(client_secret)
        del client_secret
        settings = presets.auth0(domain=domain, client_id=client_id, client_secret=secret, audience=audience)
        return cls._made(settings, options)

    @classmethod
    def from_env(
        cls,
        environ: Mapping[str, str] | None = None,
        *,
        resource: str | None = None,
        private_key_password: SecretText | None = None,
        **options: Unpack[SigningOptions],
    ) -> Self:
        """Settings from the environment; an empty variable counts as missing.

        Any server, where ``BEARERGUARD_TOKEN_ENDPOINT`` is set:

        - ``BEARERGUARD_CLIENT_ID``, and ``BEARERGUARD_CLIENT_SECRET``,
          ``BEARERGUARD_CLIENT_SECRET_FILE``, ``BEARERGUARD_PRIVATE_KEY_FILE`` (PEM) or
          ``BEARERGUARD_CLIENT_ASSERTION_FILE``;
        - optional: ``BEARERGUARD_CLIENT_AUTH`` (``basic``, or ``private_key_jwt`` with a key or an
          assertion), ``BEARERGUARD_SCOPE``, ``BEARERGUARD_AUDIENCE``, ``BEARERGUARD_RESOURCE``;
        - optional with a key: ``BEARERGUARD_PRIVATE_KEY_PASSWORD``,
          ``BEARERGUARD_CERTIFICATE_FILE``, ``BEARERGUARD_KEY_ID``,
          ``BEARERGUARD_SIGNING_ALGORITHM``, ``BEARERGUARD_ASSERTION_AUDIENCE``.

        Else Microsoft Entra ID, where ``AZ_TENANT`` or ``AZURE_TENANT_ID`` is set:

        - ``AZ_RESOURCE``: App ID URI of the API, which Entra demands;
        - ``AZ_CLIENT_ID``, and ``AZ_CLIENT_SECRET``, ``AZ_CLIENT_SECRET_FILE``, or
          ``AZ_PRIVATE_KEY_FILE`` with ``AZ_CERTIFICATE_FILE`` (PEM); optional:
          ``AZ_PRIVATE_KEY_PASSWORD``, ``AZ_AUTHORITY``;
        - or the names of Azure's own libraries: ``AZURE_CLIENT_ID``, and ``AZURE_CLIENT_SECRET``,
          ``AZURE_CLIENT_CERTIFICATE_PATH`` (one PEM with key and certificate) or
          ``AZURE_FEDERATED_TOKEN_FILE`` (workload identity); optional:
          ``AZURE_CLIENT_CERTIFICATE_PASSWORD``, ``AZURE_AUTHORITY_HOST``.

        One credential decides: an ``AZ_`` and an ``AZURE_`` one together are an error, and so are
        several ``AZURE_`` ones, and a tenant, client or authority that differs between them.

        All: ``BEARERGUARD_ORIGINS``, URLs with spaces between them, and
        ``BEARERGUARD_INSECURE_ALLOW_HTTP`` (``1``, for a local issuer: http on loopback addresses).
        What the program gives goes before the variable of that name, such as ``resource=`` where it
        calls several APIs. Files are read again for each token request.

        Raises:
            ConfigurationError: names the variables that are missing, wrong or contradictory.
        """
        variables, password = Variables(os.environ if environ is None else environ), Secret.sealed(private_key_password)
        del environ, private_key_password
        settings = environment(variables, resource)
        if password is not None:
            settings["private_key_password"] = password
        if variables.switch("BEARERGUARD_INSECURE_ALLOW_HTTP"):
            options.setdefault("insecure_allow_http", True)
        if origins := variables.text("BEARERGUARD_ORIGINS"):
            options.setdefault("origins", origins.split())
        return cls._made(settings, options)

    @classmethod
    def _made(cls, settings: TokenOptions, options: ClientOptions) -> Self:
        together: dict[str, Any] = {**settings, **options}
        return cls(**together)

    async def token(self) -> str:
        """The access token, for another HTTP library: ``Authorization: Bearer …``. Never log it.

        Raises:
            TokenRequestError: none could be had.
        """
        return (await self._tokens.get_async()).access_token.reveal()

    def token_sync(self) -> str:
        """As :meth:`token`, blocking this thread where there is no token yet."""
        return self._tokens.get().access_token.reveal()

    def drop(self, token: str) -> bool:
        """Tell that an API refused ``token`` as invalid, so that the next one is asked for.

        Returns:
            Whether trying again makes sense.
        """
        return self._tokens.drop(token)

    async def revoke(self) -> None:
        """Revoke the token in hand (RFC 7009) and forget it; the next request asks for another.

        Without a token in hand nothing is sent. A token request under way goes on. Cancelling this
        leaves the revocation alone.

        Raises:
            ConfigurationError: neither ``revocation_endpoint`` nor ``metadata_url`` was given.
            TokenRequestError: nobody knows whether it is revoked. It stays in hand, to try again.
        """
        await anyio.to_thread.run_sync(self.revoke_sync, abandon_on_cancel=True, limiter=anyio.CapacityLimiter(1))

    def revoke_sync(self) -> None:
        """As :meth:`revoke`, blocking this thread."""
        self._revocation.check()
        held = self._tokens.in_hand
        if held is not None:
            with start_blocking_portal() as portal:  # this thread may have an event loop of its own
                portal.call(self._revocation, held.access_token)
            self._tokens.forget(held.flight)

    def __repr__(self) -> str:
        """Endpoint, client and method; no secret, no token."""
        if not hasattr(self, "_settings"):  # after a wrong setting a crash report prints this, too
            return f"{type(self).__name__}(not built)"
        endpoint, client = _shown(self._settings.token_endpoint), self._settings.authentication
        return f"{type(self).__name__}({endpoint!r}, client_id={client.client_id!r}, client_auth={client.name!r})"


def _shown(url: str) -> str:
    return url.partition("?")[0]  # a query may hold a function's key


def _check_transport(transport: Transport | None, client_auth: str) -> None:
    if client_auth == "tls_client_auth" and transport is None:
        problem = "'tls_client_auth' proves the client by a certificate in the TLS handshake, which is missing"
        raise ConfigurationError("transport", problem, example="httpx.AsyncHTTPTransport(verify=context_with_certificate)")

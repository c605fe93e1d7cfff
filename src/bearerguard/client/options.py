"""Settings that no preset decides, for those who hand them on."""

from collections.abc import Collection
from typing import TypedDict

from bearerguard.client.httpx_auth import Transport
from bearerguard.clock import Clock


class ClientOptions(TypedDict, total=False):
    """Settings of :class:`~bearerguard.client.client_credentials.ClientCredentials` beside those of the token request."""

    origins: Collection[str] | None
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

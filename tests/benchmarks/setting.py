"""What every part of the benchmark shares: a local issuer of Entra v2 tokens, resource servers that trust it, and the unit V."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import httpx
import jwt

from bearerguard import ResourceServer
from bearerguard.testing import LocalIssuer
from bearerguard.token.base64url import decode
from benchmarks.asgi import Caller
from benchmarks.measure import Subject, calling
from benchmarks.raw import raw_verification
from benchmarks.tokens import real_token


def new_issuer(shape: str = "entra_v2", algorithm: str = "RS256", base_url: str = "https://issuer.test") -> LocalIssuer:
    """An issuer whose keys stay fresh for the hour that a benchmark may take."""
    return LocalIssuer(base_url, shape=shape, algorithm=algorithm, cache_control="max-age=3600")


def raw(public_jwk: Mapping[str, Any], token: str, algorithm: str = "RS256") -> Callable[[], object]:
    """The raw verification of a token's signature."""
    message, _, signature = token.encode().rpartition(b".")
    key: Any = jwt.PyJWK(dict(public_jwk), algorithm).key
    return raw_verification(algorithm, key, message, decode(signature))


@dataclass
class Setting:
    """The stage.

    Attributes:
        rounds: How often each subject is measured.
        caller: Runs coroutines and sends requests.
        issuer: Of RS256 tokens.
        token: One of its tokens, with the role ``Read.All``.
    """

    rounds: int
    caller: Caller = field(default_factory=Caller)
    issuer: LocalIssuer = field(default_factory=new_issuer)

    @cached_property
    def token(self) -> str:
        return real_token(self.issuer)

    @cached_property
    def unit(self) -> Subject:
        """V, the raw verification of an RS256 signature by a key of 2048 bits."""
        return calling(raw(self.issuer.signing_key.public_jwk(), self.token))

    def server(self, issuer: LocalIssuer | None = None, **settings: Any) -> ResourceServer:
        """A resource server as users set it up, its keys fetched."""
        trusted = issuer or self.issuer
        server = ResourceServer(trusted.trusted(), trusted.audiences, transport=httpx.ASGITransport(trusted), **settings)
        self.caller.run(server.warm_up())
        return server

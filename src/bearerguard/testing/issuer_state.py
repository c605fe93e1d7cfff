"""What a local issuer holds: what twins share, and what changes when it moves."""

from collections import Counter
from dataclasses import dataclass

from starlette.types import ASGIApp

from bearerguard.clock import Clock
from bearerguard.testing.faults import Endpoint, Faults
from bearerguard.testing.key_ring import KeyRing
from bearerguard.testing.shape import Document
from bearerguard.testing.token_store import TokenStore


@dataclass(frozen=True, slots=True)
class Operations:
    """What one operator runs, for one issuer or for several kinds of token.

    Attributes:
        keys: Sign, and are published.
        faults: What is wrong at the moment.
        requests: How often each endpoint was asked.
        clock: Times of tokens.
        tokens: Opaque tokens, and tokens that are no longer active.
    """

    keys: KeyRing
    faults: Faults
    requests: Counter[Endpoint]
    clock: Clock
    tokens: TokenStore


@dataclass(frozen=True, slots=True)
class Address:
    """Where an issuer answers. An issuer that moves gets another one.

    Attributes:
        base_url: Where it is reached.
        documents: Its metadata documents; its tokens belong to the first.
        app: Serves them.
    """

    base_url: str
    documents: tuple[Document, ...]
    app: ASGIApp

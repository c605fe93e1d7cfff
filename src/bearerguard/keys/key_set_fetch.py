"""Fetches an issuer's key set: metadata if needed, then the keys, by a conditional request."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from bearerguard.clock import NEVER, PAST, Clock, instant
from bearerguard.issuers.issuer import Issuer
from bearerguard.keys.discovery import MAX_METADATA, NO_ENDPOINTS, Endpoints, read_endpoints, read_jwks_uri, told_with_the_place
from bearerguard.keys.fetch import Fetcher, FetchFailed
from bearerguard.keys.jwk_set import JWKSet, UnusableKeySet, read_key_set
from bearerguard.strict_json import NotStrictJson, parse_object

MAX_KEY_SET: Final = 512 * 1024
METADATA_KEPT_FOR: Final = 86_400.0


@dataclass(frozen=True, slots=True)
class Validators:
    """What a conditional GET sends (RFC 9110 §13.1). They belong to one URL and one document.

    Attributes:
        url: The URL.
        headers: Request headers.
        lifetime: What the issuer said of caching, in seconds. It still holds after a 304 that says
            nothing (RFC 9111 §4.3.4).
    """

    url: str
    headers: Mapping[str, str]
    lifetime: float | None = None


@dataclass(frozen=True, slots=True)
class FetchedKeys:
    """A key set as the issuer sent it.

    Attributes:
        key_set: ``None`` when the issuer confirmed the one that the validators belong to (304).
        lifetime: Seconds it may be used for, as the issuer says; ``None`` where it says nothing.
        validators: For the next time.
        endpoints: Those that the issuer's metadata names.
    """

    key_set: JWKSet | None
    lifetime: float | None
    validators: Validators
    endpoints: Endpoints = NO_ENDPOINTS


class KeySetFetch:
    """Fetches one issuer's key set.

    Args:
        issuer: Where the keys are.
        fetcher: Shared by all issuers of a resource server.
        clock: Decides when metadata is asked for again.
    """

    def __init__(self, issuer: Issuer, fetcher: Fetcher, clock: Clock) -> None:
        self._issuer = issuer
        self._fetcher = fetcher
        self._clock = clock
        self._located = issuer.jwks_uri
        self._located_until = PAST if issuer.jwks_uri is None else NEVER
        self._in_doubt = False
        self._endpoints = NO_ENDPOINTS

    async def __call__(self, validators: Validators | None, /) -> FetchedKeys:
        """Fetch the set.

        Raises:
            FetchFailed: metadata or keys could not be had; metadata is asked for again next time.
        """
        jwks_uri = await self._locate()
        held = validators if validators is not None and validators.url == jwks_uri else Validators(jwks_uri, {})
        self._in_doubt = self._issuer.metadata_url is not None  # until the keys have come
        fetched = await self._fetch_keys(held)
        self._in_doubt = False
        return fetched

    async def _locate(self) -> str:
        """The URL of the keys. After a failed key fetch the metadata is asked again.

        If only the metadata fails then, the URL that it named before is kept.
        """
        kept = None if instant(self._clock).has_reached(self._located_until) else self._located
        if kept is not None and not self._in_doubt:
            return kept
        try:
            body = await self._fetch_metadata()
            self._located, self._endpoints = read_jwks_uri(self._issuer, body), read_endpoints(self._issuer, body)
        except FetchFailed:
            if kept is None:
                raise
            return kept
        self._located_until = instant(self._clock).after(METADATA_KEPT_FOR)
        return self._located

    async def _fetch_metadata(self) -> bytes:
        try:
            metadata = await self._fetcher.get(self._issuer.metadata_url or "", limit=MAX_METADATA)
        except FetchFailed as failure:
            raise told_with_the_place(self._issuer, failure) from None
        return metadata.body or b""

    async def _fetch_keys(self, held: Validators) -> FetchedKeys:
        document = await self._fetcher.get(held.url, limit=MAX_KEY_SET, validators=held.headers)
        if document.body is None:
            lifetime = held.lifetime if document.lifetime is None else document.lifetime
            return FetchedKeys(None, lifetime, Validators(held.url, document.validators, lifetime), self._endpoints)
        try:
            key_set = read_key_set(parse_object(document.body, spoiled_members_are_null=True))
        except (NotStrictJson, UnusableKeySet) as why:
            raise FetchFailed("invalid", f"key set: {why}") from None
        validators = Validators(held.url, document.validators, document.lifetime)
        return FetchedKeys(key_set, document.lifetime, validators, self._endpoints)

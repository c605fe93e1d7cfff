"""Who calls: honest callers, and floods of everything that has to be refused; and what each may get at which moment."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bearerguard.testing import LocalIssuer, SigningKey
from soak.weather import Weather

_POOL: Final = 50


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of request.

    Attributes:
        name: For the table.
        weight: How many of them there are among all.
        authorization: Makes the header; ``None`` sends none.
        expected: The answers that are right at this moment, as status and code.
        target: What is asked for.
    """

    name: str
    weight: int
    authorization: Callable[[], str | None]
    expected: Callable[[], frozenset[str]]
    target: str = "/orders"


class Tokens:
    """Makes tokens of the issuers as they are now."""

    def __init__(self, weather: Weather) -> None:
        self._weather = weather
        self._foreign = SigningKey("ES256")
        self._stranger = LocalIssuer("https://stranger.test", algorithm="ES256")
        self._pools: dict[str, list[str]] = {}
        self._old = self.fresh()

    def _minted(self, **changes: Any) -> str:
        return f"Bearer {self._weather.main.mint('reader', key=self._weather.signs_with, **changes)}"

    def remembered(self) -> str:
        """One of few, which come again and again; new ones after the key has changed."""
        pool = self._pools.setdefault(self._weather.signs_with.kid or "", [])
        if len(pool) < _POOL:
            pool.append(self.fresh())
        return random.choice(pool)  # noqa: S311  a load, not a secret

    def fresh(self) -> str:
        """A token that nobody has seen."""
        return self._minted()

    def of_the_old_key(self) -> str:
        """Signed by the key that is withdrawn on the way."""
        return self._old

    def expired(self) -> str:
        """Long over."""
        return self._minted(lifetime=-3600)

    def for_another_api(self) -> str:
        """Good, and not for us."""
        return self._minted(audience="api://billing")

    def of_a_stranger(self) -> str:
        """Of an issuer that nobody trusts."""
        return f"Bearer {self._stranger.mint()}"

    def forged(self) -> str:
        """Under the name of a key that is published."""
        return f"Bearer {self._weather.main.mint('reader', key=self._foreign, header={'kid': self._weather.signs_with.kid})}"

    def of_a_made_up_key(self) -> str:
        """Each of another one: to make the API fetch."""
        kid = f"{random.getrandbits(64):x}"
        return f"Bearer {self._weather.main.mint('reader', key=self._foreign, header={'kid': kid})}"

    def of_the_late_issuer(self) -> str:
        """Its issuer is down at the start."""
        return f"Bearer {self._weather.late.mint('reader')}"

    def of_the_slow_issuer(self) -> str:
        """Its issuer takes its time."""
        return f"Bearer {self._weather.slow.mint('reader')}"


def _nothing() -> None:
    """No header."""


def _always(*answers: str) -> Callable[[], frozenset[str]]:
    expected = frozenset(answers)
    return lambda: expected


def kinds(weather: Weather) -> Sequence[Kind]:
    """All of them."""
    tokens = Tokens(weather)
    return (
        Kind("remembered token", 40, tokens.remembered, _always("200")),
        Kind("new token", 10, tokens.fresh, _always("200")),
        Kind("token of the key that is withdrawn", 3, tokens.of_the_old_key, weather.of_the_old_key),
        Kind("token of the issuer that is down at first", 3, tokens.of_the_late_issuer, weather.of_the_late_issuer),
        Kind("token of the slow issuer", 2, tokens.of_the_slow_issuer, _always("200")),
        Kind("no role", 4, tokens.remembered, _always("403 missing_role"), "/admin"),
        Kind("public", 4, _nothing, _always("200"), "/health"),
        Kind("no token", 4, _nothing, _always("401 missing_token")),
        Kind("expired", 4, tokens.expired, _always("401 token_expired")),
        Kind("for another API", 4, tokens.for_another_api, _always("401 wrong_audience")),
        Kind("unknown issuer", 5, tokens.of_a_stranger, _always("401 unknown_issuer")),
        Kind("forged", 5, tokens.forged, _always("401 invalid_signature")),
        Kind("made-up key", 15, tokens.of_a_made_up_key, _always("401 unknown_key")),
        Kind("not a token", 4, lambda: "Bearer " + "x" * 40, _always("401 opaque_token")),
        Kind("malformed header", 2, lambda: "Bearer", _always("400 malformed_authorization")),
        Kind("dot segments", 2, tokens.remembered, _always("400 malformed_path"), "/health/../orders"),
    )

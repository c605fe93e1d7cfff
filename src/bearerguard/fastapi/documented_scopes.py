"""Scopes as an issuer wants them requested, which is not always how its tokens hold them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final

_ALL_GRANTED: Final = "/.default"


@dataclass(frozen=True, slots=True)
class ScopeNames:
    """How the scopes of one API are written.

    Attributes:
        api: Put before each scope, with a slash; empty where issuers want none.
        given: Scopes that the developer offers, with a description. One that ends in a slash and a
            scope's name says how that scope is written.
    """

    api: str = ""
    given: Mapping[str, str] = field(default_factory=dict)

    def of_user(self, scopes: Collection[str]) -> tuple[str, ...]:
        """For a token that acts for a person."""
        return tuple(map(self._written, scopes))

    def of_application(self, scopes: Collection[str]) -> tuple[str, ...]:
        """For an application's own token: where scopes are prefixed, all that it was granted.

        Source: https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow
        """
        return (self._all_granted(),) if self.api else self.of_user(scopes)

    def offered(self, named: Mapping[str, str], *, for_application: bool) -> dict[str, str]:
        """What a flow offers: all that operations name, and what the developer gives.

        Where scopes are prefixed, a person can sign in only for a scope: without any, for all that
        was granted.
        """
        given = {name: text for name, text in self.given.items() if not (self.api and for_application) or _is_all(name)}
        offered = {**named, **given}
        if self.api and not offered:
            offered = {self._all_granted(): ""}
        return dict(sorted(offered.items()))

    def _written(self, scope: str) -> str:
        if scope in self.given:
            return scope
        longer = [name for name in self.given if name.endswith(f"/{scope}")]
        if len(longer) == 1:
            return longer[0]
        return f"{self.api}/{scope}" if self.api else scope

    def _all_granted(self) -> str:
        return next(filter(_is_all, self.given), f"{self.api}{_ALL_GRANTED}")


def _is_all(name: str) -> bool:
    return name.endswith(_ALL_GRANTED)

"""A person's browser at a local issuer, and the application that sent it there."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl, urlsplit

import httpx

from bearerguard.testing import LocalIssuer
from bearerguard.testing.authorization_codes import challenge_of

CALLBACK: Final = "http://127.0.0.1:8000/docs/oauth2-redirect"
VERIFIER: Final = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"  # RFC 7636 appendix B
REQUEST: Final[Mapping[str, str]] = {
    "response_type": "code",
    "client_id": "browser",
    "redirect_uri": CALLBACK,
    "state": "a state & more",
    "code_challenge": challenge_of(VERIFIER),
    "code_challenge_method": "S256",
}
REDEMPTION: Final[Mapping[str, str]] = {
    "grant_type": "authorization_code",
    "client_id": "browser",
    "redirect_uri": CALLBACK,
    "code_verifier": VERIFIER,
}


@dataclass
class Browser:
    """One browser with its cookies. ``address`` is where its requests come from."""

    issuer: LocalIssuer
    address: tuple[str, int] = ("127.0.0.1", 50000)
    http: httpx.AsyncClient = field(init=False)

    def __post_init__(self) -> None:
        self.http = httpx.AsyncClient(transport=httpx.ASGITransport(self.issuer, client=self.address))

    async def open(self, _extra: Mapping[str, str] | None = None, /, **changes: str | None) -> httpx.Response:
        """The authorization endpoint; ``None`` leaves a parameter of ``REQUEST`` out."""
        wanted = {**REQUEST, **(_extra or {}), **changes}
        return await self.http.get(
            self.issuer.authorization_endpoint, params={name: value for name, value in wanted.items() if value is not None}
        )

    async def choose(self, page: httpx.Response, **fields: str) -> httpx.Response:
        """Press a button of the page."""
        return await self.http.post(self.issuer.authorization_endpoint, data={"ticket": ticket_of(page), **fields})

    async def sign_in(self, user: str, **changes: str | None) -> dict[str, str]:
        """The answer that the application gets."""
        return answer_of(await self.choose(await self.open(**changes), user=user))

    async def redeem(self, code: str, **changes: str | None) -> httpx.Response:
        """The code at the token endpoint; ``None`` leaves a parameter of ``REDEMPTION`` out."""
        form = {**REDEMPTION, "code": code, **changes}
        return await self.http.post(
            self.issuer.token_endpoint, data={name: value for name, value in form.items() if value is not None}
        )


def ticket_of(page: httpx.Response) -> str:
    """The hidden field of the page."""
    found = re.search(r'name="ticket" value="([^"]+)"', page.text)
    assert found is not None, page.text
    return found[1]


def answer_of(response: httpx.Response) -> dict[str, str]:
    """The parameters with which a browser is sent back."""
    assert response.status_code == 303, response.text
    parts = urlsplit(response.headers["location"])
    return dict(parse_qsl(parts.query or parts.fragment))

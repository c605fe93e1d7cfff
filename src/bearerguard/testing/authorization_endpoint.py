"""The authorization endpoint: a person chooses a user, the application gets a code.

Source: RFC 6749 §4.1. Nobody stays signed in: each request is answered on the page.
"""

import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

from cachetools import TTLCache
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from bearerguard.clock import Clock
from bearerguard.testing.authorization_codes import AuthorizationCodes, Grant
from bearerguard.testing.authorization_request import (
    AddressRefused,
    AuthorizationRequest,
    Parameters,
    RequestRefused,
    ReturnAddress,
    authorization_request,
    return_address,
    told,
)
from bearerguard.testing.exposure import is_from_this_machine
from bearerguard.testing.form import read_short_form
from bearerguard.testing.html import NOT_REUSED
from bearerguard.testing.local_client import LocalClient
from bearerguard.testing.local_user import LocalUser
from bearerguard.testing.shape import Shape
from bearerguard.testing.sign_in_page import refusal_page, sign_in_page
from bearerguard.testing.token_refusal import Reason, TokenRefused

COOKIE: Final = "bearerguard_sign_in"
_A_COOKIE: Final = re.compile(r"[A-Za-z0-9_-]{43}")
_PAGE_LIFETIME: Final = 600.0
_MOST_PAGES: Final = 1000
_LONGEST_FORM: Final = 4096


@dataclass(frozen=True, slots=True)
class SignIn:
    """What a sign-in of one issuer depends on.

    Attributes:
        shape: Whose parameters.
        audiences: APIs that tokens may be asked for; the first is the default.
        clients: Applications by id.
        users: People by id.
        codes: Where codes come from.
        clock: Judges the age of a page.
    """

    shape: Shape
    audiences: tuple[str, ...]
    clients: Mapping[str, LocalClient]
    users: Mapping[str, LocalUser]
    codes: AuthorizationCodes
    clock: Clock

    def grant(self, request: AuthorizationRequest, user: LocalUser) -> Grant:
        """What this user grants: of the requested scopes those that the user has."""
        asked, shape = request.requested, self.shape
        has = tuple(user.scopes) if "user" in shape.scopes_of else ()
        return Grant(
            request.address.client.id,
            request.address.redirect_uri,
            request.challenge,
            user,
            shape.audience(asked.audience or self.audiences[0], self.audiences),
            tuple(scope for scope in has if asked.scopes is None or scope in asked.scopes),
            request.wants_id_token,
            request.nonce,
        )

    def check(self, request: AuthorizationRequest) -> None:
        """Whether anybody could grant it.

        Raises:
            RequestRefused: the API or a scope is unknown.
        """
        asked = request.requested
        if asked.audience is not None and asked.audience not in self.audiences:
            raise told(TokenRefused(Reason.UNKNOWN_RESOURCE, asked.audience))
        registered = [client.scopes for client in self.clients.values()] + [user.scopes for user in self.users.values()]
        unknown = sorted(set(asked.scopes or ()).difference(*registered))
        if unknown:
            raise told(TokenRefused(Reason.INVALID_SCOPE, " ".join(unknown)))


class AuthorizationEndpoint:
    """Shows the page, and takes its answer.

    A sign-in needs no secret, so it answers this machine alone. The page's answer counts in the
    browser that was given the page, once: another site can neither send it nor show the page in a
    frame.

    Args:
        sign_in: Users, applications, codes.
        url: Where it is.
        issuer: ``iss`` of its answers.
    """

    def __init__(self, sign_in: SignIn, url: str, issuer: str) -> None:
        self._sign_in = sign_in
        self._place = urlsplit(url)
        self._issuer = issuer
        self._pages: TTLCache[str, tuple[AuthorizationRequest, str]] = TTLCache(
            _MOST_PAGES, _PAGE_LIFETIME, timer=sign_in.clock.monotonic
        )

    async def __call__(self, request: Request) -> Response:
        """The page or, to its answer, the way back to the application."""
        if not is_from_this_machine(request, self._place.hostname):
            return refusal_page("Signing in is possible on this machine alone.", HTTPStatus.FORBIDDEN)
        return await self._answered(request) if request.method == "POST" else self._asked(request)

    def _asked(self, request: Request) -> Response:
        try:
            parameters = Parameters(request.scope["query_string"])
            address = return_address(parameters, self._sign_in.clients)
        except AddressRefused as problem:
            return refusal_page(str(problem))
        try:
            asked = authorization_request(parameters, address, self._sign_in.shape)
            self._sign_in.check(asked)
        except RequestRefused as refused:
            return self._back(address, refused.members)
        held = request.cookies.get(COOKIE, "")
        browser = held if _A_COOKIE.fullmatch(held) else secrets.token_urlsafe(32)
        ticket = secrets.token_urlsafe(32)
        self._pages[ticket] = asked, browser
        response = sign_in_page(asked, tuple(self._sign_in.users.values()), ticket)
        secure = self._place.scheme == "https"
        response.set_cookie(COOKIE, browser, path=self._place.path, httponly=True, samesite="lax", secure=secure)
        return response

    async def _answered(self, request: Request) -> Response:
        form = await read_short_form(request, _LONGEST_FORM) or {}
        asked, browser = self._pages.pop(form.get("ticket", ""), (None, ""))
        held = request.cookies.get(COOKIE, "")
        if asked is None or not hmac.compare_digest(browser.encode(), held.encode()):
            return refusal_page("This page was answered before, is too old, or was opened in another browser: begin again.")
        user = self._sign_in.users.get(form.get("user", ""))
        if user is None:
            return self._back(asked.address, {"error": "access_denied", "error_description": "The user cancelled"})
        return self._back(asked.address, {"code": self._sign_in.codes.issue(self._sign_in.grant(asked, user))})

    def _back(self, address: ReturnAddress, members: Mapping[str, str]) -> Response:
        """303, so that the browser never sends the form on (RFC 9700 §4.12)."""
        url = address.with_answer(members, self._issuer)
        return RedirectResponse(url, HTTPStatus.SEE_OTHER, headers=NOT_REUSED)

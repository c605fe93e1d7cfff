"""What a person sees who signs in: one button for each user, without scripts."""

from collections.abc import Sequence
from typing import Final

from starlette.responses import HTMLResponse

from bearerguard.testing.authorization_request import AuthorizationRequest
from bearerguard.testing.html import page, text
from bearerguard.testing.local_user import LocalUser
from bearerguard.testing.redirect_uris import source_of

TITLE: Final = "Sign in"
_HEADINGS: Final = "".join(f'<th scope="col">{heading}</th>' for heading in ("User", "Id", "Roles", "Scopes"))


def sign_in_page(request: AuthorizationRequest, users: Sequence[LocalUser], ticket: str) -> HTMLResponse:
    """The users to choose from.

    Args:
        request: What the application asks for.
        users: Who can sign in.
        ticket: Leads the answer back to the request.
    """
    address = request.address
    asked = request.requested.scopes
    scopes = "all scopes of the user" if asked is None else ", ".join(asked) or "none"
    body = (
        "<p>There are no passwords: choose who you are. Tab and Enter work, too.</p>"
        f"<dl><dt>Application</dt><dd>{text(address.client.id)}</dd><dt>Scopes</dt><dd>{text(scopes)}</dd>"
        f"<dt>The answer goes to</dt><dd>{text(address.redirect_uri)}</dd></dl>"
        f'<form method="post" autocomplete="off"><input type="hidden" name="ticket" value="{text(ticket)}">'
        f"<table><thead><tr>{_HEADINGS}</tr></thead>"
        f"<tbody>{''.join(_row(number, user) for number, user in enumerate(users))}</tbody></table>"
        '<button name="cancel" value="1">Cancel</button></form>'
    )
    return page(TITLE, body, answers_to=source_of(address.redirect_uri))


def refusal_page(problem: str, status: int = 400) -> HTMLResponse:
    """Why nobody can sign in this way."""
    return page("Sign-in is not possible", f'<p class="failed">{text(problem)}</p>', status)


def _row(number: int, user: LocalUser) -> str:
    first = " autofocus" if number == 0 else ""
    return (
        f'<tr><td><button name="user" value="{text(user.id)}" aria-describedby="roles-{number} scopes-{number}"{first}>'
        f"{text(user.name or user.id)}</button></td><td>{text(user.id)}</td>"
        f'<td id="roles-{number}">{text(", ".join(user.roles) or "none")}</td>'
        f'<td id="scopes-{number}">{text(", ".join(user.scopes) or "none")}</td></tr>'
    )

"""The frame of the pages that a local issuer shows to people.

It is plain HTML that needs neither scripts nor a mouse.
"""

from html import escape
from typing import Final

from starlette.responses import HTMLResponse

_STYLE: Final = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 1rem; color: #1a1a1a; background: #fff }
.development { background: #fff3cd; border: 1px solid #b58900; padding: .5rem 1rem }
label { display: block; font-weight: 600; margin-top: 1rem }
textarea, input, select { width: 100%; box-sizing: border-box; font: 14px/1.4 ui-monospace, monospace; padding: .5rem }
button { font: inherit; padding: .5rem 1.5rem; margin-top: 1rem }
td button { margin: 0 } tr:has(button) > td { vertical-align: middle }
table { border-collapse: collapse; width: 100% }
td, th { text-align: left; vertical-align: top; border-bottom: 1px solid #ddd; padding: .3rem .6rem .3rem 0 }
td { overflow-wrap: anywhere }
th, td:first-child { overflow-wrap: normal; white-space: nowrap }
pre { background: #f6f6f6; padding: 1rem; overflow-x: auto }
.passed, .accepted { color: #14622c } .failed, .refused { color: #a31515; font-weight: 600 } .not, .undecided { color: #6b5900 }
"""
NOT_REUSED: Final = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
_SECURITY: Final = {**NOT_REUSED, "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY"}


def page(title: str, body: str, status: int = 200, *, answers_to: str = "") -> HTMLResponse:
    """A whole page.

    Args:
        title: Plain text.
        body: HTML; whatever came from outside was escaped by ``text``.
        status: Of the response.
        answers_to: Origin that the answer to a form of the page may redirect to.
    """
    document = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{text(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head><body>'
        '<p class="development">For development only: this is a local issuer, and anyone who reaches it gets tokens.</p>'
        f"<main><h1>{text(title)}</h1>{body}</main></body></html>"
    )
    policy = f"{_POLICY} {answers_to}".rstrip()
    return HTMLResponse(document, status, headers={**_SECURITY, "Content-Security-Policy": policy})


def text(value: str) -> str:
    """Text, escaped for HTML. A lone surrogate, which JSON may hold, is shown as ``?``."""
    return escape(value.encode(errors="replace").decode())

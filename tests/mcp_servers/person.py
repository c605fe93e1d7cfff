"""A person with a browser, as far as the authorization server can tell."""

from urllib.parse import parse_qs, urlsplit

import httpx


def agree(authorization_url: str, *, name: str = "alice") -> str:
    """Open the authorization page, sign in, agree to everything; where the browser is sent in the end."""
    with httpx.Client(trust_env=False) as browser:
        response = browser.get(authorization_url, params={**_query(authorization_url), "login_hint": name})
        origin = urlsplit(authorization_url).netloc
        for _ in range(10):
            target = str(response.next_request.url) if response.next_request else ""
            if urlsplit(target).netloc != origin:
                break
            response = browser.get(target)
        assert target, response.text
        return target


def parameters(url: str) -> dict[str, str]:
    """The query of a URL."""
    return _query(url)


def _query(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}

"""A token goes to the origins it is meant for, over https (RFC 6750 §5.3, RFC 9700 §2.3)."""

from collections.abc import Collection
from typing import Final, TypeAlias
from urllib.parse import urlsplit

from bearerguard.checks import checked_url, url_problem
from bearerguard.errors import ConfigurationError
from bearerguard.events import logger

Origin: TypeAlias = tuple[str, str, int]
"""Scheme, host and port (RFC 6454 §4)."""

_ORIGINS: Final = "origins"
_PORTS: Final = {"http": 80, "https": 443}
_EXAMPLE: Final = 'origins=["https://orders.internal"]'


class Origins:
    """Decides whether a request may carry the token.

    Without ``origins`` the first request decides: the token is meant for that origin and for no
    other one.

    Args:
        origins: URLs; only scheme, host and port count.
        allow_http: Also ``http://`` on loopback addresses.
        any_origin: Let it go wherever the program sends a request; never over http, never along
            with a redirect.

    Raises:
        ConfigurationError: one of them is not an https URL.
    """

    def __init__(self, origins: Collection[str] | None, *, allow_http: bool, any_origin: bool) -> None:
        if isinstance(origins, str) or (origins is not None and not origins):
            raise ConfigurationError("origins", f"expected a list of URLs, got {origins!r}", example=_EXAMPLE)
        if any_origin:
            if origins is not None:
                raise ConfigurationError("insecure_any_origin", "it contradicts origins=", example=_EXAMPLE)
            logger.warning("insecure_any_origin is on: the access token goes wherever the program sends a request")
        self._allow_http = allow_http
        self._any_origin = any_origin
        # the first request fills it in one step, so that no lock is needed
        self._meant: dict[str, frozenset[Origin]] = {}
        if origins is not None:
            self._meant[_ORIGINS] = frozenset(self._parsed(url) for url in origins)

    def check(self, scheme: str, host: str, port: int | None) -> None:
        """Accept the origin of a request.

        Args:
            scheme: In lower case.
            host: In lower case, ASCII, an IPv6 address without brackets.
            port: ``None`` for the scheme's own.

        Raises:
            ConfigurationError: the token is not meant for it. The request is not sent.
        """
        origin = (scheme, host, port or _PORTS.get(scheme, 0))
        if origin in self._meant.get(_ORIGINS, ()):
            return
        url = _text(origin)
        problem = url_problem(url, allow_http=self._allow_http)
        if problem:
            raise ConfigurationError("origins", f"a token is not sent to {url}: {problem}", example=_EXAMPLE)
        if self._any_origin:
            return
        meant = self._meant.setdefault(_ORIGINS, frozenset({origin}))
        if origin not in meant:
            named = ", ".join(sorted(map(_text, meant)))
            raise ConfigurationError(
                "origins",
                f"the token is meant for {named}, and the request goes to {url}; send it with auth=None, or allow it",
                example=f'origins=["{url}"]',
            )

    def allows(self, scheme: str, host: str, port: int | None) -> bool:
        """Whether :meth:`check` accepts this origin, from which an answer came."""
        try:
            self.check(scheme, host, port)
        except ConfigurationError:
            return False
        return True

    def _parsed(self, url: object) -> Origin:
        parts = urlsplit(checked_url("origins", url, example=_EXAMPLE, allow_http=self._allow_http))
        return (parts.scheme, parts.hostname or "", parts.port or _PORTS[parts.scheme])


def _text(origin: Origin) -> str:
    scheme, host, port = origin
    bracketed = f"[{host}]" if ":" in host else host
    return f"{scheme}://{bracketed}" if port == _PORTS.get(scheme) else f"{scheme}://{bracketed}:{port}"

"""httpx, and httpx2 where it is installed: one object serves the clients of both.

Their classes have the same names and the same behaviour, and each library asks by ``isinstance``
for its own. So what is handed to them is of both.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

import httpx


def _installed() -> tuple[Any, ...]:
    try:
        httpx2 = import_module("httpx2")
    except ImportError:  # httpx is the declared dependency
        return (httpx,)
    # after httpx2.alias_httpx() both names mean one module
    return tuple(dict.fromkeys((httpx, httpx2)))


LIBRARIES: Final = _installed()


def of_any(name: str) -> Any:
    """The class of that name in each library, as a tuple."""
    return tuple(getattr(library, name) for library in LIBRARIES)


def library_of(request: object) -> Any:
    """The library whose client sends ``request``."""
    return next((library for library in LIBRARIES if isinstance(request, library.Request)), httpx)


if TYPE_CHECKING:
    import httpx2

    class Auth(httpx.Auth, httpx2.Auth):  # type: ignore[misc]  # each names its own requests
        """Authorizes the requests of clients of both."""

    SyncByteStream = httpx.SyncByteStream
    AsyncByteStream = httpx.AsyncByteStream
else:
    Auth = type("Auth", of_any("Auth"), {})
    SyncByteStream = type("SyncByteStream", of_any("SyncByteStream"), {})
    AsyncByteStream = type("AsyncByteStream", of_any("AsyncByteStream"), {})

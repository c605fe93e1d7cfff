"""The one reading of a request's path, made before any rule sees it.

Servers tell the path in two ways: with the ``root_path`` in front (ASGI HTTP 2.5, uvicorn) and
without (hypercorn, granian, daphne, proxies that strip). Frameworks take ``root_path`` off, each in
its own way, and some route by ``raw_path``. Here the three are made to agree, in the scope that the
application is given, so that all of them see the path that was judged.
"""

import re
from typing import Final
from urllib.parse import quote

from starlette.types import Scope

from bearerguard import error_codes as codes
from bearerguard.errors import ConfigurationError, InvalidRequest, show

_PATH_CHARACTERS: Final = "/:@!$&'()*+,;="  # RFC 3986 §3.3: what stands for itself in a path
_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f\ufffd]")
_DOT_SEGMENT: Final = re.compile(r"(?:^|[/\\])\.\.?(?:[/\\]|$)")  # RFC 3986 §3.3


def route_path(scope: Scope, root_path: str | None = None) -> str:
    """What lies behind the root path; afterwards ``path`` in the scope begins with ``root_path``.

    A root path that is not a whole-segment prefix of the path is put in front of it. It is never
    cut out of the middle, or off the middle of a segment.

    Args:
        scope: Of the request; changed in place.
        root_path: What the application takes off, if that is known; it takes the place of the
            scope's, which the server, and with daphne the caller, has set.
    """
    given: str = scope.get("root_path") or ""
    wanted = given if root_path is None else root_path
    path: str = scope["path"]
    beneath = path
    root = "/" + wanted.strip("/") if wanted.strip("/") else ""
    for prefix in (wanted, root):  # uvicorn puts what it is given in front as it is, "/api/" and "api"
        if prefix and (path == prefix or path.startswith(prefix + "/")):
            beneath = path[len(prefix) :]
            break
    if root != given:
        scope["root_path"] = root
    if root + beneath != path:
        scope["path"] = root + beneath
        scope["raw_path"] = raw(root + beneath)
    return beneath


def check(path: str) -> None:
    """Refuses paths that applications are known to read otherwise than rules do.

    Control characters and U+FFFD end a path, or stand for what could not be decoded. Clients remove
    the segments ``.`` and ``..`` (RFC 3986 §5.2.4), so anyone who sends one means it: an
    application that hands requests on would walk out of the row that was judged. On Windows a
    backslash ends a segment, too.

    Raises:
        InvalidRequest: the path has one of these.
    """
    expected = ""
    if _CONTROL.search(path):
        expected = "a path without control characters and U+FFFD"
    elif _DOT_SEGMENT.search(path):
        expected = "a path without the segments . and .."
    if expected:
        raise InvalidRequest(codes.MALFORMED_PATH, expected=expected, actual=path, at="path")


def check_root_path(root_path: object) -> None:
    """Refuses an option that is not a root path.

    Raises:
        ConfigurationError: it is neither ``None`` nor ``""`` nor whole segments behind slashes.
    """
    if root_path is None or root_path == "":
        return
    if not isinstance(root_path, str) or not root_path.startswith("/") or root_path.endswith("/") or "//" in root_path:
        problem = f"expected whole segments, each behind a slash, got {show(root_path)}"
        raise ConfigurationError("root_path", problem, example='"/api"')
    try:
        check(root_path)
    except InvalidRequest as error:
        raise ConfigurationError("root_path", f"expected {error.expected}, got {show(root_path)}", example='"/api"') from None


def raw(path: str) -> bytes:
    """A ``raw_path`` made from the judged path, for applications that route by ``raw_path``."""
    return quote(path, safe=_PATH_CHARACTERS, errors="replace").encode()

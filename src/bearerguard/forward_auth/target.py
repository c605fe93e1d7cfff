"""The path that a request's target names, where everybody who reads it finds the same one.

Between the client and the code that serves a request, the target is read by a proxy, by a server
and by a framework, in any language. They differ in what they decode, merge, resolve and cut off. A
target is judged only if none of that changes it; any other is refused.
"""

import re
from typing import Final
from urllib.parse import unquote_to_bytes

from bearerguard import error_codes as codes
from bearerguard.errors import InvalidRequest

MAX_TARGET: Final = 8192
"""Octets a target may have, the query included; RFC 9110 §4.1 asks servers to support 8000."""

# RFC 3986 §3.3 without ";": Java containers cut path parameters off before they route
_ORIGIN_FORM: Final = re.compile(r"/(?:[A-Za-z0-9._~!$&'()*+,=:@/-]|%[0-9A-Fa-f]{2})*")
_DOT_SEGMENT: Final = re.compile(r"(?:^|/)\.\.?(?:/|$)")
_COOKIELESS: Final = re.compile(r"/\((?:[A-Za-z]\([^()/]*\))+\)(?:/|$)")  # ASP.NET cuts "/(S(id))" off; CVE-2023-36899
_UNSAFE: Final = re.compile("[\x00-\x1f\x7f-\x9f\ufffd]")
# once decoded, each of these ends a path or a segment for somebody, or is decoded once more
_READ_DIFFERENTLY: Final = "\\;?#%"


def path_of(target: str) -> str:
    """The decoded path of a target in origin form (RFC 9112 §3.2.1).

    Args:
        target: As the client sent it, or as the proxy will hand it on; with its query.

    Raises:
        InvalidRequest: it has another form, or a path that is read in more than one way.
    """
    raw = target.partition("?")[0]
    expected = _problem(raw) if len(target) <= MAX_TARGET else f"a target of at most {MAX_TARGET} octets"
    if not expected:
        try:
            path = unquote_to_bytes(raw).decode()
        except UnicodeDecodeError:
            expected = "a path in UTF-8"
        else:
            expected = _problem_once_decoded(path)
    if expected:
        raise InvalidRequest(codes.MALFORMED_PATH, expected=expected, actual=raw, at="target")
    return path


def _problem(raw: str) -> str:
    if not _ORIGIN_FORM.fullmatch(raw):
        return "a path that begins with a slash and has only characters of RFC 3986 section 3.3, without semicolons"
    if "//" in raw:
        return "a path without empty segments"
    if "%2f" in raw.lower():
        return "a path without encoded slashes"
    return ""


def _problem_once_decoded(path: str) -> str:
    if _UNSAFE.search(path):
        return "a path without control characters and U+FFFD"
    if _DOT_SEGMENT.search(path):
        return "a path without the segments . and .."
    if _COOKIELESS.search(path):
        return "a path without a session in parentheses"
    if any(character in path for character in _READ_DIFFERENTLY):
        return "a path in which none of \\ ; ? # % is encoded"
    return ""

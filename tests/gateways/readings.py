"""Every path that a service may find in the target that it got: what proxies, servers and frameworks are known to do.

Written without the library's own rules, to hold what was served against the policy.
"""

import re
from collections.abc import Callable, Iterator
from typing import Final
from urllib.parse import unquote, urlsplit

_ROUNDS: Final = 4


def _without_dots(path: str) -> str:
    """RFC 3986 §5.2.4."""
    kept: list[str] = []
    for segment in path.split("/")[1:]:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    last = path.rsplit("/", 1)[-1]
    return "/" + "/".join(kept) + ("/" if last in {".", ".."} and kept else "")


_STEPS: Final[tuple[Callable[[str], str], ...]] = (
    unquote,
    lambda path: path.replace("\\", "/"),
    lambda path: re.sub("//+", "/", path),
    lambda path: re.sub(";[^/]*", "", path),
    lambda path: path.partition("?")[0],
    lambda path: path.partition("#")[0],
    lambda path: path.partition("\x00")[0],
    _without_dots,
)


def readings(target: str) -> Iterator[str]:
    """The paths, each once, with what is left encoded among them."""
    found = {target.partition("?")[0], target.partition("?")[0].partition("#")[0]}
    if not target.startswith("/"):
        found.add(urlsplit(target).path)
    for _ in range(_ROUNDS):
        found |= {step(path) for path in found for step in _STEPS}
    yield from sorted(path for path in found if path.startswith("/"))

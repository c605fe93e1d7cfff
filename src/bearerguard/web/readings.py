"""Every way in which an application may read the path of a request.

Rules name paths letter by letter. Applications that read paths themselves ignore doubled and
trailing slashes, take a backslash for a slash (on Windows), decode once more, or look for the root
path where it is not. A request that rules treat differently in two such readings is refused.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, unquote

from starlette._utils import get_route_path
from starlette.types import Scope

from bearerguard.web.destination import Destination
from bearerguard.web.path_reader import PathReader

NO_PATH: Final = ""
"""A path that no rule names."""

_SLASHES: Final = re.compile("//+")


def is_plain(path: str) -> bool:
    """Whether slashes and encoding leave only one way to read a path."""
    return not (path.endswith("/") or "//" in path or "\\" in path or "%" in path)


def spellings(path: str) -> set[str]:
    """A path, and what is left of it where what means nothing to some is left out."""
    found = {path}
    if "%" in path:
        found.add(unquote(path))
    found |= {one.replace("\\", "/") for one in found}
    found |= {_SLASHES.sub("/", one) for one in found}
    return found | {one.rstrip("/") or "/" for one in found}


@dataclass(frozen=True, slots=True)
class Request:
    """A request whose path is judged.

    Attributes:
        scope: As the application gets it.
        path: What lies behind the root path, named as rules name paths.
        found: What serves it.
        reader: How that reads paths.
        find: What serves another path.
    """

    scope: Scope
    path: str
    found: Destination
    reader: PathReader
    find: Callable[[str], Destination | None]

    @property
    def root_path(self) -> str:
        """What lies in front of ``path``."""
        return self.scope.get("root_path") or ""

    @property
    def full(self) -> str:
        """The whole path."""
        return self.scope["path"]  # type: ignore[no-any-return]

    def readings(self) -> Iterator[str]:
        """Where the root path is beyond doubt."""
        if self.found.reads_paths_itself:
            yield from self._by_the_application()
        for prefix in (*self.found.prefixes, self.reader.prefix.rstrip("/")):
            if prefix and self.full.startswith(prefix + "/"):
                other = self.full[len(prefix) :]
                there = self.find(other)
                if there is not None and there.prefixes == self.found.prefixes:
                    yield other

    def _by_the_application(self) -> Iterator[str]:
        own = get_route_path(self.found.scope)  # what it sees, mounts taken off
        mount = self.path.removesuffix(own) if self.path.endswith(own) else ""
        for spelling in spellings(own):
            yield mount + spelling
            for other in self.reader.behind_a_slash(spelling):
                yield from (mount + one for one in spellings(other))
        taken_off = self.found.scope.get("root_path") or ""
        if taken_off and taken_off in own and not self.reader.takes_off_root_path:
            yield mount + own.replace(taken_off, "", 1)  # once by it, once by what it hands the request to
        if self.reader.routes_by_raw_path and quote(taken_off) != taken_off:
            yield mount + self.full  # what is encoded in raw_path is not found there

    def ignores_root_path(self) -> bool:
        """Whether what serves it may see the whole path, and server or caller set the root path."""
        return not self.reader.takes_off_root_path and bool(self._set_by_the_server())

    def without_root_path(self) -> str:
        """What the path is to an application that ignores the root path."""
        # what mounts of Starlette have added to it is beyond doubt
        mount = self.root_path.removeprefix(self._set_by_the_server())
        return self.full[len(mount) :] if self.full.startswith(mount + "/") else NO_PATH

    def cut_in_the_middle(self) -> Iterator[str]:
        """What is left where the root path is looked for anywhere in the path."""
        if self.root_path and self.root_path in self.path:
            yield self.path.replace(self.root_path, "", 1)
            yield self.path.split(self.root_path, 1)[-1]

    def _set_by_the_server(self) -> str:
        set_first: str = self.scope.get("app_root_path", self.root_path)
        return set_first.rstrip("/")

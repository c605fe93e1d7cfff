"""Which tests judge which module, and which of its mutants nothing can tell from the original."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mutation.changes import Change

_UNIT: Final = Path(__file__).resolve().parents[1] / "unit"
_EQUIVALENT: Final = Path(__file__).with_name("equivalent.toml")

ROOMS: Final[dict[str, tuple[str, ...]]] = {
    "token": ("token", "issuers", "introspection/test_judgement.py", "test_resource_server.py", "test_resource_server_keys.py"),
    "authorization": ("authorization", "web/test_request_table.py"),
    "keys/freshness": ("keys",),
    "keys/signatures": ("keys", "token"),
    "introspection": ("introspection", "test_aclose.py", "test_reconfigure.py"),
    "web": ("web", "fastapi", "introspection/test_endpoint_news.py"),
    "forward_auth": ("forward_auth",),
}
"""Room or module of the library, and the tests beneath ``tests/unit`` that judge it."""


@dataclass(frozen=True)
class Subject:
    """A module.

    Attributes:
        name: As it is imported.
        path: Its source.
    """

    name: str
    path: Path

    @property
    def short(self) -> str:
        """``token/claims``: as rooms, results and ``equivalent.toml`` name it."""
        return self.name.removeprefix("bearerguard.").replace(".", "/")


def subjects(package: Path, room: str, wanted: list[str]) -> list[Subject]:
    """The modules of a room; only those whose short name begins with a wanted text, if any is wanted."""
    place = package / room
    paths = sorted(place.glob("*.py")) if place.is_dir() else [place.with_suffix(".py")]
    names = {path: ".".join(["bearerguard", *path.relative_to(package).with_suffix("").parts]) for path in paths}
    every = [Subject(name, path) for path, name in names.items() if path.stem != "__init__"]
    return [subject for subject in every if not wanted or subject.short.startswith(tuple(wanted))]


def judging_files(room: str) -> list[Path]:
    """The files of tests that judge a room."""
    places = [_UNIT / test for test in ROOMS[room]]
    return [file for place in places for file in (sorted(place.glob("test_*.py")) if place.is_dir() else [place])]


def nearest(tests: list[Path], subject: Subject) -> list[Path]:
    """Those that mirror a module: they mostly suffice."""
    return [file for file in tests if file.stem.startswith(f"test_{subject.path.stem.lstrip('_')}")]


def equivalent() -> dict[tuple[str, str, str, str], str]:
    """Module, place, before and after of each mutant that does what the original does, and why."""
    entries = tomllib.loads(_EQUIVALENT.read_text("utf-8")).get("mutant", [])
    return {(entry["module"], entry.get("place", ""), entry["before"], entry["after"]): entry["why"] for entry in entries}


def key(subject: Subject, change: Change) -> tuple[str, str, str, str]:
    """How ``equivalent.toml`` names a mutant: not by its line, which moves."""
    return subject.short, change.place.name, change.before, change.after

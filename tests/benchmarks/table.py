"""Rows of figures beside their aims, as Markdown, and their place in README.md beside this file."""

import platform
import re
import sysconfig
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from benchmarks.measure import Spread

README: Final = Path(__file__).with_name("README.md")
_PLACE: Final = re.compile(r"(<!-- bench -->\n).*?(<!-- /bench -->)", re.DOTALL)
_PACKAGES: Final = (
    *("cryptography", "PyJWT", "cachetools", "starlette", "fastapi", "httpx", "uvicorn", "uvloop", "httptools"),
    *("pybase64", "fastapi-azure-auth", "auth0-fastapi-api", "fastmcp", "authplane-sdk"),
)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table.

    Attributes:
        what: What is compared with what.
        measured: The figure with its spread, or words where there is none.
        unit: Behind the figure, such as ``V``.
        at_most: The aim, where there is one.
        at_least: The aim, where more is better.
    """

    what: str
    measured: Spread | str
    unit: str = ""
    at_most: float | None = None
    at_least: float | None = None

    @property
    def is_met(self) -> bool | None:
        """Whether the median meets the aim; ``None`` where there is no aim or no figure."""
        if isinstance(self.measured, str) or (self.at_most is None and self.at_least is None):
            return None
        if self.at_most is not None:
            return round(self.measured.median, 2) <= self.at_most
        return self.at_least is not None and round(self.measured.median, 2) >= self.at_least

    def markdown(self) -> str:
        """The line."""
        aim = f"≤ {self.at_most:g}" if self.at_most is not None else f"≥ {self.at_least:g}" if self.at_least is not None else ""
        measured = self.measured if isinstance(self.measured, str) else f"{self.measured}"
        verdict = {True: "yes", False: "**no**", None: ""}[self.is_met]
        return f"| {self.what} | {aim} | {measured}{' ' + self.unit if self.unit else ''} | {verdict} |"


@dataclass(frozen=True, slots=True)
class Section:
    """Rows under a title."""

    title: str
    rows: Sequence[Row]


def markdown(sections: Iterable[Section], notes: Sequence[str]) -> str:
    """The whole of it: machine and versions, one table, and what has to be known to read it."""
    lines = [*notes, "", "| | aim | median (range) | met |", "|---|---|---|---|"]
    for section in sections:
        lines += [f"| **{section.title}** | | | |", *(row.markdown() for row in section.rows)]
    return "\n".join(lines) + "\n"


def machine(build: str = "") -> str:
    """Processor and versions.

    Args:
        build: How the interpreter was built, where it does not know itself: Debian's is built with
            profiles (PGO) and shows no sign of it.
    """
    packages = ", ".join(found for name in _PACKAGES if (found := _installed(name)))
    interpreter = f"{platform.python_implementation()} {platform.python_version()} ({build or _build()})"
    return f"{_processor()}; {platform.system()}; {interpreter}; {packages}."


def _build() -> str:
    optimized = "--enable-optimizations" in str(sysconfig.get_config_var("CONFIG_ARGS"))
    return "built with profiles: PGO" if optimized else "built without profiles: no PGO"


def write(text: str) -> bool:
    """Put the text between the page's marks; ``False`` where there are none."""
    readme = README.read_text(encoding="utf-8")
    if not _PLACE.search(readme):
        return False
    README.write_text(_PLACE.sub(lambda found: f"{found[1]}{text}{found[2]}", readme), encoding="utf-8")
    return True


def _installed(name: str) -> str:
    try:
        return f"{name} {version(name)}"
    except PackageNotFoundError:
        return ""


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if not cpuinfo.exists():
        return platform.processor() or platform.machine()
    text = cpuinfo.read_text(encoding="utf-8")
    found = re.search(r"^model name\s*: (.*)$", text, re.MULTILINE)
    return f"{found[1] if found else platform.machine()}, {text.count('processor	:')} cores"

"""The documentation pages, and their parts that are made from elsewhere: code from samples, tables from the library.

``python tests/support/pages.py`` writes those parts anew; ``tests/pages`` holds them equal.
"""

import re
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
README: Final = ROOT / "README.md"
LIBRARY: Final = ROOT / "src" / "bearerguard"
PAGES: Final = (
    *sorted(ROOT.glob("*.md")),
    *sorted(path for folder in ("src", "samples") for path in (ROOT / folder).rglob("*.md") if "node_modules" not in path.parts),
    ROOT / "tests" / "benchmarks" / "README.md",
)
"""Every page a reader may open."""

_LANGUAGES: Final = {".py": "python", ".toml": "toml", ".ini": "ini"}
_SAMPLE: Final = re.compile(r"<!-- (samples/[\w/.]+) -->\n```(?:python|toml|ini)\n(.*?)```", re.DOTALL)
_MADE: Final = re.compile(r"<!-- made: ([\w. ]+) -->\n.*?<!-- /made -->", re.DOTALL)


def text_of(page: Path) -> str:
    """What the page says."""
    return page.read_text(encoding="utf-8")


def name_of(page: Path) -> str:
    """Path of the page in the repository: the id of its tests."""
    return page.relative_to(ROOT).as_posix()


def samples_in(text: str) -> list[tuple[str, str]]:
    """Each code block that names its file, with the file."""
    return _SAMPLE.findall(text)


def renewed(text: str) -> str:
    """The page with its code blocks and tables as they should be."""
    from support.made_parts import made  # it imports the library, which a reader of pages need not have

    text = _SAMPLE.sub(lambda found: _block(found[1]), text)
    return _MADE.sub(lambda found: f"<!-- made: {found[1]} -->\n{made(found[1])}<!-- /made -->", text)


def _block(name: str) -> str:
    file = ROOT / name
    return f"<!-- {name} -->\n```{_LANGUAGES[file.suffix]}\n{text_of(file)}```"


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT / "tests"))
    for each in PAGES:
        each.write_text(renewed(text_of(each)), encoding="utf-8")

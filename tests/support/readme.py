"""The parts of README.md that are made from elsewhere: samples, error codes, public modules.

``python tests/support/readme.py`` writes them anew; the tests hold them equal.
"""

import re
from pathlib import Path
from typing import Final

from bearerguard.error_codes import ALL_CODES
from support.public_modules import PUBLIC_MODULES

ROOT: Final = Path(__file__).resolve().parents[2]
README: Final = ROOT / "README.md"
_LANGUAGES: Final = {".py": "python", ".toml": "toml"}
_SAMPLE: Final = re.compile(r"<!-- (samples/[\w/]+\.(?:py|toml)) -->\n```(?:python|toml)\n(.*?)```", re.DOTALL)
_ERRORS: Final = re.compile(r"(<!-- errors -->\n).*?(<!-- /errors -->)", re.DOTALL)
_PUBLIC: Final = re.compile(r"(<!-- public -->\n).*?(<!-- /public -->)", re.DOTALL)


def samples_in(text: str) -> list[tuple[str, str]]:
    """Each code block that names its file, with the file."""
    return _SAMPLE.findall(text)


def error_reference() -> str:
    """A Markdown table of every code, in the order of its definition."""
    rows = [f"| `{code.code}` | {code.status} | {code.cause} | {code.remedy} |" for code in ALL_CODES]
    return "\n".join(["| code | status | when | what to do |", "|---|---|---|---|", *rows]) + "\n"


def public_modules_sentence() -> str:
    """The modules that users may import from."""
    *others, last = [f"`{name}`" for name in PUBLIC_MODULES]
    return f"Import from {', '.join(others)} and {last}. Every other module is private and may change in any release.\n"


def renewed(text: str) -> str:
    """README with the parts as they should be."""
    text = _SAMPLE.sub(lambda found: _block(found[1]), text)
    text = _PUBLIC.sub(lambda found: f"{found[1]}{public_modules_sentence()}{found[2]}", text)
    return _ERRORS.sub(lambda found: f"{found[1]}{error_reference()}{found[2]}", text)


def _block(name: str) -> str:
    file = ROOT / name
    return f"<!-- {name} -->\n```{_LANGUAGES[file.suffix]}\n{file.read_text()}```"


if __name__ == "__main__":
    README.write_text(renewed(README.read_text()))

"""Links lead somewhere, and every page can be reached."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from support.pages import PAGES, README, ROOT, name_of, text_of

LINK: Final = re.compile(r"\]\(([^)\s]+)\)")
CODE: Final = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)


def _links(page: Path) -> Iterator[tuple[Path, str]]:
    """File and anchor of each relative link."""
    for target in LINK.findall(CODE.sub("", text_of(page))):
        if "://" not in target:
            path, _, anchor = target.partition("#")
            yield (page.parent / path).resolve() if path else page, anchor


def _anchors(text: str) -> set[str]:
    """As GitHub names headings."""
    headings = re.findall(r"^#+ +(.+?) *$", CODE.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    links = list(_links(page))

    assert [str(file) for file, _ in links if not file.exists()] == []
    assert [anchor for file, anchor in links if anchor and anchor not in _anchors(text_of(file))] == []


def test_no_heading_is_there_twice_on_a_page() -> None:
    """The second would have another anchor."""
    headings = {name_of(page): re.findall(r"^#+ .+$", CODE.sub("", text_of(page)), re.MULTILINE) for page in PAGES}
    headings.pop("CHANGELOG.md")  # sections of each release are named alike

    assert {name: found for name, found in headings.items() if len(set(found)) < len(found)} == {}


def test_every_page_can_be_reached_from_readme() -> None:
    reached, waiting = {README}, [README]
    while waiting:
        for file, _ in _links(waiting.pop()):
            if file in PAGES and file not in reached:
                reached.add(file)
                waiting.append(file)

    assert set(PAGES) - reached == set()


def test_the_package_page_has_no_relative_link() -> None:
    """A package index shows the README without the repository around it."""
    settings = tomllib.loads(text_of(ROOT / "pyproject.toml"))["tool"]["hatch"]["metadata"]["hooks"]["fancy-pypi-readme"]
    text = text_of(README)
    for substitution in settings["substitutions"]:
        text = re.sub(substitution["pattern"], substitution["replacement"], text)

    assert "](" in text_of(README)
    assert [target for target in LINK.findall(CODE.sub("", text)) if "://" not in target] == []

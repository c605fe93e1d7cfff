"""SECURITY.md names tests and packages that are there."""

import re
from collections import deque
from importlib.metadata import requires
from typing import Final

from packaging.requirements import Requirement

from support.pages import ROOT, text_of

SECURITY: Final = text_of(ROOT / "SECURITY.md")


def _table_below(heading: str) -> str:
    found = re.search(rf"^## {heading}\n(.*?)(?=^##|\Z)", SECURITY, re.DOTALL | re.MULTILINE)
    assert found is not None
    return "\n".join(line for line in found[1].splitlines() if line.startswith("|"))


def test_every_promise_names_tests_that_exist() -> None:
    promises = re.findall(r"^\| (\d+)\. .*\| (.*) \|$", _table_below("What is promised"), re.MULTILINE)

    assert [int(number) for number, _ in promises] == list(range(1, len(promises) + 1))
    for number, held_by in promises:
        tests = re.findall(r"`(tests/[\w/]+\.py)`", held_by)
        assert tests, number
        assert [name for name in tests if not (ROOT / name).is_file()] == [], number


def test_every_package_of_an_installation_is_explained() -> None:
    """With every version of Python that is supported, and without extras."""
    explained = re.findall(r"^\| `([\w-]+)` \|", _table_below("Supply chain"), re.MULTILINE)

    assert set(explained) == _packages_of("bearerguard")


def _packages_of(name: str) -> set[str]:
    found: set[str] = set()
    waiting = deque([Requirement(name)])
    while waiting:
        needed = waiting.popleft()
        for line in requires(needed.name) or ():
            requirement = Requirement(line)
            extras = ("", *needed.extras)
            if requirement.name.lower() not in found and any(_applies(requirement, extra) for extra in extras):
                found.add(requirement.name.lower().replace("_", "-"))
                waiting.append(requirement)
    return found


def _applies(requirement: Requirement, extra: str) -> bool:
    environment = {"extra": extra, "python_version": "3.11", "python_full_version": "3.11.0"}
    return requirement.marker is None or requirement.marker.evaluate(environment)


def test_every_insecure_setting_is_in_the_table_of_defaults() -> None:
    source = "".join(text_of(path) for path in (ROOT / "src").rglob("*.py"))
    settings = set(re.findall(r"\binsecure_[a-z_]+(?=: bool)", source))

    assert settings
    assert {name for name in settings if f"`{name}=True`" not in _table_below("Defaults")} == set()

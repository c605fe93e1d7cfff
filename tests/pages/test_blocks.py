"""Code, tables and output that pages show are those of the files and objects they come from."""

import re
from pathlib import Path

import pytest

from support.pages import PAGES, README, ROOT, name_of, renewed, samples_in, text_of

MOST_LINES_OF_README = 250


def test_readme_has_at_most_250_lines() -> None:
    assert len(text_of(README).splitlines()) <= MOST_LINES_OF_README


@pytest.mark.parametrize("command", ['pip install ".[serve]" && python samples/quickstart.py', "pip install tox && tox"])
def test_the_two_commands_can_be_pasted(command: str) -> None:
    assert f"```console\n{command}\n```" in text_of(README)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_what_is_made_from_elsewhere_is_as_it_is_there(page: Path) -> None:
    """``python tests/support/pages.py`` writes it anew."""
    assert renewed(text_of(page)) == text_of(page)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_block_of_python_or_toml_is_a_file_that_tests_run(page: Path) -> None:
    blocks = re.findall(r"^```(?:python|toml|ini)\n(.*?)^```", text_of(page), re.DOTALL | re.MULTILINE)

    assert blocks == [block for _, block in samples_in(text_of(page))]


def test_readme_shows_samples() -> None:
    assert len(samples_in(text_of(README))) > 3


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_block_says_what_it_is(page: Path) -> None:
    fences = re.findall(r"^```(.*)$", text_of(page), re.MULTILINE)

    assert set(fences[::2]) <= {"console", "json", "python", "text", "toml", "ini"}
    assert set(fences[1::2]) <= {""}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_command_names_a_program_that_is_there(page: Path) -> None:
    text = text_of(page)
    files = re.findall(r"\bpython ((?:samples|tests)/[\w/.]+\.py)", text)
    modules = re.findall(r"\bpython -m (samples[\w.]*)", text) + re.findall(r"\buvicorn (samples[\w.]*):app", text)
    places = [ROOT / name for name in files] + [_file_of(name) for name in modules]

    assert [place for place in places if not place.exists()] == []


def _file_of(module: str) -> Path:
    path = ROOT.joinpath(*module.split("."))
    return path / "__main__.py" if path.is_dir() else path.with_suffix(".py")


def test_what_a_program_prints_is_what_it_printed_when_it_was_tested() -> None:
    """The golden files are held to the programs by ``tests/samples``."""
    golden = [text_of(path) for path in (ROOT / "tests" / "samples").glob("*.txt")]
    shown = [table for page in PAGES for table in re.findall(r"```text\n(caller .*?)```", text_of(page), re.DOTALL)]

    assert shown
    assert [text for text in shown if not any(text in whole for whole in golden)] == []

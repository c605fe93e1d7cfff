"""What users may import, and that samples and pages import nothing else."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Final

import pytest

from support.pages import PAGES, ROOT, name_of, text_of
from support.public_modules import PUBLIC_MODULES, public_names

LAZY: Final = ("bearerguard", "bearerguard.testing")
PACKAGES: Final = (*LAZY, "bearerguard.issuers")


def names_of(module: str) -> set[str]:
    return set(public_names(module))


def imported_by(code: str) -> Iterator[tuple[str, str]]:
    """Module and name of each import from this library; an empty name for a module as a whole."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "bearerguard":
            yield from ((node.module or "", alias.name) for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names if alias.name.split(".")[0] == "bearerguard")


def is_public(module: str, name: str) -> bool:
    if f"{module}.{name}" in PUBLIC_MODULES:
        return True
    return module in PUBLIC_MODULES and (not name or name in names_of(module))


@pytest.mark.parametrize("module", PUBLIC_MODULES)
def test_every_public_name_is_there(module: str) -> None:
    if module == "bearerguard.mcp":
        pytest.importorskip("mcp", reason="`tox -e mcp` runs this test, too")
    assert [name for name in names_of(module) if not hasattr(import_module(module), name)] == []


@pytest.mark.parametrize("module", LAZY)
def test_type_checkers_see_the_same_names(module: str) -> None:
    file = Path(str(import_module(module).__file__))
    body = ast.parse(file.read_text(encoding="utf-8")).body
    checked = next(node for node in body if isinstance(node, ast.If))
    seen = {alias.name for node in checked.body if isinstance(node, ast.ImportFrom) for alias in node.names}

    assert seen == names_of(module)


@pytest.mark.parametrize("module", PACKAGES)
def test_an_unknown_name_is_an_attribute_error(module: str) -> None:
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        import_module(module).nonsense  # noqa: B018


ELSEWHERE: Final = ("require", "CurrentPrincipal", "OptionalPrincipal", "document_security")


@pytest.mark.parametrize("name", ELSEWHERE)
def test_a_name_of_another_package_is_not_there_and_an_import_says_where_it_is(name: str) -> None:
    """What looks around, such as a documentation tool, asks with ``hasattr`` and ``getattr``."""
    package = import_module("bearerguard")
    place = f"from bearerguard.fastapi import {name}"

    assert not hasattr(package, name)
    assert getattr(package, name, None) is None
    with pytest.raises(AttributeError, match=place):
        getattr(package, name)
    with pytest.raises(ImportError, match=place):
        exec(f"from bearerguard import {name}", {})  # noqa: S102  the statement is what is tested


@pytest.mark.parametrize("module", PACKAGES)
def test_dir_lists_every_public_name(module: str) -> None:
    assert names_of(module) <= set(dir(import_module(module)))


@pytest.mark.parametrize("first", ["import bearerguard.client.client_credentials", "from bearerguard import ClientCredentials"])
def test_the_requirement_client_keeps_its_name_whatever_is_imported_first(first: str) -> None:
    """The room ``client/`` has the same name."""
    code = f"{first}\nimport bearerguard\nprint(bearerguard.client('billing').permits)"

    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("module", PACKAGES)
def test_nothing_heavy_is_loaded_before_it_is_used(module: str) -> None:
    code = f"import sys, {module}; print([name for name in ('starlette', 'httpx', 'jwt', 'cryptography') if name in sys.modules])"

    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def _files_of_samples() -> list[Path]:
    return sorted((ROOT / "samples").rglob("*.py"))


def test_samples_import_public_names_alone() -> None:
    imports = [(file.name, *found) for file in _files_of_samples() for found in imported_by(file.read_text(encoding="utf-8"))]

    assert [(file, module, name) for file, module, name in imports if not is_public(module, name)] == []


@pytest.mark.parametrize("page", [pytest.param(page, id=name_of(page)) for page in PAGES])
def test_pages_name_public_names_alone(page: Path) -> None:
    """Imports anywhere, and dotted names in backticks: ``bearerguard.testing.LocalIssuer``. Metrics have such names, too."""
    text = text_of(page)
    metrics = set(re.findall(r'"(bearerguard\.[\w.]+)"', (ROOT / "src" / "bearerguard" / "otel.py").read_text(encoding="utf-8")))
    imports = [(module, name) for statement in _import_statements(text) for module, name in imported_by(statement)]
    named = set(re.findall(r"`(bearerguard(?:\.\w+)+)", text)) - metrics
    dotted = [tuple(name.rpartition(".")[::2]) for name in named]

    assert [found for found in (*imports, *dotted) if not is_public(*found)] == []


def _import_statements(text: str) -> Iterator[str]:
    for found in re.finditer(r"\b(from bearerguard[\w.]* import (?:\([^)]*\)|[\w, ]+)|import bearerguard[\w.]*)", text):
        yield found[1].strip().rstrip(",")

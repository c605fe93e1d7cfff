"""The page of MCP servers names what there is."""

import ast
import inspect
import re
from typing import Any, Final, get_type_hints

from support.pages import ROOT

PAGE: Final = (ROOT / "src" / "bearerguard" / "mcp" / "README.md").read_text(encoding="utf-8")


def _first_cells(head: str) -> list[tuple[str, ...]]:
    """The rows of the table below a line."""
    table = PAGE.partition(head)[2].lstrip("\n").partition("\n\n")[0]
    return [tuple(cell.strip().strip("`") for cell in line.split("|")[1:-1]) for line in table.splitlines()[2:]]


def test_every_option_of_protect_is_there_with_its_default(mcp_sdk: Any) -> None:
    from bearerguard.mcp import protect

    parameters = [one for one in inspect.signature(protect).parameters.values() if one.name not in {"app", "options"}]
    shown = {name: default for name, default, _ in _first_cells("`protect(app, …)`")}
    expected = {one.name: "required" if one.default is one.empty else one.default for one in parameters}
    assert {name: text if text == "required" else ast.literal_eval(text) for name, text in shown.items()} == expected


def test_every_option_that_is_handed_on_is_there(mcp_sdk: Any) -> None:
    from bearerguard.mcp.protection import MiddlewareOptions

    (line,) = re.findall(r"^(.*) are handed on to the middleware\.$", PAGE, re.MULTILINE)
    assert set(re.findall(r"`(\w+)`", line)) == set(get_type_hints(MiddlewareOptions))


def test_every_public_name_is_there(mcp_sdk: Any) -> None:
    import bearerguard.mcp

    named = re.findall(r"^\| `(\w+)` \| [^|]+ \|$", PAGE, re.MULTILINE)
    assert set(named) == set(bearerguard.mcp.__all__)

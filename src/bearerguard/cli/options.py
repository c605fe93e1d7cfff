"""Options that several commands share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeAlias

import click

Decorator: TypeAlias = Callable[[Callable[..., Any]], Callable[..., Any]]

EXISTING_FILE: Final = click.Path(exists=True, dir_okay=False, path_type=Path)


def _together(*options: Decorator) -> Decorator:
    """Several options as one decorator; help shows them in this order."""

    def add(function: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(options):
            function = option(function)
        return function

    return add


json_option: Final = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
token_options: Final = _together(
    click.option(
        "--file",
        type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path),
        help="Read the token from this file; - is standard input.",
    ),
    click.option("--env", "variable", metavar="NAME", help="Read the token from this environment variable."),
)
"""Without them the token comes from standard input, or from a prompt on a terminal."""
server_options: Final = _together(
    click.option("--issuer", "issuers", multiple=True, metavar="URL", help="An issuer to trust. May be repeated."),
    click.option("--audience", "audiences", multiple=True, help="An identifier of this API. May be repeated."),
    click.option("--server", metavar="MODULE:API", help="Your own ResourceServer, such as orders.main:api."),
)
"""What a command judges by."""

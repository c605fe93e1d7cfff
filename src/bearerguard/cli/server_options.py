"""The options that name what a command judges by."""

from collections.abc import Callable
from typing import Any

import click


def server_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """``--issuer``, ``--audience`` and ``--server``."""
    function = click.option("--server", metavar="MODULE:API", help="Your own ResourceServer, such as orders.main:api.")(function)
    function = click.option("--audience", "audiences", multiple=True, help="An identifier of this API. May be repeated.")(
        function
    )
    return click.option("--issuer", "issuers", multiple=True, metavar="URL", help="An issuer to trust. May be repeated.")(
        function
    )

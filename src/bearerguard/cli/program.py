"""The program: its commands, and how it ends.

No input ends it with a traceback, and none of its messages echoes a token.
"""

import logging
import os
import re
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Final

import click

from bearerguard.errors import BearerguardError, ConfigurationError

REFUSED: Final = 1
WRONG_USAGE: Final = 2

_COMMANDS: Final = {
    "explain": "Say why a token is accepted or refused, check by check.",
    "doctor": "Examine an issuer, or everything a server trusts.",
    "routes": "List every route of an application and who may call it.",
    "token": "Obtain a token by the client-credentials grant and explain it.",
    "issuer": "Run a local issuer to develop and test against.",
}
_TOKEN: Final = re.compile(r"eyJ[\w-]{4,}|(?i:bearer)[ \t]+\S{8,}|^[\w-]{8,}\.[\w-]{8,}\.[\w-]*$")
_LONGEST_ECHO: Final = 24


class _Commands(click.Group):
    """Imports a command when it is called, so that each starts as fast as it can."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  click's signature
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = import_module(f"bearerguard.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  click's signature
        """From the table above: help imports no command."""
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


@click.command(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80},
    epilog="Tokens and secrets come from standard input, a file, a prompt or the environment, never from an argument.",
)
@click.version_option(package_name="bearerguard")
def program() -> None:
    """Protect APIs with OAuth 2.0 access tokens, and see why a token is refused."""


def run(words: Sequence[str]) -> int:
    """Run one command. Returns its exit code."""
    if any(map(_TOKEN.search, words)):
        return _fail(
            "an argument looks like a token. Arguments are visible to every user of this machine and stay in the "
            "shell's history: pass the token by standard input, --file, or --env."
        )
    logging.getLogger("bearerguard").addHandler(logging.NullHandler())  # what went wrong is printed, once
    try:
        result = program.main(args=list(words), prog_name="bearerguard", standalone_mode=False)
    except click.exceptions.Exit as end:
        return end.exit_code
    except (click.Abort, click.ClickException, BearerguardError) as error:
        return _told(error, words)
    except BrokenPipeError:  # the reader of the output has seen enough
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115  for the interpreter's own last flush
        return REFUSED
    return result if isinstance(result, int) else 0


def _told(error: Exception, words: Sequence[str]) -> int:
    """Say what went wrong. Returns the exit code."""
    if isinstance(error, click.UsageError) and error.ctx is not None:
        sys.stderr.write(error.ctx.get_usage() + "\n")
    if isinstance(error, click.Abort):
        return _fail("interrupted")
    text = error.format_message() if isinstance(error, click.ClickException) else str(error)
    is_usage = isinstance(error, click.ClickException | ConfigurationError)
    return _fail(_without(text, words), WRONG_USAGE if is_usage else REFUSED)


def _fail(problem: str, code: int = WRONG_USAGE) -> int:
    sys.stderr.write(f"bearerguard: {problem}\n")
    return code


def _without(message: str, words: Sequence[str]) -> str:
    """The message without long arguments, which may be secrets; addresses, paths and names of
    modules are not.
    """
    for word in sorted(words, key=len, reverse=True):
        value = word.partition("=")[2] or word
        if len(value) > _LONGEST_ECHO and not re.fullmatch(r"https?://\S+|[\w.]+:[\w.]+|[\w./\\-]+\.\w{1,5}", value):
            message = message.replace(value, "…")
    return message

"""The resource server that a command judges by.

It is the user's own, or one made of ``--issuer`` and ``--audience``.
"""

from collections.abc import Sequence

import anyio
import click

from bearerguard._explain.asked import Asked, ask_about
from bearerguard._explain.decoded import decode_token
from bearerguard._explain.explainer import NO_AUDIENCE, issuers_for
from bearerguard._explain.pasted import read_pasted
from bearerguard.cli.loading import load
from bearerguard.resource_server import ResourceServer


def server_of(
    server: str | None, issuers: Sequence[str], audiences: Sequence[str], text: bytes = b"", *, recognise_issuer: bool = False
) -> ResourceServer | None:
    """The server that the options name; ``None`` where they name none.

    Args:
        server: ``module:name``.
        issuers: Addresses; those of known vendors are configured by their preset.
        audiences: Identifiers of the API.
        text: The token, whose claims fill in the other arguments of a preset.
        recognise_issuer: Trust the token's own issuer where no option names one, to look at its
            signature.

    Raises:
        click.UsageError: the options contradict one another.
    """
    if server is not None:
        if issuers or audiences:
            raise click.UsageError("--server brings its own issuers and audiences: leave --issuer and --audience out.")
        return load("--server", server, ResourceServer)
    decoded = decode_token(read_pasted(text).token)
    if not issuers and recognise_issuer and decoded.text("iss"):
        issuers = [decoded.text("iss")]
    return ResourceServer(issuers_for(issuers, decoded), list(audiences) or NO_AUDIENCE) if issuers else None


def warmed(server: ResourceServer) -> None:
    """Fetch the keys of all issuers that can be reached."""
    anyio.run(server.warm_up)


def asked_about(server: ResourceServer | None, text: bytes) -> Asked | None:
    """What the server's introspection endpoint says of a token that it is asked about.

    Raises:
        click.UsageError: there is no such endpoint.
    """
    introspector = server.connection.introspector if server else None
    if server is None or introspector is None:
        raise click.UsageError("--introspect needs --server, and a ResourceServer with introspection=.")
    token = read_pasted(text).token
    if not token or not server.connection.is_asked_about(token.encode("ascii", "replace")):
        return None  # a JWT goes nowhere before it is verified
    return anyio.run(ask_about, token, introspector)

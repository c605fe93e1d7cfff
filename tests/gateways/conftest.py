"""Each proxy with the sample's configuration, between raw requests and a service that tells what it got."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import httpx
import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from bearerguard import Issuer, PathPolicy, ResourceServer, oidc, role
from bearerguard.forward_auth import forward_auth
from bearerguard.testing import LocalIssuer
from gateways.echo import Echo, echoing
from gateways.proxies import COMMANDS, SECRET, program, running
from support.servers import serve

POLICY = PathPolicy(
    {
        "GET /files": role("Read.All"),
        "POST /files": role("Write.All"),
        "GET /files/{name}": role("Write.All"),
        "GET /files/{name}/public": PathPolicy.PUBLIC,
        "GET /open/{rest:path}": PathPolicy.PUBLIC,
        "OPTIONS /files": PathPolicy.PUBLIC,
        "GET /feed": PathPolicy.OPTIONAL,
        "GET,WEBSOCKET /live": role("Read.All"),
    }
)


@dataclass(frozen=True, slots=True)
class Gateway:
    """A proxy in front of the service.

    Attributes:
        name: Which proxy.
        port: Where clients come.
        echo: The service, which keeps what it got.
        questions: What the proxy asked: headers and body of each question.
    """

    name: str
    port: int
    echo: Echo
    questions: list[tuple[dict[bytes, bytes], bytes]] = field(default_factory=list)


@pytest.fixture(scope="session")
def issuer() -> LocalIssuer:
    """Signs the tokens."""
    return LocalIssuer()


@pytest.fixture(scope="session")
def issuer_that_is_down() -> LocalIssuer:
    """Its tokens are good, and nobody can fetch its keys."""
    return LocalIssuer("https://down.test")


@pytest.fixture(scope="session")
def api(issuer: LocalIssuer, issuer_that_is_down: LocalIssuer) -> Callable[[], ResourceServer]:
    """Trusts both; the keys of the one are given. Each service has one of its own: it runs in a thread of its own."""
    issuers = [Issuer(issuer.issuer, jwks=issuer.jwks()), oidc(issuer_that_is_down.issuer)]
    return lambda: ResourceServer(issuers, "api://orders", transport=httpx.MockTransport(lambda _: httpx.Response(500)))


@pytest.fixture(scope="session")
def bearer(issuer: LocalIssuer) -> Callable[[str], dict[str, str]]:
    """The header of one of the issuer's clients: ``reader``, ``writer``, ``noroles``."""
    return lambda client: {"Authorization": f"Bearer {issuer.mint(client)}"}


@pytest.fixture(scope="session", params=COMMANDS)
def proxy(request: pytest.FixtureRequest) -> str:
    """Name of a proxy whose program is there. ``BEARERGUARD_REQUIRE_GATEWAYS=1`` makes a missing one a failure."""
    name: str = request.param
    if program(name) is None:
        if os.environ.get("BEARERGUARD_REQUIRE_GATEWAYS"):
            pytest.fail(f"BEARERGUARD_REQUIRE_GATEWAYS is set, but {name} is not installed")
        pytest.skip(f"{name} is not installed: apt-get install nginx-light, or tox -e gateways for the others")
    return name


@contextmanager
def standing(
    proxy: str, judge: int, tmp_path_factory: pytest.TempPathFactory, *, patience: str = "12s", edited: Callable[[str], str] = str
) -> Iterator[Gateway]:
    """A proxy that asks at the port ``judge``; see ``running``."""
    folder = tmp_path_factory.mktemp(proxy)
    with (
        echoing() as (echo, service),
        running(proxy, folder, judge=judge, service=service, patience=patience, edited=edited) as started,
    ):
        echo.got.clear()
        yield Gateway(proxy, started.port, echo)


@pytest.fixture(scope="session")
def gateway(proxy: str, api: Callable[[], ResourceServer], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """The proxy, asking a service that is well."""
    questions: list[tuple[dict[bytes, bytes], bytes]] = []
    judge = _overheard(forward_auth(api(), POLICY, proxy=proxy, shared_secret=SECRET), questions)  # type: ignore[arg-type]
    with serve(judge) as url, standing(proxy, int(url.rsplit(":", 1)[1]), tmp_path_factory) as standing_there:
        yield replace(standing_there, questions=questions)


def _overheard(app: ASGIApp, questions: list[tuple[dict[bytes, bytes], bytes]]) -> ASGIApp:
    """The application, with what it is asked written down."""

    async def overhearing(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            body, more = b"", True
            while more:
                message = await receive()
                body += message.get("body", b"")
                more = message.get("more_body", False)
            questions.append((dict(scope["headers"]), body))
        await app(scope, receive, send)

    return overhearing

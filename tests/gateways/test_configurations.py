"""What the lines of the samples are for: without one of them, a hostile request gets at something, and ``check`` sees it."""

import json
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

import pytest

from bearerguard import ResourceServer
from bearerguard.forward_auth import forward_auth
from gateways.conftest import POLICY, Gateway, standing
from gateways.proxies import SECRET, configuration
from gateways.served import check
from gateways.wire import ask
from support.servers import serve

pytestmark = [pytest.mark.gateways, pytest.mark.socket]

SPOOFED: Final = {"Bearerguard-Principal": '{"client_id":"writer"}'}
H2C: Final = {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c", "HTTP2-Settings": "AAMAAABkAARAAAAAAAIAAAAA"}
TRUSTING: Final = {
    "trustForwardHeader: false": "trustForwardHeader: true",
    "    address: 127.0.0.1:8080": "    forwardedHeaders: { insecure: true }\n    address: 127.0.0.1:8080",
}
"""Traefik removes a client's ``X-Forwarded-Uri`` in two places."""


class Weakened(NamedTuple):
    """Lines of a configuration and what is there instead, and the request that gets through."""

    proxy: str
    changes: dict[str, str]
    target: str
    headers: dict[str, str]


WEAKENED: Final = (
    Weakened("nginx", {"proxy_set_header Bearerguard-Principal $principal;": ""}, "/open/x", SPOOFED),
    Weakened("nginx", {'default           "";': "default $http_upgrade;"}, "/open/x", H2C),
    Weakened("caddy", {"request_header @plain -Connection": ""}, "/files", {"Connection": "close, Bearerguard-Principal"}),
    Weakened("traefik", TRUSTING, "/files/x", {"X-Forwarded-Uri": "/open/x"}),
    Weakened("traefik", {'Bearerguard-Secret: ""': 'X-Nothing: ""'}, "/open/x", {}),
    Weakened("envoy", {"- remove: bearerguard-principal": ""}, "/open/x", SPOOFED),
)

HELD: Final = (
    Weakened("caddy", {"request_header -Bearerguard-Principal": ""}, "/open/x", SPOOFED),
    Weakened("traefik", {'Bearerguard-Principal: ""': 'X-Nothing: ""'}, "/open/x", SPOOFED),
    Weakened("traefik", {'Bearerguard_Principal: ""': 'X-Nothing: ""'}, "/open/x", {"Bearerguard_Principal": "x"}),
)
"""Lines whose lack the service makes good, because these proxies tell it of every header."""


@pytest.fixture
def weak(
    proxy: str, weakened: Weakened, api: Callable[[], ResourceServer], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Gateway]:
    """The proxy with the line changed, asking a service that is well."""

    def edited(text: str) -> str:
        for line, instead in weakened.changes.items():
            text = text.replace(line, instead)
        return text

    assert all(any(line in text for text in configuration(proxy)) for line in weakened.changes)
    with (
        serve(forward_auth(api(), POLICY, proxy=proxy, shared_secret=SECRET)) as url,  # type: ignore[arg-type]
        standing(proxy, int(url.rsplit(":", 1)[1]), tmp_path_factory, edited=edited) as gateway,
    ):
        yield gateway


def _each(table: tuple[Weakened, ...]) -> pytest.MarkDecorator:
    names = [f"{one.proxy}: {' and '.join(one.changes)}" for one in table]
    return pytest.mark.parametrize(("proxy", "weakened"), [(one.proxy, one) for one in table], indirect=["proxy"], ids=names)


@_each(WEAKENED)
def test_without_a_line_something_is_served_that_must_not_be(
    weak: Gateway, weakened: Weakened, bearer: Callable[[str], dict[str, str]]
) -> None:
    """So the same requests, which are refused with the sample as it is, show something."""
    headers = bearer("reader") | weakened.headers
    with pytest.raises(AssertionError):
        check(weak, ask(weak.port, weakened.target, headers), "reader", weakened)


@_each(HELD)
def test_without_a_line_the_service_refuses_by_itself(weak: Gateway, weakened: Weakened) -> None:
    reply = ask(weak.port, weakened.target, weakened.headers)

    assert (reply.status, json.loads(reply.body)["code"], weak.echo.taken()) == (400, "forbidden_header", [])

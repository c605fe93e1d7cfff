"""A local issuer that others can reach, and that has secrets everybody knows."""

import logging

import httpx
import pytest

from bearerguard import ResourceServer, entra
from bearerguard.testing import LocalClient, LocalIssuer, stand_in

OWN: LocalClient = LocalClient("reader", "a-secret-of-its-own")


def warnings_of(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]


@pytest.mark.parametrize(
    "base_url",
    [
        "https://issuer.contoso.com",
        "https://test.contoso.com",
        "https://10.1.2.3:9000",
        "https://latest",
        "https://example.com.de",
    ],
)
def test_an_address_that_others_can_reach_is_told(base_url: str, caplog: pytest.LogCaptureFixture) -> None:
    LocalIssuer(base_url)

    (warning,) = warnings_of(caplog)
    assert "noroles, reader, writer" in warning
    assert "reader-secret" not in warning


@pytest.mark.parametrize(
    "base_url",
    [
        "http://127.0.0.1:9000",
        "http://[::1]:9000",
        "http://localhost:9000",
        "https://issuer.test",
        "https://as.example",
        "https://login.example.com",
        "https://sso.localhost",
        "https://issuer.invalid",
    ],
)
def test_loopback_and_reserved_names_are_not_told(base_url: str, caplog: pytest.LogCaptureFixture) -> None:
    """RFC 2606 §2, §3; RFC 6761 §6."""
    LocalIssuer(base_url)

    assert warnings_of(caplog) == []


def test_an_issuer_with_secrets_of_its_own_is_not_told(caplog: pytest.LogCaptureFixture) -> None:
    LocalIssuer("https://issuer.contoso.com", clients=[OWN])

    assert warnings_of(caplog) == []


def test_one_default_secret_among_others_is_told(caplog: pytest.LogCaptureFixture) -> None:
    LocalIssuer("https://issuer.contoso.com", clients=[OWN, LocalClient("writer", "writer-secret")])

    (warning,) = warnings_of(caplog)
    assert "writer" in warning
    assert "reader" not in warning


def test_it_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    issuer = LocalIssuer("https://issuer.contoso.com")
    issuer.move_to("https://other.contoso.com")

    assert len(warnings_of(caplog)) == 1


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("caller", "told"),
    [("192.0.2.7", 1), ("2001:db8::7", 1), ("127.0.0.1", 0), ("::1", 0), ("::ffff:127.0.0.1", 0), ("testclient", 0)],
)
async def test_a_request_from_another_machine_is_told(caller: str, told: int, caplog: pytest.LogCaptureFixture) -> None:
    """A server that listens on every interface, although the base URL says loopback."""
    issuer = LocalIssuer("http://127.0.0.1:9000")

    async with httpx.AsyncClient(transport=httpx.ASGITransport(issuer, client=(caller, 40_000))) as http:
        await http.get(issuer.jwks_uri)
        await http.get(issuer.jwks_uri)

    assert len(warnings_of(caplog)) == told


def test_local_issuers_that_replace_real_ones_in_a_test_are_not_told(caplog: pytest.LogCaptureFixture) -> None:
    api = ResourceServer(entra("808b7ce5-9924-441e-ae53-3e42fd8a6d43"), "api://orders")

    with stand_in(api):
        pass

    assert warnings_of(caplog) == []

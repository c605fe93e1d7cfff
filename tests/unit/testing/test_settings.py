"""What a local issuer may be told."""

from pathlib import Path

import pytest

from bearerguard import errors
from bearerguard.testing import LocalClient, LocalIssuer


def test_two_clients_of_one_id_are_a_configuration_error() -> None:
    with pytest.raises(errors.ConfigurationError) as caught:
        LocalIssuer(clients=[LocalClient("a", "1"), LocalClient("a", "2")])

    assert caught.value.parameter == "clients"


def test_settings_come_from_toml(tmp_path: Path) -> None:
    file = tmp_path / "issuer.toml"
    file.write_text(
        """
        shape = "keycloak"
        audience = ["orders-api", "billing-api"]
        lifetime = 120

        [directory]
        realm = "shop"

        [[clients]]
        id = "billing"
        secret = "billing-secret"
        roles = ["Read.All"]
        scopes = ["orders.read"]
        """
    )

    issuer = LocalIssuer.from_toml(file)

    assert issuer.issuer == "https://issuer.test/realms/shop"
    assert issuer.audiences == ("orders-api", "billing-api")
    assert issuer.lifetime == 120
    assert issuer.clients == {"billing": LocalClient("billing", "billing-secret", roles=("Read.All",), scopes=("orders.read",))}


def test_keywords_win_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "issuer.toml"
    file.write_text('shape = "auth0"\nlifetime = 120\n')

    assert LocalIssuer.from_toml(file, lifetime=60, base_url="https://other.test").lifetime == 60


def test_a_file_without_clients_has_the_usual_ones(tmp_path: Path) -> None:
    file = tmp_path / "issuer.toml"
    file.write_text("")

    assert list(LocalIssuer.from_toml(file).clients) == ["reader", "writer", "noroles", "browser"]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("shape = ", id="no TOML"),
        pytest.param("\xff", id="no UTF-8"),
        pytest.param('colour = "blue"', id="an unknown setting"),
        pytest.param('[[clients]]\nid = "a"\ncolour = "blue"', id="an unknown member of a client"),
        pytest.param('clients = ["a"]', id="a client that is not a table"),
        pytest.param('[directory]\ncolour = "blue"', id="an unknown name of the directory"),
        pytest.param("clients = 7", id="a number of clients"),
    ],
)
def test_a_file_that_cannot_be_used_is_a_configuration_error(tmp_path: Path, text: str) -> None:
    file = tmp_path / "issuer.toml"
    file.write_bytes(text.encode("latin-1"))

    with pytest.raises(errors.ConfigurationError):
        LocalIssuer.from_toml(file)

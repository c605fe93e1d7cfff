"""The applications a local issuer knows."""

from typing import Any

import pytest

from bearerguard import errors
from bearerguard.testing import LocalClient
from bearerguard.testing.local_client import DEFAULT_CLIENTS


def test_without_clients_there_are_a_reader_a_writer_one_without_roles_and_a_browser() -> None:
    assert {client.id: (client.secret, client.roles) for client in DEFAULT_CLIENTS} == {
        "reader": ("reader-secret", ("Read.All",)),
        "writer": ("writer-secret", ("Read.All", "Write.All")),
        "noroles": ("noroles-secret", ()),
        "browser": (None, ()),
    }


def test_no_repr_shows_a_secret() -> None:
    assert "secret" not in repr(LocalClient(id="billing", secret="s3cret"))
    assert "s3cret" not in repr(LocalClient(id="billing", secret="s3cret"))


@pytest.mark.parametrize(
    ("values", "parameter"),
    [
        pytest.param({"id": ""}, "id", id="no id"),
        pytest.param({"id": 7}, "id", id="a number as id"),
        pytest.param({"id": "a", "secret": ""}, "secret", id="an empty secret"),
        pytest.param({"id": "a", "secret": 7}, "secret", id="a number as secret"),
        pytest.param({"id": "a", "roles": "Read.All"}, "roles", id="a text as roles"),
        pytest.param({"id": "a", "roles": [""]}, "roles", id="an empty role"),
        pytest.param({"id": "a", "scopes": {"orders.read": True}}, "scopes", id="a table as scopes"),
        pytest.param({"id": "a", "opaque_tokens": "yes"}, "opaque_tokens", id="a text for a boolean"),
        pytest.param({"id": "a", "public_jwks": ["key"]}, "public_jwks", id="a list as key set"),
        pytest.param({"id": "a", "public_jwks": {"keys": "key"}}, "public_jwks", id="no list of keys"),
    ],
)
def test_a_wrong_value_is_named(values: dict[str, Any], parameter: str) -> None:
    with pytest.raises(errors.ConfigurationError) as caught:
        LocalClient(**values)

    assert caught.value.parameter == parameter

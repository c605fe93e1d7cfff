"""The people of a local issuer."""

from pathlib import Path
from typing import Any

import pytest

from bearerguard import ConfigurationError
from bearerguard.testing import DEFAULT_USERS, LocalIssuer, LocalUser


def test_without_users_there_are_one_who_reads_one_who_writes_and_one_without_role() -> None:
    assert {user.id: (user.roles, user.scopes) for user in DEFAULT_USERS} == {
        "alice": (("Read.All",), ("orders.read",)),
        "bob": (("Read.All", "Write.All"), ("orders.read", "orders.write")),
        "carol": ((), ()),
    }


@pytest.mark.parametrize(
    ("values", "parameter"),
    [
        ({"id": ""}, "id"),
        ({"id": 7}, "id"),
        ({"id": "a", "name": 7}, "name"),
        ({"id": "a", "roles": "Read.All"}, "roles"),
        ({"id": "a", "scopes": [""]}, "scopes"),
    ],
    ids=str,
)
def test_a_wrong_value_is_named(values: dict[str, Any], parameter: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        LocalUser(**values)

    assert caught.value.parameter == parameter


def test_two_users_of_one_id_are_refused() -> None:
    with pytest.raises(ConfigurationError) as caught:
        LocalIssuer(users=[LocalUser("a"), LocalUser("a")])

    assert caught.value.parameter == "users"


def test_a_file_names_users(tmp_path: Path) -> None:
    file = tmp_path / "issuer.toml"
    file.write_text('[[users]]\nid = "dora"\nname = "Dora"\nroles = ["Read.All"]\nscopes = ["orders.read"]\n')

    assert LocalIssuer.from_toml(file).users == {"dora": LocalUser("dora", "Dora", ["Read.All"], ["orders.read"])}


def test_an_unknown_member_of_a_user_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "issuer.toml"
    file.write_text('[[users]]\nid = "dora"\npassword = "x"\n')

    with pytest.raises(ConfigurationError):
        LocalIssuer.from_toml(file)

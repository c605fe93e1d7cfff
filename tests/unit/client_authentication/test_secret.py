"""A secret is given out on purpose only."""

import copy
import json
import pickle
from pathlib import Path

import pytest

from bearerguard.client_authentication.secret import MAX_FILE, Secret, presentable
from bearerguard.errors import ConfigurationError


@pytest.mark.parametrize(
    "show", [repr, str, "{}".format, "{!r:>3}".format, lambda secret: json.dumps(secret, default=repr)], ids=range(5)
)
def test_a_secret_shows_stars(show: object) -> None:
    assert callable(show)
    assert "hunter2" not in show(Secret("hunter2"))


def test_a_secret_is_given_out_by_name() -> None:
    assert Secret("hunter2").reveal() == "hunter2"


@pytest.mark.parametrize("take", [pickle.dumps, copy.copy, copy.deepcopy], ids=["pickle", "copy", "deepcopy"])
def test_a_secret_is_not_carried_off_in_a_pickle_or_a_copy(take: object) -> None:
    assert callable(take)
    with pytest.raises(TypeError):
        take(Secret("hunter2"))


def test_somebody_elses_text_is_presented_without_secrets_on_one_line() -> None:
    text = "bad hunter2\r\n2026-01-01 ERROR forged \x1b[31m\u202eentry"
    assert presentable(text, [Secret("hunter2")]) == "bad *** 2026-01-01 ERROR forged [31m entry"


def test_a_long_text_is_cut() -> None:
    shown = presentable("x" * 100_000)
    assert len(shown) == 501
    assert shown.endswith("…")


def test_a_secret_at_the_cut_is_blotted_out_whole() -> None:
    assert "hunter" not in presentable("x" * 496 + "hunter2", [Secret("hunter2")])


def test_what_is_sealed_stays_as_it_is() -> None:
    secret = Secret("hunter2")
    assert Secret.sealed(secret) is secret
    assert Secret.sealed(None) is None


@pytest.mark.parametrize("value", [7, None, ["hunter2"], b"hunter2"], ids=repr)
def test_only_text_is_revealed(value: object) -> None:
    with pytest.raises(TypeError) as raised:
        Secret(value).reveal()
    assert "hunter2" not in str(raised.value)


@pytest.mark.parametrize("value", ["k\xe9y", "k\xe9y".encode(), bytearray("k\xe9y".encode())], ids=["text", "bytes", "bytearray"])
def test_a_key_may_be_text_or_octets(value: object) -> None:
    assert Secret(value).octets() == "k\xe9y".encode()


@pytest.mark.parametrize("value", [7, ["hunter2"]], ids=repr)
def test_nothing_else_is_a_key(value: object) -> None:
    with pytest.raises(TypeError):
        Secret(value).octets()


def test_a_function_is_called_each_time() -> None:
    numbers = iter("12")
    secret = Secret(lambda: next(numbers))
    assert [secret.current("x").reveal() for _ in range(2)] == ["1", "2"]
    assert (secret.may_change, secret.is_function) == (True, True)


def test_a_file_is_read_each_time(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("1\n")
    secret = Secret.of_file("x", tmp_path / "secret")
    assert secret.current("x").reveal() == "1"
    (tmp_path / "secret").write_text("2")
    assert secret.current("x").reveal() == "2"
    assert (secret.may_change, secret.is_function) == (True, False)


def test_a_file_that_is_not_text_is_told(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"\xff")
    with pytest.raises(ConfigurationError) as raised:
        Secret.of_file("client_secret_file", tmp_path / "secret")
    assert raised.value.parameter == "client_secret_file"


def test_a_file_may_have_64_kib_and_no_more(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"x" * MAX_FILE)
    assert len(Secret.of_file("x", tmp_path / "secret").current("x").reveal()) == MAX_FILE == 65_536
    (tmp_path / "secret").write_bytes(b"x" * (MAX_FILE + 1))
    with pytest.raises(ConfigurationError):
        Secret.of_file("x", tmp_path / "secret")

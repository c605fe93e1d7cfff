"""A secret is given out on purpose only."""

import copy
import json
import pickle

import pytest

from bearerguard.client_authentication.secret import Secret, presentable


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

"""A forked child waits for nothing that only its parent can end."""

import gc
import os
import weakref

import pytest

from bearerguard.after_fork import renew_after_fork
from support.forked import holds_in_a_child

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")


class Renewed:
    forks = 0

    def after_fork(self) -> None:
        self.forks += 1


def test_it_is_told_in_the_child_and_not_in_the_parent() -> None:
    thing = Renewed()
    renew_after_fork(thing)
    assert holds_in_a_child(lambda: thing.forks == 1)
    assert thing.forks == 0


def test_it_is_told_in_the_child_of_a_child() -> None:
    thing = Renewed()
    renew_after_fork(thing)
    assert holds_in_a_child(lambda: holds_in_a_child(lambda: thing.forks == 2))


def test_it_is_not_kept_alive() -> None:
    thing = Renewed()
    renew_after_fork(thing)
    alive = weakref.ref(thing)
    del thing
    gc.collect()
    assert alive() is None
    assert holds_in_a_child(lambda: True)

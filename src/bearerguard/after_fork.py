"""Replaces locks in a forked child: nobody there releases one that another thread held."""

import os
from typing import Final, Protocol
from weakref import WeakSet


class RenewedAfterFork(Protocol):
    """An object that holds a lock, or waits for work that only the parent does."""

    def after_fork(self) -> None:
        """Called in the child, where no other thread runs yet."""
        ...


_living: Final[WeakSet[RenewedAfterFork]] = WeakSet()


def renew_after_fork(thing: RenewedAfterFork) -> None:
    """Have ``thing.after_fork()`` called in each forked child, as long as ``thing`` lives."""
    _living.add(thing)


def _renew() -> None:
    for thing in list(_living):
        thing.after_fork()


if hasattr(os, "register_at_fork"):  # not on Windows, which has no fork
    os.register_at_fork(after_in_child=_renew)

"""Work done in a forked child, while another thread of the parent holds a lock."""

import os
import signal
import threading
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Final

_PATIENCE: Final = 20


def holds_in_a_child(promise: Callable[[], bool]) -> bool:
    """Whether ``promise()`` is true in a forked child. It is not when it raises, nor when it hangs."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # from 3.12 on: of forks in a process with threads
        child = os.fork()
    if child == 0:
        held = False
        try:
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.alarm(_PATIENCE)
            held = promise()
        except BaseException:  # noqa: BLE001  whatever it is, the child must not go on as a test run
            traceback.print_exc()
        finally:
            os._exit(0 if held else 1)
    _, status = os.waitpid(child, 0)
    return status == 0


@contextmanager
def held_by_another_thread(lock: AbstractContextManager[Any]) -> Iterator[None]:
    """For the length of the block."""
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with lock:
            held.set()
            done.wait()

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait()
    try:
        yield
    finally:
        done.set()
        thread.join()

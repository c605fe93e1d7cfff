"""Functions whose code is exchanged have to be found, whatever the tests do with the garbage collector."""

import gc

from mutation.in_place import _functions


def judged(mutant: str) -> str:
    """Stands for a function of the library."""
    return mutant


def test_functions_are_found_after_the_collector_was_told_to_leave_them_out() -> None:
    gc.freeze()
    code = judged.__code__
    assert _functions({code.co_filename})[code.co_filename, "judged", code.co_firstlineno] == [judged]

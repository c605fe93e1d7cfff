"""Names of test cases."""

import re
from typing import Final

_ADDRESS: Final = re.compile(r" at 0x[0-9a-f]+")


def stable_repr(value: object) -> str:
    """``repr`` without memory addresses: every process must name a case alike, or pytest-xdist refuses to share them out."""
    return _ADDRESS.sub("", repr(value))

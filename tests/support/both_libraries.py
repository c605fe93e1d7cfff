"""httpx, and httpx2 where it is installed: what holds for clients of the one holds for clients of the other."""

from collections.abc import Callable
from typing import Any, Final

import httpx
import pytest

from bearerguard.client.http_libraries import LIBRARIES

EACH_LIBRARY: Final = pytest.mark.parametrize("library", LIBRARIES, ids=[library.__name__ for library in LIBRARIES])
"""Runs a test for each installed library, which it gets as ``library``."""


def answering(library: Any, handler: Callable[[Any], httpx.Response]) -> Any:
    """A ``MockTransport`` of that library around a handler that answers in httpx."""

    def answer(request: Any) -> Any:
        response = handler(request)
        return library.Response(response.status_code, headers=response.headers.multi_items(), content=response.content)

    return library.MockTransport(answer)

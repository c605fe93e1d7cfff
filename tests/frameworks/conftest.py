"""The frameworks are no requirement of the other tests: what is missing is skipped, or failed where all are required."""

import os
from collections.abc import Callable
from importlib import import_module
from typing import Any

import pytest

from bearerguard import Issuer, ResourceServer
from bearerguard.testing import LocalIssuer


@pytest.fixture(scope="session")
def needed() -> Callable[[str], Any]:
    """Imports a module. ``BEARERGUARD_REQUIRE_FRAMEWORKS=1`` turns the skip for a missing one into a failure."""

    def load(name: str) -> Any:
        try:
            return import_module(name)
        except ImportError as error:
            if os.environ.get("BEARERGUARD_REQUIRE_FRAMEWORKS"):
                pytest.fail(f"BEARERGUARD_REQUIRE_FRAMEWORKS is set, but {error}")
            pytest.skip(str(error))

    return load


@pytest.fixture(scope="module")
def issuer() -> LocalIssuer:
    """Signs the tokens; a module's own fixture of this name takes its place."""
    return LocalIssuer()


@pytest.fixture(scope="module")
def api(issuer: LocalIssuer) -> ResourceServer:
    """Trusts ``issuer``; its keys are given, so nothing is fetched."""
    return ResourceServer(Issuer(issuer.issuer, jwks=issuer.jwks()), "api://orders")

"""An application on a real loopback socket."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from starlette.applications import Starlette

from bearerguard import ConfigurationError
from bearerguard.testing import LocalIssuer, Loopback
from bearerguard.testing.loopback import StartFailed

pytestmark = pytest.mark.socket


def _get(url: str) -> httpx.Response:
    return httpx.get(url, trust_env=False)


def test_an_issuer_is_reached_at_the_place_it_was_built_for() -> None:
    with Loopback() as place:
        issuer = LocalIssuer(place.base_url)
        place.serve(issuer)

        assert _get(issuer.metadata_url).json()["issuer"] == place.base_url


def test_nothing_answers_once_the_block_has_ended() -> None:
    with Loopback() as place:
        place.serve(LocalIssuer(place.base_url))

    with pytest.raises(httpx.ConnectError):
        _get(place.base_url)


def test_a_place_may_be_left_unused() -> None:
    with Loopback() as place:
        assert place.base_url.startswith("http://127.0.0.1:")


def test_a_place_serves_one_application() -> None:
    with Loopback() as place:
        place.serve(Starlette())

        with pytest.raises(ConfigurationError) as caught:
            place.serve(Starlette())

    assert caught.value.parameter == "app"


def test_an_application_that_does_not_start_is_an_error() -> None:
    @asynccontextmanager
    async def without_a_database(_app: Starlette) -> AsyncIterator[None]:
        raise RuntimeError("no database")
        yield

    with Loopback() as place, pytest.raises(StartFailed):
        place.serve(Starlette(lifespan=without_a_database))


def test_a_missing_server_is_a_configuration_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvicorn", None)

    with Loopback() as place, pytest.raises(ConfigurationError) as caught:
        place.serve(Starlette())

    assert caught.value.parameter == "uvicorn"

"""A forked child has the token of its parent, and waits neither for its locks nor for its requests."""

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from bearerguard import ClientCredentials
from bearerguard.testing import FakeClock, LocalIssuer
from support.both_libraries import EACH_LIBRARY
from support.forked import held_by_another_thread, holds_in_a_child
from support.held_up_endpoint import HeldUpEndpoint, settled, shared
from support.raw_server import json_answer, raw_server
from support.servers import serve
from support.token_endpoint_stub import API, StubApi

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")


def test_a_child_has_the_token_of_its_parent(clock: FakeClock, endpoint: HeldUpEndpoint) -> None:
    tokens = shared(clock, endpoint)
    tokens.get()
    assert holds_in_a_child(lambda: tokens.get().access_token.reveal() == "token-1" and len(endpoint.asked) == 1)


def test_a_child_renews_the_token_by_itself(clock: FakeClock, endpoint: HeldUpEndpoint) -> None:
    tokens = shared(clock, endpoint)
    tokens.get()
    settled()

    def renewed() -> bool:
        clock.advance(1000)
        return tokens.get().access_token.reveal() == "token-2"

    assert holds_in_a_child(renewed)
    assert tokens.get().access_token.reveal() == "token-1"


@pytest.mark.parametrize("wait", ["sync", "async"])
def test_a_child_that_is_forked_during_a_token_request_asks_anew(clock: FakeClock, endpoint: HeldUpEndpoint, wait: str) -> None:
    """The thread that asks is the parent's: in the child its answer never comes."""
    tokens = shared(clock, endpoint)
    endpoint.open.clear()
    waiting = threading.Thread(target=tokens.get)
    waiting.start()
    assert endpoint.reached.wait(10)

    def asked_anew() -> bool:
        endpoint.open = threading.Event()
        endpoint.open.set()
        held = tokens.get() if wait == "sync" else asyncio.run(tokens.get_async())
        return held.access_token.reveal() == "token-2"

    assert holds_in_a_child(asked_anew)
    endpoint.open.set()
    waiting.join(10)
    assert tokens.get().access_token.reveal() == "token-1"
    assert len(endpoint.asked) == 1


def test_a_child_that_is_forked_during_a_renewal_renews_by_itself(clock: FakeClock, endpoint: HeldUpEndpoint) -> None:
    tokens = shared(clock, endpoint)
    tokens.get()
    settled()
    endpoint.open.clear()
    endpoint.reached.clear()
    clock.advance(900)
    assert tokens.get().access_token.reveal() == "token-1"
    assert endpoint.reached.wait(10)

    def renewed() -> bool:
        endpoint.open = threading.Event()
        endpoint.open.set()
        before = tokens.get().access_token.reveal()
        settled()
        return (before, tokens.get().access_token.reveal()) == ("token-1", "token-3")

    assert holds_in_a_child(renewed)
    endpoint.open.set()
    settled()


def test_a_child_waits_for_no_lock_that_a_thread_of_its_parent_holds(clock: FakeClock, endpoint: HeldUpEndpoint) -> None:
    tokens = shared(clock, endpoint)
    with held_by_another_thread(tokens._lock):
        assert holds_in_a_child(lambda: tokens.get().access_token.reveal() == "token-1")


def test_what_a_child_drops_its_parent_keeps(clock: FakeClock, endpoint: HeldUpEndpoint) -> None:
    tokens = shared(clock, endpoint)
    tokens.get()
    assert holds_in_a_child(lambda: tokens.drop("token-1") and tokens.get().access_token.reveal() == "token-2")
    assert tokens.get().access_token.reveal() == "token-1"


# --- a real server


def transports(library: Any) -> list[Callable[[], Any]]:
    return [lambda: None, library.AsyncHTTPTransport, library.HTTPTransport]


@pytest.mark.socket
@EACH_LIBRARY
@pytest.mark.parametrize("number", range(3), ids=["own", "async", "sync"])
def test_parent_and_children_obtain_tokens_side_by_side(library: Any, number: int) -> None:
    issuer = LocalIssuer()
    with serve(issuer) as url:
        auth = ClientCredentials(
            token_endpoint=f"{url}/token",
            client_id="reader",
            client_secret="reader-secret",
            insecure_allow_http=True,
            transport=transports(library)[number](),
        )
        auth.token_sync()

        def renewed() -> bool:
            tokens = set()
            for _ in range(3):
                tokens.add(token := auth.token_sync())
                auth.drop(token)
            with httpx.Client(transport=StubApi().transport, auth=auth) as client:
                return client.get(API).status_code == 200 and len(tokens) == 3

        for _ in range(3):
            assert holds_in_a_child(renewed)
            assert renewed()


IMPORTS = """
import sys
from bearerguard import ClientCredentials, TokenRequestError

auth = ClientCredentials(token_endpoint=sys.argv[1], client_id="c", client_secret="s", insecure_allow_http=True)
before = set(sys.modules)
try:
    auth.token_sync()
except TokenRequestError:
    pass
print(sorted(set(sys.modules) - before))
"""


@pytest.mark.socket
def test_the_first_token_request_imports_nothing() -> None:
    """A child that is forked during an import has half a module, and fails with an ``AttributeError``."""
    with raw_server(json_answer(b"{}")) as server:
        done = subprocess.run([sys.executable, "-c", IMPORTS, server.url], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "[]\n"

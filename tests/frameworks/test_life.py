"""Workers in production: forked or spawned, preloaded or not, replaced by the next deployment while requests run."""

import http.client
import json
import os
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, Final

import pytest

from bearerguard.revocation import Denylist
from bearerguard.testing import LocalIssuer, Loopback
from support.processes import Server, shared_socket, started

pytestmark = [
    pytest.mark.frameworks,
    pytest.mark.socket,
    pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here"),
]

APP: Final = "frameworks.life_app:app"
GUNICORN: Final = ("gunicorn", APP, "--bind=fd://{fd}", "--workers=2", "--timeout=120")
SERVERS: Final[dict[str, tuple[str, ...]]] = {
    "uvicorn": ("uvicorn", APP, "--fd={fd}", "--no-access-log"),
    "uvicorn-workers": ("uvicorn", APP, "--fd={fd}", "--no-access-log", "--workers=2"),
    "gunicorn-uvicorn": (*GUNICORN, "--worker-class=uvicorn_worker.UvicornWorker"),
    "gunicorn-asgi": (*GUNICORN, "--worker-class=asgi"),
    "gunicorn-preload": (*GUNICORN, "--worker-class=uvicorn_worker.UvicornWorker", "--preload"),
}
COMPLAINTS: Final = ("Traceback", "was destroyed", "was never awaited", "ERROR", "ResourceWarning: unclosed transport")
PATIENCE: Final = 60
CALLERS: Final = 4
SOME: Final = 40
"""Answers to wait for before and after a change."""


@dataclass
class Deployment:
    """An issuer, and everything that servers of the same API have in common."""

    issuer: LocalIssuer
    port: int
    home: Path
    environ: dict[str, str]
    start: Callable[[str], Any]
    numbers: Iterator[int] = field(default_factory=count)

    def ask(self, token: str) -> tuple[str, int, Any]:
        """The id of one request, and its answer: status 0 where the connection was closed without one."""
        number = str(next(self.numbers))
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            headers = {"Authorization": f"Bearer {token}", "X-Request-Id": number, "Connection": "close"}
            connection.request("GET", "/orders", headers=headers)
            answer = connection.getresponse()
            return number, answer.status, json.loads(answer.read())
        except (http.client.RemoteDisconnected, ConnectionError):
            return number, 0, None
        finally:
            connection.close()

    def reached(self) -> Counter[str]:
        """The ids of requests that got as far as the endpoint."""
        return Counter(line for file in (self.home / "reached").iterdir() for line in file.read_text().split())


@pytest.fixture
def deployment(needed: Callable[[str], Any], tmp_path: Path) -> Iterator[Deployment]:
    for module in ("gunicorn", "uvicorn_worker"):
        needed(module)
    (tmp_path / "reached").mkdir()
    (tmp_path / "denylist").touch()
    with Loopback() as place, shared_socket() as listener:
        issuer = LocalIssuer(place.base_url)
        place.serve(issuer)
        environ = {
            "LIFE_ISSUER": issuer.issuer,
            "LIFE_DENYLIST": str(tmp_path / "denylist"),
            "LIFE_REACHED": str(tmp_path / "reached"),
            "HOME": str(tmp_path),
        }
        logs = count()

        @contextmanager
        def start(name: str) -> Iterator[Server]:
            with started(SERVERS[name], listener, tmp_path / f"log{next(logs)}", environ) as server:
                yield server

        yield Deployment(issuer, listener.getsockname()[1], tmp_path, environ, start)


class Load:
    """Callers that ask without a pause, and count what they get."""

    def __init__(self, deployment: Deployment, token: str) -> None:
        self.answers: list[tuple[str, int, Any]] = []
        self._deployment, self._token = deployment, token
        self._threads = [threading.Thread(target=self._call) for _ in range(CALLERS)]
        self._stop = threading.Event()
        self._news = threading.Condition()

    @contextmanager
    def running(self) -> Iterator["Load"]:
        for thread in self._threads:
            thread.start()
        try:
            yield self
        finally:
            self.stop()

    def stop(self) -> None:
        """Ask nothing more, and wait for what was asked."""
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _call(self) -> None:
        while not self._stop.is_set():
            answer = self._deployment.ask(self._token)
            with self._news:
                self.answers.append(answer)
                self._news.notify_all()

    def until(self, promise: Callable[[], bool]) -> None:
        """Go on until it holds."""
        with self._news:
            assert self._news.wait_for(promise, PATIENCE), Counter(status for _, status, _ in self.answers)

    def workers(self) -> set[int]:
        """Processes that have answered."""
        return {answer["worker"] for _, status, answer in list(self.answers) if status == 200}

    def latest(self, number: int) -> set[int]:
        """The statuses of the last answers."""
        return {status for _, status, _ in self.answers[-number:]}

    def more(self, number: int) -> None:
        """Go on for so many good answers."""
        wanted = len(self.answers) + number
        self.until(lambda: len(self.answers) >= wanted)


@pytest.mark.parametrize("name", SERVERS)
def test_a_termination_under_load_loses_no_request(deployment: Deployment, name: str) -> None:
    """The next server runs on the same socket when the first is told to go, as a rolling deployment has it.

    A server may close a connection of which it has read nothing; the client asks again (RFC 9112 §9.3.1). What has reached
    the application is answered.
    """
    token = deployment.issuer.mint("reader")
    with deployment.start(name) as first, Load(deployment, token).running() as load:
        load.more(SOME)
        old = load.workers()
        with deployment.start(name) as second:
            load.until(lambda: load.workers() > old)
            assert first.terminate() == 0, first.written()
            load.more(SOME)
            new = load.workers() - old
            assert new, "nobody took over"
            load.stop()  # nobody would answer who asks after that
    answered = Counter(number for number, status, _ in load.answers if status == 200)

    assert {status for _, status, _ in load.answers} <= {0, 200}
    assert deployment.reached() == answered, "each request that was begun has one answer"
    assert len(answered) >= 2 * SOME
    for server in (first, second):
        assert not [words for words in COMPLAINTS if words in server.written()], server.written()


def test_workers_that_are_forked_use_the_keys_of_their_parent(deployment: Deployment) -> None:
    deployment.environ["LIFE_WARM"] = "1"
    token = deployment.issuer.mint("reader")
    with deployment.start("gunicorn-preload"), Load(deployment, token).running() as load:
        load.until(lambda: len(load.workers()) == 2)

    assert deployment.issuer.requests["jwks"] == 1


@pytest.mark.parametrize("name", ["uvicorn-workers", "gunicorn-preload"])
def test_a_line_in_the_denylist_counts_in_every_worker(deployment: Deployment, name: str) -> None:
    revoked, good = deployment.issuer.mint("reader"), deployment.issuer.mint("writer")
    with deployment.start(name), Load(deployment, good).running() as others, Load(deployment, revoked).running() as load:
        load.until(lambda: len(load.workers()) == 2)
        Denylist.from_file(deployment.environ["LIFE_DENYLIST"]).revoke(client_id="reader")

        load.until(lambda: load.latest(4 * SOME) == {401})
        others.more(SOME)

    assert {answer["code"] for _, status, answer in load.answers if status == 401} == {"token_revoked"}
    assert {status for _, status, _ in others.answers} == {200}

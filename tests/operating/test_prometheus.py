"""samples/observability, as it is run: requests, a scrape by the real Prometheus, the dashboard's questions, the alerts."""

import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from bearerguard.testing import LocalIssuer
from support.sample_files import SAMPLES
from support.servers import serve

pytestmark = [pytest.mark.operating, pytest.mark.socket]

HOME: Final = SAMPLES / "observability"
DASHBOARD: Final = json.loads((HOME / "dashboard.json").read_text(encoding="utf-8"))
EXPRESSIONS: Final = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
ALERTS: Final = (HOME / "alerts.yml").read_text(encoding="utf-8")
PATIENCE: Final = 60.0
STEP: Final = 0.2


def free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        return int(listener.getsockname()[1])


@contextmanager
def running(command: list[str], home: Path, **options: Any) -> Iterator[None]:
    with (home / f"{Path(command[0]).name}.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=home, stdout=log, stderr=log, **options)
        try:
            yield
        finally:
            process.terminate()
            try:
                process.wait(20)
            finally:
                process.kill()
                process.wait()


def until(found: Callable[[], Any], log: Path) -> Any:
    """What is found, once it is; bounded."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            if value := found():
                return value
        except httpx.TransportError:
            pass
        time.sleep(STEP)
    raise AssertionError(f"nothing within {PATIENCE:g} s: {log.read_text()[-3000:]}")


@pytest.fixture
def tools(needed: Callable[[str], Any], tool: Callable[[str], str]) -> tuple[str, str]:
    """Prometheus and promtool, and what the sample imports."""
    for module in ("opentelemetry.exporter.prometheus", "opentelemetry.instrumentation.asgi", "uvicorn"):
        needed(module)
    return tool("prometheus"), tool("promtool")


def test_the_alerts_are_valid_and_fire_when_they_should(tool: Callable[[str], str]) -> None:
    promtool = tool("promtool")
    for command in (
        ["check", "config", "prometheus.yml"],
        ["check", "rules", "alerts.yml"],
        ["test", "rules", "alerts_test.yml"],
    ):
        subprocess.run([promtool, *command], cwd=HOME, check=True, timeout=60)


def test_prometheus_scrapes_the_application(tools: tuple[str, str], tmp_path: Path) -> None:
    prometheus, promtool = tools
    issuer = LocalIssuer()
    ports = {name: free_port() for name in ("api", "metrics", "prometheus")}
    with serve(issuer) as url:
        issuer.move_to(url)
        environ = os.environ | {
            "BEARERGUARD_API_PRESET": "oidc",
            "BEARERGUARD_API_ISSUER": issuer.issuer,
            "BEARERGUARD_API_AUDIENCE": "api://orders",
            "BEARERGUARD_API_INSECURE_ALLOW_HTTP": "1",
            "METRICS_PORT": str(ports["metrics"]),
            "AUDIT_LOG": str(tmp_path / "audit.jsonl"),
            "PYTHONPATH": str(SAMPLES.parent),
            "NO_PROXY": "127.0.0.1",
        }
        server = [sys.executable, "-m", "uvicorn", "samples.observability.app:app", f"--port={ports['api']}"]
        text = (
            (HOME / "prometheus.yml").read_text(encoding="utf-8").replace("9464", str(ports["metrics"])).replace("15s", "200ms")
        )
        (tmp_path / "prometheus.yml").write_text(text, encoding="utf-8")
        (tmp_path / "alerts.yml").write_text(ALERTS, encoding="utf-8")
        scraper = [
            *(prometheus, f"--config.file={tmp_path / 'prometheus.yml'}", f"--storage.tsdb.path={tmp_path / 'data'}"),
            f"--web.listen-address=127.0.0.1:{ports['prometheus']}",
        ]
        with (
            running(server, tmp_path, env=environ),
            running(scraper, tmp_path),
            httpx.Client(trust_env=False, timeout=20) as client,
        ):
            api, found = f"http://127.0.0.1:{ports['api']}/orders/1", Questions(client, ports["prometheus"])
            until(lambda: client.get(api).status_code == 401, tmp_path / f"{Path(sys.executable).name}.log")
            good, poor = issuer.mint(), issuer.mint(roles=[])
            statuses = [client.get(api, headers={"Authorization": f"Bearer {token}"}).status_code for token in (good, good, poor)]
            assert statuses == [200, 200, 403]

            log = tmp_path / "prometheus.log"
            until(lambda: found.of('bearerguard_decisions_total{bearerguard_verdict="accepted"}') == [2.0], log)
            assert found.of('bearerguard_decisions_total{error_type="missing_role"}') == [1.0]
            assert found.of(f'bearerguard_keys_fetches_total{{bearerguard_outcome="success",bearerguard_issuer="{url}"}}') == [
                1.0
            ]
            assert 0 <= found.of("bearerguard_keys_age_seconds")[0] < PATIENCE
            assert found.of('sum(bearerguard_decision_duration_seconds_count{bearerguard_cache="hit"})') == [1.0]
            for expression in EXPRESSIONS:  # with two scrapes behind us, each panel shows something, or nothing was refused
                assert found.answers(expression), expression
            assert found.rules() == len(re.findall("- alert:", ALERTS))
            exposition = client.get(f"http://127.0.0.1:{ports['metrics']}/metrics").content
    subprocess.run([promtool, "check", "metrics"], input=_ours(exposition), check=True, timeout=60)
    lines = [json.loads(line) for line in (tmp_path / "audit.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [line["reason"] for line in lines if line["reason"] != "missing_token"] == [None, None, "missing_role"]


class Questions:
    """Asks the API of Prometheus."""

    def __init__(self, client: httpx.Client, port: int) -> None:
        self._client = client
        self._url = f"http://127.0.0.1:{port}/api/v1"

    def of(self, expression: str) -> list[float]:
        """The values of an instant query."""
        answer = self._client.get(f"{self._url}/query", params={"query": expression}).json()
        assert answer["status"] == "success", answer
        return [float(result["value"][1]) for result in answer["data"]["result"]]

    def answers(self, expression: str) -> bool:
        """Whether a panel's question is valid."""
        self.of(expression.replace("$__rate_interval", "1m"))
        return True

    def rules(self) -> int:
        """How many alert rules are loaded and evaluate without an error."""
        groups = self._client.get(f"{self._url}/rules").json()["data"]["groups"]
        return sum(rule["health"] in ("ok", "unknown") for group in groups for rule in group["rules"])


def _ours(exposition: bytes) -> bytes:
    return b"".join(line for line in exposition.splitlines(keepends=True) if b"bearerguard" in line)

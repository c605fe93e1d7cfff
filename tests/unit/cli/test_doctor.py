"""``bearerguard doctor``: what keeps tokens from being verified, seen from outside."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bearerguard.testing import LocalIssuer
from unit.cli.command_line import Ended, run_command

pytestmark = pytest.mark.socket
SERVER = """
import os
from bearerguard import ResourceServer, oidc
api = ResourceServer([oidc(os.environ["ISSUER"], insecure_allow_http=True)], "api://orders")
"""


@pytest.fixture
def project(tmp_path: Path, served_issuer: LocalIssuer, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalIssuer]:
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("ISSUER", served_issuer.issuer)
    (tmp_path / "doctored_orders.py").write_text(SERVER)
    yield served_issuer
    sys.modules.pop("doctored_orders", None)


def examine(*words: str) -> Ended:
    return run_command(["doctor", "--server", "doctored_orders:api", *words])


def found(issuer: LocalIssuer) -> dict[str, dict[str, Any]]:
    findings = json.loads(examine("--json").out)["findings"][issuer.issuer]
    return {finding["name"]: finding for finding in findings}


def test_a_sound_issuer_is_healthy(project: LocalIssuer) -> None:
    ended = examine()

    assert ended.code == 0
    assert "Healthy" in ended.out


def test_it_looks_at_metadata_keys_algorithms_rotation_cache_and_clock(project: LocalIssuer) -> None:
    names = ["metadata", "metadata issuer", "key set", "keys", "algorithms", "rotation", "cache", "clock"]

    assert list(found(project)) == names


def test_one_key_alone_is_a_warning(project: LocalIssuer) -> None:
    assert found(project)["rotation"]["outcome"] == "warning"

    project.rotate_keys()

    assert found(project)["rotation"]["outcome"] == "passed"


@pytest.mark.parametrize("endpoint", ["metadata", "jwks"])
def test_an_issuer_that_is_down_is_unhealthy(project: LocalIssuer, endpoint: Any) -> None:
    project.go_down(endpoint)

    ended = examine()

    assert ended.code == 1
    assert "status 503" in ended.out


def test_keys_that_are_not_json_are_unhealthy(project: LocalIssuer) -> None:
    project.break_keys("html")

    assert examine().code == 1
    assert found(project)["keys"]["outcome"] == "failed"


def test_an_issuer_that_metadata_names_otherwise_is_unhealthy(project: LocalIssuer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ISSUER", f"{project.issuer}/")

    ended = examine()

    assert ended.code == 1
    assert "slash included" in ended.out.replace("\n", " ")


def test_an_issuer_by_its_address_is_examined(served_issuer: LocalIssuer) -> None:
    ended = run_command(["doctor", "--issuer", "https://127.0.0.1:1", "--audience", "api://orders"])

    assert ended.code == 1
    assert "failed" in ended.out


def test_passwords_of_a_proxy_are_not_shown(project: LocalIssuer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://user:s3cret@proxy.example:3128")

    ended = examine()

    assert "HTTPS_PROXY=http://…@proxy.example:3128" in ended.out.replace("\n", "").replace(" " * 36, "")
    assert "s3cret" not in ended.out


def test_a_server_and_an_issuer_exclude_each_other(project: LocalIssuer) -> None:
    assert examine("--issuer", project.issuer).code == 2

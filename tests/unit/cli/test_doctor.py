"""``bearerguard doctor``: what keeps tokens from being verified, seen from outside."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bearerguard.testing import LocalIssuer
from support.certificates import make_certificates
from support.servers import serve
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


def test_the_certificate_of_an_https_issuer_and_its_end_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificates = make_certificates(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.authority))
    issuer = LocalIssuer()
    with serve(issuer, tls=certificates) as url:
        issuer.move_to(url.replace("127.0.0.1", "localhost"))

        ended = run_command(["doctor", "--issuer", issuer.issuer, "--audience", "api://orders", "--json"])

    findings = {finding["name"]: finding for finding in json.loads(ended.out)["findings"][issuer.issuer]}
    assert "good until" in findings["TLS"]["words"]


def test_a_certificate_that_nobody_trusts_is_unhealthy(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    issuer = LocalIssuer()
    with serve(issuer, tls=make_certificates(tmp_path / "other")) as url:
        issuer.move_to(url.replace("127.0.0.1", "localhost"))

        ended = run_command(["doctor", "--issuer", issuer.issuer, "--audience", "api://orders"])

    assert ended.code == 1
    assert "certificate" in ended.out.lower()


@pytest.mark.parametrize(
    ("status", "words"), [(302, "redirects are not followed"), (404, "with its path"), (503, "The issuer is down")]
)
def test_every_status_has_its_advice(status: int, words: str) -> None:
    async def answer(_request: Request) -> Response:
        return Response(status_code=status, headers={"location": "https://elsewhere.example"})

    with serve(Starlette(routes=[Route("/{path:path}", answer)])) as url:
        ended = run_command(["doctor", "--issuer", url, "--audience", "api://orders"])

    assert ended.code == 1
    assert words in " ".join(ended.out.split())


def test_it_examines_what_a_server_was_told_to_trust_since(project: LocalIssuer, tmp_path: Path) -> None:
    with (tmp_path / "doctored_orders.py").open("a") as module:
        module.write('api.reconfigure(issuers=oidc("http://127.0.0.1:9", insecure_allow_http=True))\n')

    assert list(json.loads(examine("--json").out)["findings"]) == ["this machine", "http://127.0.0.1:9"]

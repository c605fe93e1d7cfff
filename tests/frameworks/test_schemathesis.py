"""schemathesis reads the document of samples/fastapi_app and looks for an answer that it does not describe, and for any 5xx."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from bearerguard import Issuer, ResourceServer
from bearerguard.testing import LocalClient, LocalIssuer
from support.sample_files import sample
from support.servers import serve

pytestmark = [pytest.mark.frameworks, pytest.mark.socket]

JOB: Final = LocalClient("closing-job", "closing-job-secret", roles=["Read.All", "Write.All"], scopes=["books.read"])
READER: Final = LocalClient("reader", "reader-secret", roles=["Read.All"])
# FastAPI answers 405 with the methods of the first of several routes alone; without a good token, a method that is not public is
# refused before anybody knows whether there is one. For nobody it makes up Bearer tokens, of characters that no token has
# (RFC 6750 §2.1), and no document can say so: it expects anything but 400.
NOT_CHECKED: Final = {
    "closing-job": "allow_header_conformance",
    "reader": "allow_header_conformance",
    "nobody": "allow_header_conformance,unsupported_method,positive_data_acceptance",
}


@pytest.fixture(scope="module")
def issuer() -> LocalIssuer:
    return LocalIssuer(clients=[JOB, READER])


@pytest.fixture(scope="module")
def base_url(issuer: LocalIssuer) -> Iterator[str]:
    api = ResourceServer(Issuer(issuer.issuer, jwks=issuer.jwks()), "api://orders")
    with serve(sample("fastapi_app.app").orders_app(api, token_url=issuer.token_endpoint)) as url:
        yield url


@pytest.mark.parametrize("caller", ["closing-job", "reader", "nobody", "forger"])
def test_it_finds_nothing(caller: str, base_url: str, issuer: LocalIssuer, tmp_path: Path, needed: Callable[[str], Any]) -> None:
    needed("schemathesis")
    token = {"nobody": None, "forger": "a.b.c"}.get(caller) if caller not in issuer.clients else issuer.mint(caller)
    run = subprocess.run(
        [
            str(Path(sys.executable).with_name("st")),
            "run",
            f"{base_url}/openapi.json",
            "--checks=all",
            f"--exclude-checks={NOT_CHECKED.get(caller, 'allow_header_conformance,unsupported_method')}",
            "--max-examples=25",
            "--generation-deterministic",
            "--workers=1",
            "--no-color",
            *([f"--header=Authorization: Bearer {token}"] if token else []),
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env=os.environ | {"NO_PROXY": "127.0.0.1"},
        timeout=300,
    )

    assert run.returncode == 0, run.stdout
    assert "Tested: 8" in run.stdout

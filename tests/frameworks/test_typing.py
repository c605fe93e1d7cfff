"""What users write, under ``mypy --strict``, and what it says of a misspelled option."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

pytestmark = pytest.mark.frameworks

RIGHT: Final = """
from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI, WebSocket
from starlette.middleware import Middleware

from bearerguard import AccessTokenMiddleware, Principal, ResourceServer, oidc, role, scope
from bearerguard.fastapi import CurrentPrincipal, document_security, protected_resource_metadata, require

api = ResourceServer(issuers=[oidc("https://issuer.example")], audience="api://orders")
app = FastAPI(middleware=[Middleware(AccessTokenMiddleware, resource_server=api, public=["/docs"])])
router = APIRouter(dependencies=[Depends(require(role("Read.All")))])
Writer = Annotated[Principal, Depends(require(role("Write.All"), resource_server=api, realm="orders", disclose="none"))]


@router.get("/a")
async def parameter(caller: Annotated[Principal, Depends(require(role("Read.All")))]) -> str:
    return caller.display_name


@router.post("/a", dependencies=[Depends(require(scope("orders.write")))])
def alias(writer: Writer, caller: CurrentPrincipal) -> str | None:
    return writer.client_id or caller.tenant_id


@router.websocket("/live")
async def live(websocket: WebSocket, caller: CurrentPrincipal) -> None:
    await websocket.send_text(caller.subject)


app.include_router(router)
app.include_router(protected_resource_metadata(api, resource="https://api.example"))
document_security(app, api, token_url="https://issuer.example/token")
"""
CALLING: Final = """
import httpx
import httpx2

from bearerguard import ClientCredentials, ResourceServer, oidc

api = ResourceServer(issuers=[oidc("https://issuer.example")], audience="api://orders", transport=httpx2.AsyncHTTPTransport())
one = ClientCredentials.entra(
    tenant_id="t", client_id="c", resource="api://orders", client_secret=lambda: "s", transport=httpx2.AsyncHTTPTransport()
)
other = ClientCredentials(
    token_endpoint="https://x", client_id="c", client_secret_file="/run/secret", transport=httpx.HTTPTransport()
)
httpx.Client(auth=one), httpx.AsyncClient(auth=other), httpx2.Client(auth=other), httpx2.AsyncClient(auth=one)
"""
WRONG: Final = {
    'require(role("Read.All"), resource_sever=api)': "call-arg",
    'require("Read.All")': "arg-type",
    'require(role("Read.All"), api)': "call-arg",
    'require(role("Read.All"), resource_server=api, disclose="all")': "arg-type",
    'require(role("Read.All"), resource_server=api, resource_metdata="https://api.example")': "call-arg",
    'Depends(role("Read.All"))': "arg-type",
    'FastAPI(dependencies=[require(role("Read.All"))])': "list-item",
    "require()": "call-arg",
    'require(role("Read.All") and role("Write.All"), resource_server="api")': "arg-type",
    'document_security(app, api, tokenurl="https://issuer.example/token")': "call-arg",
    'protected_resource_metadata(api, resorce="https://api.example")': "call-arg",
    'Middleware(AccessTokenMiddleware, resource_server=api, pubic=["/docs"])': "call-arg",
    'AccessTokenMiddleware(app, resource_server=api, undeclared="permit")': "arg-type",
}


def _mypy(path: Path, text: str, needed: Callable[[str], Any]) -> str:
    needed("mypy")
    path.write_text(text)
    cache = path.parent.parent / "cache"
    command = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", f"--cache-dir={cache}", str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=path.parent).stdout


def test_the_documented_ways_are_right(tmp_path: Path, needed: Callable[[str], Any]) -> None:
    assert _mypy(tmp_path / "right.py", RIGHT, needed) == ""


def test_clients_of_httpx_and_httpx2_take_one_object(tmp_path: Path, needed: Callable[[str], Any]) -> None:
    needed("httpx2")
    assert _mypy(tmp_path / "calling.py", CALLING, needed) == ""


def test_each_misspelled_option_is_a_type_error(tmp_path: Path, needed: Callable[[str], Any]) -> None:
    lines = "\n".join(WRONG)
    told = _mypy(tmp_path / "wrong.py", f"{RIGHT}\n{lines}\n", needed)

    first = RIGHT.count("\n") + 2
    found = {int(line) - first: code for line, code in re.findall(r"wrong\.py:(\d+): error: .*\[([\w-]+)\]", told)}
    assert found == dict(enumerate(WRONG.values())), told

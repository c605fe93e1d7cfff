"""What asking costs: requests a second and CPU behind nginx and Envoy, under wrk.

``tox exec -e gateways -- python -m gateways.load`` prints a table. It needs nginx and wrk (Debian). wrk, the proxy, the
judge and the service share this machine's cores: compare the lines with each other, not with other machines.
"""

import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from bearerguard import Issuer, PathPolicy, ResourceServer, role
from bearerguard.forward_auth import SignedPrincipals, forward_auth
from bearerguard.testing import LocalIssuer
from gateways.proxies import COMMANDS, SECRET, end, free_port, program, running

_TICKS: Final = os.sysconf("SC_CLK_TCK")
_CONNECTIONS: Final = 32
_ISSUER: Final = "https://issuer.test"
_HTTP_FILTERS: Final = "                http_filters:\n"
_AUTHZ: Final = "                  - name: envoy.filters.http.ext_authz\n"
_ROUTER: Final = "                  - name: envoy.filters.http.router\n"
_JWT_AUTHN: Final = """                  - name: envoy.filters.http.jwt_authn
                    typed_config:
                      "@type": type.googleapis.com/envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication
                      providers:
                        issuer:
                          issuer: %(issuer)s
                          audiences: [api://orders]
                          local_jwks: { inline_string: '%(jwks)s' }
                          forward_payload_header: bearerguard-principal
                          %(cache)s
                      rules:
                        - match: { prefix: / }
                          requires: { provider_name: issuer }
"""


def judge() -> Any:
    """The application that uvicorn runs."""
    api = ResourceServer(Issuer(_ISSUER, jwks=json.loads(os.environ["LOAD_JWKS"])), "api://orders")
    key = ec.generate_private_key(ec.SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    signed = SignedPrincipals(key, issuer="https://gateway.test", audience="orders")
    return forward_auth(
        api,
        PathPolicy({"GET /orders/{id:int}": role("Read.All"), "POST /orders": role("Write.All")}),
        proxy=os.environ["LOAD_PROXY"],  # type: ignore[arg-type]
        shared_secret=SECRET,
        principals=signed if os.environ["LOAD_PRINCIPALS"] == "signed" else "plain",
    )


def _unasked(text: str) -> str:
    """A configuration that lets every request through."""
    return _without_authz(text.replace("auth_request /_judge;", "auth_request off;"), "")


def _by_jwt_authn(jwks: str, cache: str = "") -> Callable[[str], str]:
    return lambda text: _without_authz(text, _JWT_AUTHN % {"issuer": _ISSUER, "jwks": jwks, "cache": cache})


def _without_authz(text: str, other: str) -> str:
    before, found, behind = text.partition(_AUTHZ)
    return before + other + _ROUTER + behind.partition(_ROUTER)[2] if found else text


@contextmanager
def _service(folder: Path) -> Iterator[int]:
    """nginx, answering two octets."""
    port = free_port()
    text = f"events {{}}\nhttp {{ access_log off; server {{ listen 127.0.0.1:{port}; location / {{ return 200 ok; }} }} }}"
    (folder / "nginx.conf").write_text(text)
    _, *arguments = COMMANDS["nginx"](folder)
    with _process([str(program("nginx")), *arguments], port, {}):
        yield port


@contextmanager
def _judge(environment: dict[str, str]) -> Iterator[tuple[int, int]]:
    """Port and process id of ``forward_auth`` in one process of uvicorn."""
    port = free_port()
    options = ("--factory", "--no-access-log", "--log-level=error", "--loop=uvloop", "--http=httptools", f"--port={port}")
    with _process([sys.executable, "-m", "uvicorn", "gateways.load:judge", *options], port, environment) as pid:
        yield port, pid


@contextmanager
def _process(command: list[str], port: int, environment: dict[str, str]) -> Iterator[int]:
    process = subprocess.Popen(command, env=os.environ | environment, stdin=subprocess.DEVNULL)
    try:
        for _ in range(400):
            try:
                socket.create_connection(("127.0.0.1", port), timeout=5).close()
                break
            except OSError:
                time.sleep(0.05)
        yield process.pid
    finally:
        end(process)


def _seconds_of(pid: int) -> float:
    """CPU that a process and its children have used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return (int(fields[11]) + int(fields[12])) / _TICKS + sum(_seconds_of(int(child)) for child in children)


def _measure(port: int, pids: tuple[int, int], token: str | None, seconds: int) -> str:
    """One line of the table: requests a second, latency, CPU of the judge and of the proxy."""
    headers = [] if token is None else ["-H", f"Authorization: Bearer {token}"]
    command = ["wrk", "-t1", f"-c{_CONNECTIONS}", "--latency", *headers, f"http://127.0.0.1:{port}/orders/17"]
    subprocess.run([*command, "-d1s"], check=True, capture_output=True)  # warm
    before = [_seconds_of(pid) for pid in pids]
    text = subprocess.run([*command, f"-d{seconds}s"], check=True, capture_output=True, text=True).stdout
    used = [_seconds_of(pid) - earlier for pid, earlier in zip(pids, before, strict=True)]
    done = int(re.findall(r"(\d+) requests in", text)[0])
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
    assert (refused is None) == (token is not None), text
    median, most = (re.findall(rf"{share}% +(\S+)", text)[0] for share in ("50", "99"))
    shares = " | ".join(f"{cpu / seconds:.0%} | {cpu / done * 1e6:.0f} µs" for cpu in used)
    return f"{done / seconds:,.0f} | {median} | {most} | {shares}"


def main(seconds: int) -> None:
    """Prints the table."""
    issuer = LocalIssuer(_ISSUER)
    jwks, token = json.dumps(issuer.jwks()), issuer.mint("reader")
    print("| proxy | asks | requests/s | p50 | p99 | judge's CPU | a request | proxy's CPU | a request |")
    print("|---|---|---|---|---|---|---|---|---|")
    for proxy in ("nginx", "envoy"):
        ways: list[tuple[str, str, Callable[[str], str], str | None]] = [
            ("nobody", "plain", _unasked, token),
            ("forward_auth, plain principal", "plain", str, token),
            ("forward_auth, principal signed with ES256", "signed", str, token),
            ("forward_auth, refused: no token", "plain", str, None),
        ]
        if proxy == "envoy":
            cache = "jwt_cache_config: { jwt_cache_size: 1000 }"
            ways.append(("jwt_authn", "plain", _by_jwt_authn(jwks), token))
            ways.append(("jwt_authn that remembers tokens", "plain", _by_jwt_authn(jwks, cache), token))
        for name, principals, edited, sent in ways:
            environment = {"LOAD_JWKS": jwks, "LOAD_PROXY": proxy, "LOAD_PRINCIPALS": principals}
            with ExitStack() as stack:
                folders = [Path(stack.enter_context(tempfile.TemporaryDirectory())) for _ in range(2)]
                service = stack.enter_context(_service(folders[0]))
                port, pid = stack.enter_context(_judge(environment))
                started = stack.enter_context(running(proxy, folders[1], judge=port, service=service, edited=edited))
                print(f"| {proxy} | {name} | {_measure(started.port, (pid, started.pid), sent, seconds)} |", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)

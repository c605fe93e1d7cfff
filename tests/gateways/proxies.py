"""The four proxies as processes, each with the sample's configuration; only addresses and time limits are changed."""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Final

from gateways.wire import ask
from support.sample_files import SAMPLES

FILES: Final = SAMPLES / "forward_auth"
SECRET: Final = "only-the-proxy-knows-this-0123456789"
_POLL: Final = 0.05
_PATIENCE: Final = 60.0  # on a loaded machine
_TRIES: Final = 3

Command = Callable[[Path], list[str]]


@dataclass(frozen=True, slots=True)
class Started:
    """A proxy that serves.

    Attributes:
        port: Where clients come.
        pid: Of its first process.
    """

    port: int
    pid: int


def _nginx(folder: Path) -> list[str]:
    user = "user root; " if os.geteuid() == 0 else ""  # its workers write in the test's folder
    main = f"daemon off; {user}pid {folder}/nginx.pid; error_log stderr warn;"
    return ["nginx", "-p", str(folder), "-e", "stderr", "-c", str(folder / "nginx.conf"), "-g", main]


def _caddy(folder: Path) -> list[str]:
    return ["caddy", "run", "--config", str(folder / "Caddyfile"), "--adapter", "caddyfile"]


def _traefik(folder: Path) -> list[str]:
    return ["traefik", f"--configFile={folder / 'traefik.yaml'}"]


def _envoy(folder: Path) -> list[str]:
    quiet = ["--log-level", "error", "--disable-hot-restart", "--concurrency", "1"]
    return ["envoy", "-c", str(folder / "envoy.yaml"), *quiet]


COMMANDS: Final[Mapping[str, Command]] = {"nginx": _nginx, "caddy": _caddy, "traefik": _traefik, "envoy": _envoy}
_CONFIGURATION: Final = {
    "nginx": ("nginx.conf",),
    "caddy": ("Caddyfile",),
    "traefik": ("traefik.yaml", "traefik_dynamic.yaml"),
    "envoy": ("envoy.yaml",),
}


def program(name: str) -> str | None:
    """Where a proxy's program is: beside this Python, as its wheel has put it, or on the path."""
    places = [str(Path(sys.executable).parent), os.environ.get("PATH", ""), "/usr/sbin"]
    return shutil.which(name, path=os.pathsep.join(places))


def configuration(proxy: str) -> list[str]:
    """The text of each file of a proxy's sample."""
    return [(FILES / name).read_text() for name in _CONFIGURATION[proxy]]


@contextmanager
def running(
    proxy: str, folder: Path, *, judge: int, service: int, patience: str = "12s", edited: Callable[[str], str] = str
) -> Iterator[Started]:
    """A proxy for the length of the block.

    Args:
        proxy: Its name.
        folder: Where its files may be.
        judge: Port of ``forward_auth``.
        service: Port of what is protected.
        patience: How long it waits for ``forward_auth``; Traefik's 30 s cannot be set.
        edited: Changes the text of a configuration, to show what a line of it is for.

    Raises:
        AssertionError: it does not start; its log says why.
    """
    for tries_left in reversed(range(_TRIES)):
        port = free_port()  # another program may take it before the proxy does: then once more
        for name, text in zip(_CONFIGURATION[proxy], configuration(proxy), strict=True):
            ports = {"8080": port, "9000": judge, "8000": service}
            (folder / name).write_text(_in_place(edited(text.replace("12s", patience)), folder, ports))
        process = _start(proxy, folder)
        try:
            if _serves(process, port):
                yield Started(port, process.pid)
                return
        finally:
            end(process)
        assert tries_left, f"{proxy} does not start: {(folder / 'log').read_text(errors='replace')[-4000:]}"


def _start(proxy: str, folder: Path) -> subprocess.Popen[bytes]:
    name, *arguments = COMMANDS[proxy](folder)
    environment = os.environ | {"GATEWAY_SECRET": SECRET, "HOME": str(folder), "XDG_DATA_HOME": str(folder)}
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(
            [program(name) or name, *arguments],
            env=environment,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )


def _in_place(text: str, folder: Path, ports: Mapping[str, int]) -> str:
    """A configuration with the secret, the ports and the folder of this test."""
    text = text.replace("${GATEWAY_SECRET}", SECRET)
    text = re.sub(r"\b(8080|9000|8000)\b", lambda found: str(ports[found[0]]), text)
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = "".join(f"{kind}_temp_path {folder}/{kind}; " for kind in kinds)
    return text.replace("\nhttp {", f"\nhttp {{ access_log off; {temporary}", 1)


def free_port() -> int:
    """One that the kernel has chosen just now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _serves(process: subprocess.Popen[bytes], port: int) -> bool:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        if _answers(port):
            return process.poll() is None
        try:
            process.wait(_POLL)
        except subprocess.TimeoutExpired:
            continue
        return False
    return False


def _answers(port: int) -> bool:
    """Whether it has read its routes: Traefik listens before that, and knows no page."""
    try:
        return ask(port, "/", patience=5).status not in (0, HTTPStatus.NOT_FOUND)
    except OSError:
        return False


def end(process: subprocess.Popen[bytes]) -> None:
    """Ends a process, gently if it can be."""
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()

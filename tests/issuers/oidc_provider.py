"""Starts and stops a real authorization server: ``node server.mjs`` beside this file, on a free loopback port."""

import base64
import json
import os
import select
import shutil
import ssl
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

import httpx

from support.certificates import Certificates

Shape: TypeAlias = Literal["plain", "entra", "auth0", "keycloak"]
Caller: TypeAlias = Literal["reader", "writer", "noroles"]

AUDIENCE: Final = "api://orders"
TENANT: Final = "11111111-2222-3333-4444-555555555555"
FOLDER: Final = Path(__file__).parent
_START_LIMIT: Final = 60.0


class OidcProvider:
    """A running server, and the applications that ask it for tokens."""

    def __init__(self, child: "_Child", verify: ssl.SSLContext | bool) -> None:
        self.origin = child.told()
        self._child = child
        self._http = httpx.Client(base_url=self.origin, verify=verify, trust_env=False)

    def metadata(self, path: str = "") -> Any:
        """The OpenID configuration of the issuer below ``path``."""
        return self._http.get(f"{path}/.well-known/openid-configuration").raise_for_status().json()

    def token(self, caller: Caller, *, path: str = "", resource: str = AUDIENCE, scope: str = "") -> str:
        """An access token by the client-credentials grant: Basic for ``reader`` and ``noroles``, POST body for ``writer``."""
        form = {"grant_type": "client_credentials", "resource": resource} | ({"scope": scope} if scope else {})
        credentials = {"client_id": caller, "client_secret": f"{caller}-secret"}
        endpoint = self.metadata(path)["token_endpoint"]
        if caller == "writer":
            response = self._http.post(endpoint, data=form | credentials)
        else:
            response = self._http.post(endpoint, data=form, auth=(caller, credentials["client_secret"]))
        document = response.raise_for_status().json()
        assert document["token_type"] == "Bearer"
        return str(document["access_token"])

    def rotate(self, *, keep: bool) -> list[str]:
        """Signs with a new key from now on; ``keep`` leaves the former ones in the key set. Returns the published kids."""
        kids: list[str] = self._http.post("/__admin/rotate", params={"keep": int(keep)}).raise_for_status().json()["kids"]
        return kids

    def requests(self) -> dict[str, int]:
        """How often each path has been asked for."""
        counts: dict[str, int] = self._http.get("/__admin/stats").raise_for_status().json()
        return counts

    def revoke(self, caller: Caller, token: str) -> None:
        """RFC 7009."""
        endpoint = self.metadata()["revocation_endpoint"]
        self._http.post(endpoint, data={"token": token}, auth=(caller, f"{caller}-secret")).raise_for_status()

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """Within the block nobody listens; afterwards the same server does, with the tokens that it knew."""
        self._child.tell("close")
        try:
            yield
        finally:
            self._child.tell("listen")

    def stop(self) -> None:
        """Ends the process; a second call does nothing."""
        self._http.close()
        self._child.end()


class _Child:
    """The process, and the pipe on which it tells that it has done what it was told."""

    def __init__(self, process: subprocess.Popen[bytes], announcements: BufferedReader, log: Path) -> None:
        self._process = process
        self._announcements = announcements
        self._log = log

    def tell(self, command: str) -> None:
        """Have it done before this returns."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{command}\n".encode())
        self._process.stdin.flush()
        self.told()

    def told(self) -> str:
        """The origin, once the next thing is done."""
        readable, _, _ = select.select([self._announcements], [], [], _START_LIMIT)
        line = self._announcements.readline() if readable else b""
        if not line:
            raise RuntimeError(f"the authorization server did not answer:\n{self._log.read_text()}")
        return str(json.loads(line)["origin"])

    def end(self) -> None:
        """A second call does nothing."""
        self._process.kill()
        self._process.wait()


@dataclass(frozen=True, slots=True)
class Launcher:
    """What a start needs; ``certificates`` serve ``https://localhost`` instead of ``http://127.0.0.1``."""

    node: str
    log: Path

    @contextmanager
    def start(
        self,
        *,
        shape: Shape = "plain",
        algorithm: str = "RS256",
        certificates: Certificates | None = None,
        lifetime: int = 300,
        clients: Sequence[Mapping[str, Any]] = (),
        people: Mapping[str, Sequence[str]] | None = None,
    ) -> Iterator[OidcProvider]:
        """Runs a server for the length of the block; it accepts requests when the block is entered.

        ``people`` can sign in there, in a browser, with these roles.
        """
        settings = {"SHAPE": shape, "ALG": algorithm, "AUD": AUDIENCE, "TTL": str(lifetime), "CLIENTS": json.dumps(clients)}
        settings["PEOPLE"] = json.dumps(people or {})
        if certificates:
            settings |= {"TLS_CERT": str(certificates.server), "TLS_KEY": str(certificates.server_key)}
        with self._child(settings) as child:
            server = OidcProvider(child, certificates.client_context() if certificates else True)
            try:
                yield server
            finally:
                server.stop()

    @contextmanager
    def _child(self, settings: dict[str, str]) -> Iterator[_Child]:
        ready, told = os.pipe()
        with os.fdopen(ready, "rb") as announcements, self.log.open("ab") as log:
            process = subprocess.Popen(
                [self.node, "server.mjs"],
                cwd=FOLDER,
                env=os.environ | settings | {"READY_FD": str(told)},
                stdin=subprocess.PIPE,  # the server ends when this end is gone
                stdout=log,
                stderr=log,
                pass_fds=[told],
            )
            os.close(told)
            with process:
                try:
                    yield _Child(process, announcements, self.log)
                finally:
                    process.kill()


def missing() -> str:
    """What this machine lacks to run the server, or an empty string."""
    if shutil.which("node") is None:
        return "Node.js is not installed"
    if not (FOLDER / "node_modules" / "oidc-provider").is_dir():
        return "oidc-provider is not installed: run `npm ci` in tests/issuers"
    return ""


def with_signature_bit_flipped(token: str) -> str:
    """The same token with one bit of its signature changed, still canonical base64url."""
    signed, _, signature = token.rpartition(".")
    octets = bytearray(base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4)))
    octets[len(octets) // 2] ^= 1
    return f"{signed}.{base64.urlsafe_b64encode(octets).rstrip(b'=').decode()}"

"""PyJWT's ``decode`` with a prepared key, over the signature check alone, in whatever version is installed.

``python -m benchmarks.pyjwt_decode FILE`` leaves the figures for the table: PyJWT 2.13 needs an environment without this project,
which asks for 2.15. Its tokens have the claims of ``tokens.py``'s Microsoft Entra v2 ones.
"""

import json
import subprocess
import sys
import time
from base64 import urlsafe_b64decode
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from benchmarks.measure import Rounds, Spread, calling, interleave, spread
from benchmarks.raw import ALGORITHMS, raw_verification

_PROCESSES: Final = 5
_AUDIENCE: Final = "api://orders"
_TENANT: Final = "11111111-2222-3333-4444-555555555555"
_ISSUER: Final = f"https://issuer.test/{_TENANT}/v2.0"


def decode_over_raw(*, rounds: int) -> dict[str, Spread]:
    """For each algorithm, ``decode`` over one raw verification of the same signature."""
    figures: Rounds
    ratios = {}
    for algorithm in ALGORITHMS:
        private = _private_key(algorithm)
        token = jwt.encode(_claims(), private, algorithm, headers={"kid": "0f8fb1c8e22b4a8c"})
        message, _, signature = token.rpartition(".")
        key = private.public_key()
        raw = raw_verification(algorithm, key, message.encode(), urlsafe_b64decode(signature + "=="))
        subjects = {"decode": calling(_decoding(token, key, algorithm)), "raw": calling(raw)}
        figures = interleave(subjects, rounds=rounds)
        ratios[algorithm] = figures.ratio("decode", "raw")
    return ratios


def read(path: Path) -> tuple[str, dict[str, Spread]] | None:
    """Version and figures that another environment left, if it has run."""
    if not path.exists():
        return None
    found = json.loads(path.read_text(encoding="utf-8"))
    return found["version"], {algorithm: Spread(**figures) for algorithm, figures in found["ratios"].items()}


def _decoding(token: str, key: Any, algorithm: str) -> Any:
    return lambda: jwt.decode(token, key, algorithms=[algorithm], audience=_AUDIENCE, issuer=_ISSUER)


def _private_key(algorithm: str) -> Any:
    if algorithm == "ES256":
        return ec.generate_private_key(ec.SECP256R1())
    if algorithm == "EdDSA":
        return ed25519.Ed25519PrivateKey.generate()
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _claims() -> dict[str, Any]:
    now = int(time.time())
    subject = "6cfd7bd5-adc5-5983-933a-8e22c9dcd12c"
    return {
        "aud": _AUDIENCE,
        "iss": _ISSUER,
        "iat": now,
        "nbf": now,
        "exp": now + 3600,
        "aio": "MYvF3llNcuNS6BzQ_0vwze_RZqc",
        "oid": subject,
        "rh": "0.MYvF3llNcuNS6BzQ_0vwze_RZqeo7mVi.",
        "sub": subject,
        "tid": _TENANT,
        "uti": "79Fmp6juZWIZGLedyCQ8cg",
        "roles": ["Read.All", "Write.All", "Orders.Read.All", "Orders.ReadWrite.All", "Invoices.Read.All", "Reports.Export"],
        "azp": "2f0c5b7e-93d1-4d1a-9f2e-0d6c1b7a5e44",
        "idtyp": "app",
        "wids": ["0997a1d0-0d1d-4acb-b408-d5ca73121e90"],
        "xms_ftd": "oQTX1WCMQYAKPJaZqqLU4Eh1IYJx644CWwGEaC5ZbCQ",
        "xms_idrel": "7 26",
        "xms_rd": "0.42LjYBRiWsUkJMLBLiQgdjlj2UFmiU37pS5lbLXyPAgU5RQS",
        "azpacr": "1",
        "ver": "2.0",
    }


def main() -> None:
    """Measure in several processes, show, and leave the figures in a file."""
    if len(sys.argv) == 1:
        print(json.dumps({algorithm: ratio.median for algorithm, ratio in decode_over_raw(rounds=40).items()}))
        return
    command = [sys.executable, "-m", "benchmarks.pyjwt_decode"]
    found = [json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout) for _ in range(_PROCESSES)]
    ratios = {name: spread([each[name] for each in found]) for name in found[0]}
    for algorithm, ratio in ratios.items():
        print(f"PyJWT {version('PyJWT')} decode, {algorithm}: {ratio} of one raw verification")
    path = Path(sys.argv[1])
    path.parent.mkdir(parents=True, exist_ok=True)
    figures = {algorithm: asdict(ratio) for algorithm, ratio in ratios.items()}
    path.write_text(json.dumps({"version": version("PyJWT"), "ratios": figures}), encoding="utf-8")


if __name__ == "__main__":
    main()

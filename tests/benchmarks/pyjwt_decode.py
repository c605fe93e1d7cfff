"""PyJWT's ``decode`` with a prepared key, over the signature check alone, in whatever version is installed.

``python -m benchmarks.pyjwt_decode FILE`` leaves the figures for the table: PyJWT 2.13 needs an environment without this project,
which asks for 2.15. Its tokens have the claims of Microsoft Entra v2 ones.
"""

import json
import sys
import time
from base64 import urlsafe_b64decode
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from benchmarks.measure import Rounds, Spread, calling, interleave
from benchmarks.raw import ALGORITHMS, raw_verification

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
        "roles": ["Read.All"],
        "azp": "reader",
        "azpacr": "1",
        "ver": "2.0",
    }


def main() -> None:
    """Measure, show, and leave the figures in a file."""
    ratios = decode_over_raw(rounds=200)
    for algorithm, ratio in ratios.items():
        print(f"PyJWT {version('PyJWT')} decode, {algorithm}: {ratio} of one raw verification")
    if len(sys.argv) > 1:
        path = Path(sys.argv[1])
        path.parent.mkdir(parents=True, exist_ok=True)
        figures = {algorithm: asdict(ratio) for algorithm, ratio in ratios.items()}
        path.write_text(json.dumps({"version": version("PyJWT"), "ratios": figures}), encoding="utf-8")


if __name__ == "__main__":
    main()

"""The compact form of a JWS, made from any header and any payload (RFC 7515 §7.1)."""

import json
from collections.abc import Mapping
from typing import Any

from bearerguard.testing.signing_key import SigningKey, base64url


def compact(
    header: Mapping[str, Any] | bytes, payload: Mapping[str, Any] | bytes, key: SigningKey, algorithm: str | None = None
) -> str:
    """Header, payload and signature, joined by dots.

    Args:
        header: An object, or the raw bytes that stand for one.
        payload: The same.
        key: Signs.
        algorithm: To sign with; by default the header's ``alg`` where the key can sign with it, else the key's own.

    Raises:
        ValueError: the key cannot sign with ``algorithm``.
    """
    signing_input = f"{base64url(_bytes(header))}.{base64url(_bytes(payload))}"
    if algorithm is None and isinstance(header, Mapping) and key.can_sign_with(header.get("alg")):
        algorithm = header["alg"]
    return f"{signing_input}.{base64url(key.sign(signing_input.encode('ascii'), algorithm))}"


def _bytes(part: Mapping[str, Any] | bytes) -> bytes:
    return part if isinstance(part, bytes) else json.dumps(part, separators=(",", ":"), ensure_ascii=False).encode()

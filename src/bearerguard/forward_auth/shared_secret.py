"""What proves that a question comes from the proxy.

Nothing else does: addresses are shared by whatever runs on the same machine or network, and the
headers that tell method and URI can be sent by anyone who reaches the service.
"""

import hmac
import re
from collections.abc import Sequence
from typing import Final

from bearerguard.errors import ConfigurationError, GatewayMisconfigured

SECRET_HEADER: Final = b"bearerguard-secret"

# What every configuration language takes without quoting
_SECRET: Final = re.compile(r"[A-Za-z0-9._~+/=-]{32,256}", re.ASCII)
_PROBLEM: Final = "expected 32 to 256 characters of A-Z a-z 0-9 . _ ~ + / = -, without which anyone could ask in the proxy's name"
_EXAMPLE: Final = 'os.environ["GATEWAY_SECRET"], made by: openssl rand -hex 32'


class SharedSecret:
    """One secret, or several that are all accepted, while the proxies change to a new one.

    Args:
        given: Text of 32 to 256 letters, digits and ``._~+/=-``.

    Raises:
        ConfigurationError: there is none, or one is too short or has other characters.
    """

    __slots__ = ("_accepted",)

    def __init__(self, given: str | Sequence[str]) -> None:
        secrets = [given] if isinstance(given, str) else list(given) if isinstance(given, Sequence) else []
        if not secrets or not all(isinstance(secret, str) and _SECRET.fullmatch(secret) for secret in secrets):
            del given, secrets  # an error's traceback shows variables
            raise ConfigurationError("shared_secret", _PROBLEM, example=_EXAMPLE)
        self._accepted = tuple(secret.encode() for secret in secrets)

    def check(self, headers: Sequence[tuple[bytes, bytes]]) -> None:
        """Refuses a question without it.

        Raises:
            GatewayMisconfigured: it is missing, wrong or there twice.
        """
        sent = [value for name, value in headers if name == SECRET_HEADER]
        if len(sent) != 1:
            raise GatewayMisconfigured(f"expected one header Bearerguard-Secret, got {len(sent)}")
        matches = [hmac.compare_digest(sent[0], secret) for secret in self._accepted]  # all, whichever it is
        if not any(matches):
            raise GatewayMisconfigured("the header Bearerguard-Secret does not hold the shared secret")

    def __repr__(self) -> str:
        """Three stars."""
        return "***"

"""The sample ``revoking``: each line revokes what its comment says."""

import json
import time
from typing import Final

from bearerguard import Principal
from bearerguard.principal import PayloadClaims
from support.sample_files import sample

EARLIER: Final = time.time() - 1000
LATER: Final = time.time() + 1000


def caller(subject: str, client_id: str, *, token_id: str = "t-1", issued_at: float = LATER) -> Principal:
    payload = json.dumps({"jti": token_id, "iat": issued_at}).encode()
    return Principal("https://issuer.example", subject, client_id, claims=PayloadClaims(payload))


def test_each_line_revokes_what_its_comment_says() -> None:
    denylist = sample("revoking").denylist

    assert denylist(caller("bob", "stock", token_id="5f0c…"))
    assert denylist(caller("bob", "billing"))
    assert denylist(caller("ann", "stock", issued_at=EARLIER))
    assert denylist(caller("bob", "stock", issued_at=EARLIER))
    assert not denylist(caller("ann", "stock"))
    assert not denylist(caller("bob", "stock"))

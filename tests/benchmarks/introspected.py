"""A token whose answer from the introspection endpoint is remembered, beside a JWT that was verified before."""

import json
import time
from collections.abc import Callable
from typing import Final

import httpx

from bearerguard import Introspection, ResourceServer
from benchmarks.measure import calling, interleave
from benchmarks.setting import Setting, new_issuer
from benchmarks.table import Row
from benchmarks.tokens import real_token
from benchmarks.warm import decorated_app

_LONGEST_KEPT: Final = 3600.0
_USUAL: Final = 43
"""Characters of 256 random bits."""


def rows(setting: Setting) -> list[Row]:
    """Whole requests, and ``recall`` alone; opaque tokens of the usual length, and as long as the JWT."""
    issuer = new_issuer("generic")
    jwt = real_token(issuer)
    tokens = {"short": "x" * _USUAL, "long": "x" * len(jwt), "jwt": jwt}
    asking, without = setting.server(issuer, introspection=_asked(issuer.audiences[0])), setting.server(issuer)
    for server, names in ((asking, tokens), (without, ("jwt",))):
        for name in names:
            setting.caller.run(server.authenticate(tokens[name]))
    subjects = {name: setting.caller.requests(decorated_app(asking), token) for name, token in tokens.items()}
    subjects |= {
        "alone": setting.caller.requests(decorated_app(without), jwt),
        "recall short": calling(_recalling(asking, tokens["short"])),
        "recall jwt": calling(_recalling(without, jwt)),
    }
    figures = interleave(subjects, rounds=3 * setting.rounds)
    recalled = figures.ratio("recall short", "recall jwt")
    lengths = {"short": f"{_USUAL} characters", "long": "the JWT's length"}
    over = "its answer remembered, over one with a JWT seen before"
    return [
        *(
            Row(f"a request with an opaque token of {length}, {over}", figures.ratio(name, "alone"), at_most=1.1)
            for name, length in lengths.items()
        ),
        Row("a request with a JWT seen before, with introspection beside it over without", figures.ratio("jwt", "alone")),
        Row(f"`recall` of the opaque token of {lengths['short']} over that of the JWT", recalled),
    ]


def _asked(audience: str) -> Introspection:
    """An endpoint that calls every token good."""
    said = {"active": True, "aud": audience, "exp": int(time.time()) + 2 * int(_LONGEST_KEPT), "roles": ["Read.All"]}
    answers = httpx.MockTransport(lambda _: httpx.Response(200, content=json.dumps(said).encode()))
    url = "https://issuer.test/introspect"
    return Introspection(url, client_id="orders", client_secret="secret", cache_for=_LONGEST_KEPT, transport=answers)


def _recalling(server: ResourceServer, token: str) -> Callable[[], object]:
    text = token.encode()
    return lambda: server.recall(text)

"""What it costs to refuse: bad tokens over a good one that was not seen before."""

import random
from collections.abc import Callable, Coroutine
from itertools import cycle
from typing import Any, Final

from bearerguard import AccessTokenError, ResourceServer
from bearerguard.testing import LocalIssuer, SigningKey
from bearerguard.testing.signing_key import base64url
from benchmarks.costly_tokens import costly_tokens
from benchmarks.measure import interleave
from benchmarks.setting import Setting, new_issuer
from benchmarks.table import Row

_LARGEST: Final = 16 * 1024
_REMEMBERED: Final = 100  # so few that of twice as many tokens in turn none is ever found


def rows(setting: Setting) -> list[Row]:
    """Each refusal. All tokens, good and bad, are looked up in the cache in vain and then judged by the same server."""
    issuer = new_issuer("generic")
    server = setting.server(issuer, token_cache_size=_REMEMBERED)
    good = cycle([issuer.mint(lifetime=86_400).encode() for _ in range(2 * _REMEMBERED)])
    bad = _bad_tokens(issuer)
    subjects = {name: setting.caller.awaiting(_refused(server, text)) for name, (text, _) in bad.items()}
    subjects["good"] = setting.caller.awaiting(lambda: server.authenticate(next(good)))
    figures = interleave(subjects, rounds=2 * setting.rounds)
    codes = {name: setting.caller.run(_refused(server, text)()) for name, (text, _) in bad.items()}
    compared = [Row(f"{name} (`{codes[name]}`)", figures.ratio(name, "good"), at_most=aim) for name, (_, aim) in bad.items()]
    return [*compared, _worst(setting, issuer)]


def _worst(setting: Setting, issuer: LocalIssuer) -> Row:
    """The most expensive token that an outsider can send, in milliseconds, what is told of it included."""
    server, good = setting.server(issuer), issuer.mint(lifetime=86_400)
    setting.caller.run(server.authenticate(good))
    subjects = {name: setting.caller.awaiting(_refused(server, text, told=True)) for name, text in costly_tokens(good).items()}
    figures = interleave(subjects, rounds=max(3, setting.rounds // 4))
    worst = max(subjects, key=lambda name: figures.cost(name).median)
    return Row(f"the most expensive of {len(subjects)} tokens of 16 kB", figures.cost(worst) * 1e-6, "ms", at_most=0.2)


def _bad_tokens(issuer: LocalIssuer) -> dict[str, tuple[bytes, float]]:
    """Texts and aims."""
    token = issuer.mint(lifetime=86_400).encode()
    head, payload, signature = token.split(b".")
    of_another_token = issuer.mint().encode().rpartition(b".")[2]
    garbage = base64url(random.Random(4).randbytes(_LARGEST)).encode()  # noqa: S311  the same garbage each time
    members = b"eyJh" + garbage  # begins as an object
    return {
        "malformed: a text without dots": (b"0123456789abcdef" * 4, 0.2),
        "malformed: a token cut in its payload": (token[: len(head) + len(payload) // 2], 0.2),
        "malformed: a payload that is no JSON": (b".".join((head, payload[: len(payload) // 2 & ~3], signature)), 0.2),
        "unknown issuer": (new_issuer("generic", base_url="https://elsewhere.test").mint().encode(), 0.2),
        "unknown `kid` in a flood, no refetch yet": (issuer.mint(lifetime=86_400, key=SigningKey("RS256")).encode(), 0.2),
        "bad signature": (b".".join((head, payload, of_another_token)), 0.9),
        "16 kB of random characters in three parts": (_large(garbage[:5_000], garbage[5_000:], signature), 1.0),
        "16 kB behind a good header that begin as an object": (_large(head, members, signature), 1.0),
    }


def _large(head: bytes, payload: bytes, signature: bytes) -> bytes:
    """A token of exactly the largest size that is looked at."""
    return b".".join((head, payload[: _LARGEST - len(head) - len(signature) - 2 & ~3], signature))


def _refused(server: ResourceServer, token: bytes, *, told: bool = False) -> Callable[[], Coroutine[Any, Any, str]]:
    async def refused() -> str:
        try:
            await server.authenticate(token)
        except AccessTokenError as error:
            if told:
                server.report(error)
            return error.code
        raise AssertionError("it was accepted")

    return refused

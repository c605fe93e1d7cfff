"""What grows with the number of issuers and of tokens."""

import random
from collections.abc import Awaitable, Callable, Iterator
from itertools import cycle, repeat
from typing import Final

from bearerguard import Issuer, ResourceServer
from bearerguard.principal import Principal
from bearerguard.testing import LocalIssuer
from benchmarks.measure import calling, interleave
from benchmarks.setting import Setting, new_issuer
from benchmarks.table import Row
from benchmarks.tokens import real_token

_ISSUERS: Final = (1, 10, 1_000)
_DISTINCT: Final = 12_000  # more than the cache holds: in turn, none of them is ever found
_RANDOM: Final = (1, 10_000, 100_000)
_IN_TURN: Final = 10_000  # as many as the default cache holds


def rows(setting: Setting) -> list[Row]:
    """Issuers, tokens that all differ, tokens in turn, and tokens drawn at random."""
    return [*_issuers(setting), _all_distinct(setting), *_in_turn(setting), *_drawn(setting)]


def _issuers(setting: Setting) -> list[Row]:
    text = setting.token.encode()
    cold = {count: _trusting(setting, count) for count in _ISSUERS}
    warm = {count: _trusting(setting, count, token_cache_size=10_000) for count in _ISSUERS}
    for server in warm.values():
        setting.caller.run(server.authenticate(text))
    subjects = {f"cold {count}": setting.caller.awaiting(_authenticating(server, repeat(text))) for count, server in cold.items()}
    subjects |= {f"warm {count}": calling(_recalling(server, text)) for count, server in warm.items()}
    figures = interleave(subjects, rounds=2 * setting.rounds)
    return [
        Row(f"{kind}: {count} issuers over 1", figures.ratio(f"{kind} {count}", f"{kind} 1"), at_most=1.12)
        for kind in ("cold", "warm")
        for count in _ISSUERS[1:]
    ]


def _all_distinct(setting: Setting) -> Row:
    """Each token is verified and remembered, and one that will not come again is forgotten for it."""
    issuer = setting.issuer
    tokens = _tokens(issuer, _DISTINCT)
    remembering, forgetful = setting.server(), setting.server(token_cache_size=0)
    subjects = {
        "cache": setting.caller.awaiting(_authenticating(remembering, cycle(tokens))),
        "none": setting.caller.awaiting(_authenticating(forgetful, cycle(tokens))),
    }
    setting.caller.run(_remember_all(remembering, tokens))
    figures = interleave(subjects, rounds=2 * setting.rounds)
    what = f"{_DISTINCT} good tokens in turn, the default cache over `token_cache_size=0`"
    return Row(what, figures.ratio("cache", "none"), at_most=1.2)


def _in_turn(setting: Setting) -> Iterator[Row]:
    """Each token in use is found, and none of them was found lately: the most a hit can cost."""
    tokens = [real_token(setting.issuer, {"uti": f"{number:022d}"}).encode() for number in range(_IN_TURN)]
    server, coming = setting.server(), cycle(tokens)
    setting.caller.run(_remember_all(server, tokens))
    assert all(server.recall(token) is not None for token in tokens)
    figures = interleave({"hit": calling(lambda: server.recall(next(coming))), "V": setting.unit}, rounds=setting.rounds)
    yield Row(f"{_IN_TURN} tokens in turn, `recall` alone: all are found", figures.ratio("hit", "V"), "V", at_most=0.2)


def _drawn(setting: Setting) -> Iterator[Row]:
    """Tokens in use at the same time, signed with EdDSA so that 100 000 of them are made in seconds."""
    issuer = new_issuer(algorithm="EdDSA")
    tokens = _tokens(issuer, max(_RANDOM))
    for count in _RANDOM:
        server = setting.server(issuer)
        some = tokens[:count]
        setting.caller.run(_remember_all(server, some[:10_000]))
        draw = random.Random(count).choices(some, k=10_000)  # noqa: S311  the same draw each time
        rate = sum(server.recall(token) is not None for token in draw) / len(draw)
        subject = setting.caller.awaiting(_authenticating(server, cycle(draw)))
        cost = interleave({"drawn": subject, "V": setting.unit}, rounds=setting.rounds).ratio("drawn", "V")
        yield Row(f"{count} distinct EdDSA tokens drawn at random, default cache: {rate:.0%} are found", cost, "V a token")


def _trusting(setting: Setting, count: int, *, token_cache_size: int = 0) -> ResourceServer:
    """A server that trusts so many issuers; the one whose token is judged is in the middle."""
    others = [Issuer(f"https://issuer-{number}.test", jwks=setting.issuer.jwks()) for number in range(count - 1)]
    (trusted,) = (issuer for issuer in setting.issuer.trusted() if issuer.issuer == setting.issuer.issuer)
    static = Issuer(trusted.issuer, jwks=setting.issuer.jwks(), profile=trusted.profile)
    issuers = [*others[: count // 2], static, *others[count // 2 :]]
    return ResourceServer(issuers, setting.issuer.audiences, token_cache_size=token_cache_size)


def _tokens(issuer: LocalIssuer, count: int) -> list[bytes]:
    return [issuer.mint(lifetime=86_400).encode() for _ in range(count)]


async def _remember_all(server: ResourceServer, tokens: list[bytes]) -> None:
    for token in tokens:
        await server.authenticate(token)


def _authenticating(server: ResourceServer, tokens: Iterator[bytes]) -> Callable[[], Awaitable[Principal]]:
    return lambda: server.authenticate(next(tokens))


def _recalling(server: ResourceServer, token: bytes) -> Callable[[], Principal | None]:
    return lambda: server.recall(token)

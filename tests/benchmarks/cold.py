"""A token that was not seen before: verification in full, over the signature check alone."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from itertools import cycle
from pathlib import Path
from typing import Final

from bearerguard.token import jws
from bearerguard.token.base64url import by_pybase64, by_standard_library, decoder
from benchmarks import pyjwt_decode
from benchmarks.measure import Spread, calling, interleave
from benchmarks.raw import ALGORITHMS
from benchmarks.setting import Setting, new_issuer, raw
from benchmarks.table import Row
from benchmarks.tokens import SHAPES, real_token

_WITH: Final = ", with `speed`"
_AIMS: Final = {"": {"RS256": 2.1, "entered": 2.4}, _WITH: {"RS256": 1.8, "ES256": 1.45, "entered": 2.1}}
_REMEMBERED: Final = 100  # so few that of three times as many tokens in turn none is ever found
_IN_TURN: Final = 3 * _REMEMBERED


def rows(setting: Setting, pyjwt_elsewhere: Path) -> list[Row]:
    """By the standard library and with the extra ``speed``: algorithms, shapes, the entry in the cache; and PyJWT."""
    with _decoding(by_standard_library):
        plain = _ours(setting, "")
    if find_spec("pybase64") is None:
        fast = [Row(f"the same{_WITH}", "not measured: it needs `pybase64`")]
    else:
        with _decoding(by_pybase64):
            fast = _ours(setting, _WITH)
    return [*plain, *fast, *_pyjwt(setting, pyjwt_elsewhere)]


@contextmanager
def _decoding(octets: Callable[[bytes], bytes]) -> Iterator[None]:
    names = vars(jws)
    former, names["decode"] = names["decode"], decoder(octets)
    try:
        yield
    finally:
        names["decode"] = former


def _ours(setting: Setting, how: str) -> list[Row]:
    by_algorithm = [_verified(setting, "entra_v2", algorithm, how) for algorithm in ALGORITHMS]
    by_shape = [_verified(setting, shape, "RS256", how) for shape in SHAPES if shape != "entra_v2"]
    return [*by_algorithm, *by_shape, _entered(setting, how)]


def _verified(setting: Setting, shape: str, algorithm: str, how: str) -> Row:
    issuer = new_issuer(shape, algorithm)
    token = real_token(issuer)
    server = setting.server(issuer, token_cache_size=0)
    subjects = {
        "raw": calling(raw(issuer.signing_key.public_jwk(), token, algorithm)),
        "cold": setting.caller.awaiting(lambda: server.authenticate(token)),
    }
    figures = interleave(subjects, rounds=setting.rounds)
    what = f"{algorithm}, {SHAPES[shape]}{how}: `authenticate` without a cache over `cryptography` alone"
    at_most = _AIMS[how].get(algorithm) if shape == "entra_v2" else None
    return Row(what, figures.ratio("cold", "raw"), at_most=at_most)


def _entered(setting: Setting, how: str) -> Row:
    """Every token is new to the cache, is looked up in vain and enters it, and another one leaves."""
    tokens = [real_token(setting.issuer, {"jti": str(number)}) for number in range(_IN_TURN)]
    server, coming = setting.server(token_cache_size=_REMEMBERED), cycle(tokens)
    subjects = {"V": setting.unit, "entered": setting.caller.awaiting(lambda: server.authenticate(next(coming)))}
    figures = interleave(subjects, rounds=setting.rounds)
    what = f"RS256, Entra v2{how}: `authenticate` and the entry in the cache over `cryptography` alone"
    return Row(what, figures.ratio("entered", "V"), at_most=_AIMS[how]["entered"])


def _pyjwt(setting: Setting, elsewhere: Path) -> list[Row]:
    here = pyjwt_decode.decode_over_raw(rounds=setting.rounds)
    there = pyjwt_decode.read(elsewhere)
    rows = [_decode(algorithm, "2.15", ratio) for algorithm, ratio in here.items()]
    if there is None:
        return [*rows, Row("PyJWT 2.13 `decode`", "not measured: `tox -e bench-pyjwt213` first")]
    version, ratios = there
    return rows + [_decode(algorithm, version, ratio) for algorithm, ratio in ratios.items()]


def _decode(algorithm: str, version: str, ratio: Spread) -> Row:
    return Row(f"{algorithm}, Entra v2: PyJWT {version} `decode`, key prepared", ratio)

"""A token that was not seen before: verification in full, over the signature check alone."""

from itertools import cycle
from pathlib import Path
from typing import Final

from benchmarks import pyjwt_decode
from benchmarks.measure import Spread, calling, interleave
from benchmarks.raw import ALGORITHMS
from benchmarks.setting import Setting, new_issuer, raw
from benchmarks.table import Row
from benchmarks.tokens import SHAPES, real_token

_LIMITS: Final = {"RS256": 2.1, "ES256": 1.45}
_ENTERED: Final = 2.4
_REMEMBERED: Final = 100  # so few that of three times as many tokens in turn none is ever found
_IN_TURN: Final = 3 * _REMEMBERED


def rows(setting: Setting, pyjwt_elsewhere: Path) -> list[Row]:
    """The algorithms and the shapes, the same with the entry in the cache, and PyJWT beside them."""
    by_algorithm = [_ours(setting, "entra_v2", algorithm) for algorithm in ALGORITHMS]
    by_shape = [_ours(setting, shape, "RS256") for shape in SHAPES if shape != "entra_v2"]
    return [*by_algorithm, *by_shape, _entered(setting), *_pyjwt(setting, pyjwt_elsewhere)]


def _ours(setting: Setting, shape: str, algorithm: str) -> Row:
    issuer = new_issuer(shape, algorithm)
    token = real_token(issuer)
    server = setting.server(issuer, token_cache_size=0)
    subjects = {
        "raw": calling(raw(issuer.signing_key.public_jwk(), token, algorithm)),
        "cold": setting.caller.awaiting(lambda: server.authenticate(token)),
    }
    figures = interleave(subjects, rounds=2 * setting.rounds)
    what = f"{algorithm}, {SHAPES[shape]}: `authenticate` without a cache over `cryptography` alone"
    at_most = _LIMITS.get(algorithm) if shape == "entra_v2" else None
    return Row(what, figures.ratio("cold", "raw"), at_most=at_most)


def _entered(setting: Setting) -> Row:
    """Every token is new to the cache, is looked up in vain and enters it, and another one leaves."""
    tokens = [real_token(setting.issuer, {"jti": str(number)}) for number in range(_IN_TURN)]
    server, coming = setting.server(token_cache_size=_REMEMBERED), cycle(tokens)
    subjects = {"V": setting.unit, "entered": setting.caller.awaiting(lambda: server.authenticate(next(coming)))}
    figures = interleave(subjects, rounds=2 * setting.rounds)
    what = "RS256, Entra v2: `authenticate` and the entry in the cache over `cryptography` alone"
    return Row(what, figures.ratio("entered", "V"), at_most=_ENTERED)


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

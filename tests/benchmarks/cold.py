"""A token that was not seen before: verification in full, over the signature check alone."""

from pathlib import Path
from typing import Final

from benchmarks import pyjwt_decode
from benchmarks.measure import calling, interleave
from benchmarks.raw import ALGORITHMS
from benchmarks.setting import Setting, new_issuer, raw
from benchmarks.table import Row

_AIMS: Final = dict(zip(ALGORITHMS, (1.8, 1.7, 1.3, 1.2), strict=True))


def rows(setting: Setting, pyjwt_elsewhere: Path) -> list[Row]:
    """The algorithms on tokens of RFC 9068, Microsoft Entra's larger ones, and PyJWT beside them."""
    ours = [_ours(setting, "generic", algorithm) for algorithm in ALGORITHMS]
    return [*ours, _ours(setting, "entra_v2", "RS256"), *_pyjwt(setting, pyjwt_elsewhere)]


def _ours(setting: Setting, shape: str, algorithm: str) -> Row:
    issuer = new_issuer(shape, algorithm)
    token = issuer.mint(lifetime=86_400)
    server = setting.server(issuer, token_cache_size=0)
    subjects = {
        "raw": calling(raw(issuer, token)),
        "cold": setting.caller.awaiting(lambda: server.authenticate(token)),
    }
    figures = interleave(subjects, rounds=2 * setting.rounds)
    kind = "RFC 9068" if shape == "generic" else "Entra v2"
    what = f"{algorithm}, {kind} token of {len(token)} octets: `authenticate` without a cache over `cryptography` alone"
    return Row(what, figures.ratio("cold", "raw"), at_most=_AIMS[algorithm])


def _pyjwt(setting: Setting, elsewhere: Path) -> list[Row]:
    here = pyjwt_decode.decode_over_raw(rounds=setting.rounds)
    there = pyjwt_decode.read(elsewhere)
    rows = [Row(f"{algorithm}, Entra v2 token: PyJWT 2.15 `decode`, key prepared", ratio) for algorithm, ratio in here.items()]
    if there is None:
        return [*rows, Row("PyJWT 2.13 `decode`", "not measured: `tox -e bench-pyjwt213` first")]
    version, ratios = there
    return rows + [Row(f"{algorithm}, Entra v2 token: PyJWT {version} `decode`", ratio) for algorithm, ratio in ratios.items()]

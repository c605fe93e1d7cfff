"""The unit of everything else, in microseconds of this machine."""

from benchmarks.measure import interleave
from benchmarks.setting import Setting
from benchmarks.table import Row


def rows(setting: Setting) -> list[Row]:
    """V."""
    figures = interleave({"V": setting.unit}, rounds=setting.rounds)
    return [Row("V: `cryptography` verifies RS256, key of 2048 bits, signing input of 1.1 kB", figures.cost("V") * 1e-3, "µs")]

"""How much memory the workers hold."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Final

_PAGE: Final = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096
_MEBIBYTE: Final = 1 << 20


@dataclass
class Memory:
    """Resident memory of each worker over the run, where the system tells (proc(5): ``statm``)."""

    samples: dict[int, list[tuple[float, float]]] = field(default_factory=dict)

    def sample(self, workers: Iterable[int], now: float) -> None:
        """Look, at this part of the run."""
        for worker in workers:
            try:
                pages = int(Path(f"/proc/{worker}/statm").read_text(encoding="ascii").split()[1])
            except (OSError, IndexError):
                continue
            self.samples.setdefault(worker, []).append((now, pages * _PAGE / _MEBIBYTE))

    def growth(self, warm_from: float) -> dict[int, tuple[float, float]]:
        """MiB of each worker in the first and in the last third of what is left of the run once it is warm."""
        third = (1.0 - warm_from) / 3
        return {
            worker: (_between(samples, warm_from, warm_from + third), _between(samples, 1.0 - third, 1.0))
            for worker, samples in self.samples.items()
        }


def _between(samples: Sequence[tuple[float, float]], begin: float, end: float) -> float:
    found = [size for now, size in samples if begin <= now <= end]
    return median(found) if found else float("nan")

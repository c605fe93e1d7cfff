"""Points in time, as an operator reads them: in UTC, with the distance from now."""

from dataclasses import dataclass
from datetime import UTC, datetime

_LAST_SHOWN = 253_402_300_799  # 9999-12-31T23:59:59Z, the last second a datetime can show


def utc(seconds: float) -> str:
    """``2026-08-21T10:00:00Z``; plain seconds where no calendar reaches."""
    if not 0 <= seconds <= _LAST_SHOWN:
        return f"{seconds:.0f}"
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def distance(seconds: float) -> str:
    """A duration in its two largest units, such as ``3 min 12 s``."""
    left = int(abs(seconds))
    parts: list[str] = []
    for name, size in (("d", 86_400), ("h", 3600), ("min", 60), ("s", 1)):
        count, left = divmod(left, size)
        if count or (name == "s" and not parts):
            parts.append(f"{count} {name}")
    return " ".join(parts[:2])


@dataclass(frozen=True, slots=True)
class Moment:
    """A claim's time and the time it was judged at; its ``repr`` is for the operator."""

    at: float
    now: float

    def __repr__(self) -> str:
        direction = "ago" if self.at <= self.now else "ahead"
        return f"{utc(self.at)}, {distance(self.now - self.at)} {direction}"

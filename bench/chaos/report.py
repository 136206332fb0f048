"""What a scenario found, and how it is printed; the few figures they share."""

import math
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


class Skipped(Exception):
    """A scenario that this machine does not allow; the message says why."""


@dataclass(frozen=True, slots=True)
class Row:
    """One promise: what was promised and what was measured. `holds`: kept as far as it does not
    depend on how fast the machine is. `in_time`: kept as far as it does; a machine that is too busy
    breaks this part by itself (durations, rates as the edge saw them, a worker that stood still for
    longer than its lease)."""

    promise: str
    measured: str
    holds: bool
    in_time: bool = True

    @property
    def kept(self) -> bool:
        return self.holds and self.in_time


def line(row: Row) -> str:
    word = "kept" if row.kept else "LATE" if row.holds else "BROKEN"
    return f"{word:6}  {row.promise}\n        {row.measured}"


def percentile(values: Iterable[float], share: float) -> float:
    """Nearest rank; 0 of nothing. `share` from 0 to 100."""
    ordered = sorted(values)
    if not ordered:
        return 0.0
    return ordered[max(0, math.ceil(share / 100 * len(ordered)) - 1)]


def most_within(times: Sequence[float], seconds: float) -> int:
    """The largest number of these moments in any window of so many seconds (half open)."""
    ordered = sorted(times)
    return max(
        (bisect_right(ordered, at + seconds - 1e-9) - i for i, at in enumerate(ordered)), default=0
    )


def ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms"

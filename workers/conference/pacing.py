"""How long a conference leaves between two calls that others could join, by how the budget fares.

Pure: the state of the budget in, seconds out. Work-conserving: nothing is held back while the
budget can bear the rate at which it is being spent. Only when it would run dry before slots come
back do the conferences that spend it take turns, so that one call carries more members and the
last slots stay free for a conference that makes its first call.
"""

from collections.abc import Sequence
from dataclasses import dataclass

RESERVE = 0.05
"""Share of the budget that calls which others could join leave to all others."""

HORIZON = 0.8
"""Share of the window for which the budget must last: a burst is seldom longer than that. More
holds back early what a short burst could have spent; less runs dry in a long one."""

LONGEST = (0.6, 1.3)
"""Seconds between two calls of one conference at the most, with an empty and with a full budget: a
short burst is muted soon, a long one does not run the budget dry."""

MEASURED = 1.5
"""Seconds back over which spending is measured; a state that is older than that says nothing."""


@dataclass(frozen=True, slots=True)
class Spending:
    """The budget as the last answer of it told. Times in seconds.

    `recent`: grants within the last `MEASURED`, to `conferences` different ones. `returns`: how
    many slots are free again after how long, rising, without those that are free now."""

    limit: int
    window: float
    used: int = 0
    recent: int = 0
    conferences: int = 0
    returns: Sequence[tuple[int, float]] = ()


def bearable(spending: Spending) -> float:
    """The highest rate (calls a second) at which the budget lasts until slots come back."""
    free = max(0.0, spending.limit * (1 - RESERVE) - spending.used)
    horizon = spending.window * HORIZON
    return min(
        ((free + slots) / min(after, horizon) for slots, after in spending.returns if after > 0),
        default=float("inf"),
    )


def spacing(spending: Spending) -> float:
    """Seconds to leave after a conference's last call before one that others could join."""
    rate = bearable(spending)
    if spending.recent / MEASURED <= rate:
        return 0.0
    empty, full = LONGEST
    longest = empty + (full - empty) * min(1.0, spending.used / spending.limit)
    return min(longest, spending.conferences / rate) if rate > 0 else longest

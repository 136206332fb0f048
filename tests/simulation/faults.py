"""What goes wrong, drawn from the seed: a climate for the whole run, then chance at every seam."""

import random
from dataclasses import dataclass, field

KINDS = {
    "kill": 0.4,
    "pause": 0.4,
    "refuse": 0.4,
    "lose": 0.4,
    "late": 0.4,
    "away": 0.3,
    "failover": 0.2,
    "api": 0.6,
    "network": 0.4,
    "slow": 0.5,
    "poison": 0.2,
}
LEASE = 4.0
HARMLESS = frozenset({"api", "network", "slow", "poison"})
"""Under these nobody but the poison ends a process, or a turn."""

SELDOM = 10
"""So many ways to Redis after a slow one are not slow, or they would hide what was too early."""


@dataclass
class Climate:
    """Chances at each seam (0: never), and what is planned. No fault begins after `until`."""

    until: float
    kill: float = 0.0
    pause: float = 0.0
    refuse: float = 0.0
    lose: float = 0.0
    late: float = 0.0
    api: float = 0.0
    network: float = 0.0
    slow: float = 0.0
    away: tuple[float, float] | None = None  # Redis refuses everything between these two
    failover_at: float | None = None
    lost_window: float = 0.0  # seconds of writes that the failover loses
    kinds: tuple[str, ...] = field(default=())


def climate(rng: random.Random, wanted: tuple[str, ...]) -> Climate:
    """With the kinds of faults that are wanted. Where none are, one run in eight is calm, and in
    the others each kind is there or not."""
    until = rng.uniform(4.0, 9.0)
    if rng.random() < 0.125 and not wanted:
        return Climate(until)
    kinds = tuple(kind for kind, chance in KINDS.items() if rng.random() < chance)
    if rng.random() < 0.2:
        kinds = ("api", "slow")  # where nothing is lost, every wait can be checked
    kinds = wanted or kinds
    found = Climate(until, kinds=kinds)
    if "kill" in kinds:
        found.kill = rng.choice((0.01, 0.03))
    if "pause" in kinds:
        found.pause = rng.choice((0.005, 0.015))
    if "refuse" in kinds:
        found.refuse = rng.choice((0.01, 0.05))
    if "lose" in kinds:
        found.lose = rng.choice((0.01, 0.05))
    if "late" in kinds:
        found.late = rng.choice((0.005, 0.02))
    if "api" in kinds:
        found.api = rng.choice((0.2, 0.5, 0.8))
    if "network" in kinds:
        found.network = rng.choice((0.1, 0.4))
    if "slow" in kinds:
        found.slow = rng.choice((0.1, 0.3))
    if "away" in kinds:
        begin = rng.uniform(0.5, until)
        found.away = (begin, begin + rng.choice((0.1, 1.0, 6.0)))
    if "failover" in kinds:
        found.failover_at = rng.uniform(1.5, until)
        found.lost_window = rng.choice((0.0, 0.05, 0.5))
    return found


class Faults:
    """Chance, at every seam, as long as the climate lasts."""

    def __init__(self, rng: random.Random, climate: Climate) -> None:
        self._rng = rng
        self.climate = climate
        self._trips = 0

    def strikes(self, kind: str, now: float) -> bool:
        chance: float = getattr(self.climate, kind)
        return chance > 0 and now < self.climate.until and self._rng.random() < chance

    def redis_is_away(self, now: float) -> bool:
        away = self.climate.away
        return away is not None and away[0] <= now < away[1]

    def trip(self, now: float, *, back: bool = False) -> float:
        """Seconds that one way between a process and Redis takes: at times one is slow, more often
        the way back, and the next ones are not."""
        self._trips += 1
        if self._trips > SELDOM and self.strikes("slow", now) and (back or self.coin()):
            self._trips = 0
            return self._rng.choice((0.02, 0.2, 0.6, 0.9)) * self._rng.random()
        return self._rng.uniform(0.0001, 0.0006)

    def standstill(self) -> float:
        """Seconds that a paused process stands still; often longer than its lease."""
        return self._rng.choice(
            (0.3, LEASE + self._rng.uniform(-0.2, 0.6), self._rng.uniform(4, 9))
        )

    def coin(self) -> bool:
        return self._rng.random() < 0.5

    def choose(self, *options: str) -> str:
        return self._rng.choice(options)

    def between(self, low: float, high: float) -> float:
        return self._rng.uniform(low, high)

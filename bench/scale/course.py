"""A shard that fails over, and an account that bursts, in virtual time. Seeded, without a clock."""

import heapq
import statistics
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from random import Random

from bench.chaos.report import percentile
from bench.scale.costs import COSTS
from bench.scale.placement import Fleet, Placed

RETRIES, BETWEEN = 5, 1.0
"""Of a callback (`#rp=all&rc=5`), and seconds between two tries, which Plivo does not tell."""
BUDGET, WINDOW = 300, 5.0
"""Calls of an account in so many seconds, as `PLIVO_RATE` has them."""
BURST_SECONDS, TIMES = 10.0, 10
EVERY = 10


@dataclass(frozen=True, slots=True)
class Silence:
    """Of one shard: accounts that met it, callbacks that were repeated, those that Plivo gave up,
    and the longest delay of one that was taken."""

    accounts: int
    repeated: int
    given_up: int
    longest: float


def silent(random: Random, rates: Sequence[float], seconds: float) -> Silence:
    """A shard's accounts while its Redis answers nothing, for so long."""
    accounts = repeated = given_up = 0
    longest = 0.0
    for rate in rates:
        came = list(_arrivals(random, rate, seconds))
        accounts += bool(came)
        for at in came:
            tries = int((seconds - at) // BETWEEN) + 1
            if tries > RETRIES:
                given_up += 1
            else:
                repeated += 1
                longest = max(longest, tries * BETWEEN)
    return Silence(accounts, repeated, given_up, longest)


def failovers(seed: int, fleet: Fleet, placed: Placed) -> Iterator[str]:
    """Each shard once, by how long it is silent."""
    yield (
        "| silent for | accounts that meet it: mean, most | callbacks repeated: mean, most | given "
        "up by Plivo, of all | longest delay |"
    )
    yield "|---|---|---|---|---|"
    shards: list[list[float]] = [[] for _ in range(fleet.shards)]
    for account, shard in placed.items():
        shards[shard].append(fleet.rates[account])
    for seconds in COSTS.silences:
        random = Random(seed)
        found = [silent(random, rates, seconds) for rates in shards]
        met, again = [one.accounts for one in found], [one.repeated for one in found]
        lost = sum(one.given_up for one in found)
        yield (
            f"| {seconds:g} s | {statistics.fmean(met):.1f}, {max(met)} | "
            f"{statistics.fmean(again):.1f}, {max(again)} | {lost} of {sum(again) + lost} | "
            f"{max(one.longest for one in found):.0f} s |"
        )


@dataclass(slots=True)
class Budget:
    """A sliding window; `grants` are the moments of those that count still."""

    grants: deque[float] = field(default_factory=deque)

    def grant(self, now: float) -> float:
        """When the next call may go out, from `now` on; calls go in the order in which they ask."""
        at = max(now, self.grants[-1]) if self.grants else now
        if len(self.grants) >= BUDGET:
            at = max(at, self.grants[-BUDGET] + WINDOW)
        self.grants.append(at)
        while len(self.grants) > BUDGET:
            self.grants.popleft()
        return at


def waits(
    random: Random, rates: Sequence[float], *, burst: bool, shared: bool
) -> tuple[Sequence[float], float]:
    """From callback to call of all accounts but the first, in seconds, and when the last call of the
    first one went out. `burst`: the first one wants ten times its budget. `shared`: all have one
    budget, as accounts of one deployment would."""
    first = BUDGET / WINDOW * TIMES if burst else rates[0]
    streams = [
        [(at, number) for at in _arrivals(random, first if number == 0 else rate, BURST_SECONDS)]
        for number, rate in enumerate(rates)
    ]
    budgets = [Budget() for _ in rates]
    service, free = COSTS.together.valkey_ms / 1000, 0.0
    found, last = [], 0.0
    for at, number in heapq.merge(*streams):
        free = max(free, at) + service  # the one thread of the shard's Redis
        out = budgets[0 if shared else number].grant(free)
        if number:
            found.append(out - at)
        else:
            last = max(last, out)
    return found, last


def bursts(seed: int, fleet: Fleet, placed: Placed) -> Iterator[str]:
    """Every tenth shard once: its first account bursts."""
    yield "| the others of the shard, callback → call | p50 | p99 | most |"
    yield "|---|---|---|---|"
    shards: list[list[float]] = [[] for _ in range(fleet.shards)]
    for account, shard in placed.items():
        shards[shard].append(fleet.rates[account])
    longest = 0.0
    for name, burst, shared in (
        ("nobody bursts", False, False),
        ("one wants ten times its budget, each has its own", True, False),
        ("the same, if all had one budget together", True, True),
    ):
        random, others = Random(seed), list[float]()
        for rates in shards[::EVERY]:
            found, last = waits(random, rates, burst=burst, shared=shared)
            others += found
            longest = max(longest, last if burst and not shared else 0.0)
        told = (_told(percentile(others, share)) for share in (50, 99, 100))
        yield f"| {name} | {' | '.join(told)} |"
    yield f"\nThe last call of the account that bursts for {BURST_SECONDS:.0f} s: after {longest:.0f} s."


def _arrivals(random: Random, rate: float, seconds: float) -> Iterator[float]:
    """At random, as independent people come."""
    at = random.expovariate(rate)
    while at < seconds:
        yield at
        at += random.expovariate(rate)


def _told(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms" if seconds < 1 else f"{seconds:.0f} s"

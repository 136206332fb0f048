"""Accounts on shards: how even it gets, and how many must move when a shard is added. Seeded."""

import hashlib
import heapq
import statistics
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from bench.scale.costs import COSTS

Placed = Mapping[int, int]
Way = Callable[[Sequence[float], int, int], Placed]
SPREAD = 1.5
"""Of the logarithm of rates: one account in a hundred is over thirty times the usual one."""


@dataclass(frozen=True, slots=True)
class Fleet:
    """`rates`: callbacks a second of each account. `most`: accounts that a shard takes."""

    rates: Sequence[float]
    shards: int
    most: int

    def loads(self, placed: Placed) -> Sequence[float]:
        """Callbacks a second of each shard."""
        found = [0.0] * self.shards
        for account, shard in placed.items():
            found[shard] += self.rates[account]
        return found


def fleet(seed: int, accounts: int, shards: int, rate: float, most: int) -> Fleet:
    """With rates that differ as those of real accounts do, and this mean."""
    random = Random(seed)
    drawn = [random.lognormvariate(0.0, SPREAD) for _ in range(accounts)]
    mean = statistics.fmean(drawn)
    return Fleet([one * rate / mean for one in drawn], shards, most)


def by_hash(rates: Sequence[float], shards: int, most: int) -> Placed:
    """Each shard draws a number for each account, the highest wins; a full one is passed over."""
    held, placed = Counter[int](), {}
    for account in range(len(rates)):
        for shard in sorted(range(shards), key=lambda shard: -_drawn(account, shard)):
            if held[shard] < most:
                placed[account] = shard
                held[shard] += 1
                break
    return placed


def by_count(rates: Sequence[float], shards: int, most: int) -> Placed:
    """In the order in which they come, each to the shard with the fewest; written down, so that
    what is placed stays where it is."""
    return {account: account % shards for account in range(len(rates))}


def by_load(rates: Sequence[float], shards: int, most: int) -> Placed:
    """The busiest first, each to the shard with the least to do that has room: as if the rates were
    known, and all placed anew."""
    waiting, held, placed = [(0.0, shard) for shard in range(shards)], Counter[int](), {}
    for account in sorted(range(len(rates)), key=lambda account: -rates[account]):
        load, shard = heapq.heappop(waiting)
        placed[account] = shard
        held[shard] += 1
        if held[shard] < most:
            heapq.heappush(waiting, (load + rates[account], shard))
    return placed


WAYS: Mapping[str, Way] = {
    "by hash": by_hash,
    "by count, written down": by_count,
    "by load, all anew": by_load,
}


def table(given: Fleet) -> Iterator[str]:
    yield (
        "| placed | most accounts of a shard | move for one shard more | busiest shard / mean | its "
        "Redis, of one thread |"
    )
    yield "|---|---|---|---|---|"
    for name, way in WAYS.items():
        placed = way(given.rates, given.shards, given.most)
        loads = given.loads(placed)
        after = placed if way is by_count else way(given.rates, given.shards + 1, given.most)
        moved = sum(after[account] != shard for account, shard in placed.items())
        fullest = max(Counter(placed.values()).values())
        ratio = max(loads) / statistics.fmean(loads)
        busy = COSTS.valkey_at_rest * fullest + max(loads) * COSTS.alone.valkey_ms / 1000
        yield f"| {name} | {fullest} | {moved:,} of {len(placed):,} | {ratio:.1f} | {busy:.0%} |"


def _drawn(account: int, shard: int) -> int:
    return int.from_bytes(hashlib.blake2b(b"%d %d" % (account, shard), digest_size=8).digest())

"""What many accounts need, and a simulation of their placement: `python -m bench.scale`.

Prints what docs/scale.md cites. Nothing is started and no clock is read: the same seed prints the
same.
"""

import argparse
from collections.abc import Iterator

from bench.scale.costs import table as costs
from bench.scale.course import bursts, failovers
from bench.scale.needs import DATABASES, Account, limits, of_one_account, table
from bench.scale.placement import by_count, fleet
from bench.scale.placement import table as placements


def lines(seed: int, accounts: int, shards: int, of: Account) -> Iterator[str]:
    yield from _part("What was measured", costs())
    yield from _part("What accounts need", table(of))
    yield from _part(
        "What is full first",
        ["| accounts | what is full |", "|---|---|"],
        (f"| {number:,} | {what} |" for number, what in limits(of)),
    )
    yield from _part("One account", of_one_account())
    given = fleet(seed, accounts, shards, of.rate, DATABASES)
    placed = by_count(given.rates, shards, DATABASES)
    busiest = sorted(given.rates, reverse=True)
    tenth = sum(busiest[: accounts // 10]) / sum(busiest)
    told = (
        f"{accounts:,} accounts on {shards} shards, seed {seed}: {of.rate:g} callbacks/s each on "
        f"average, the busiest {busiest[0]:.1f}/s, a tenth of them makes {tenth:.0%} of all."
    )
    yield from _part("Placement", [told, ""], placements(given))
    yield from _part("Failover of a shard", failovers(seed, given, placed))
    yield from _part("Budget", bursts(seed, given, placed))


def _part(title: str, *parts: "Iterator[str] | list[str]") -> Iterator[str]:
    yield f"### {title}\n"
    for part in parts:
        yield from part
    yield ""


def main() -> None:
    usual = Account()
    parser = argparse.ArgumentParser(prog="python -m bench.scale", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--accounts", type=int, default=1000, help="in the simulation")
    parser.add_argument("--shards", type=int, default=100)
    parser.add_argument("--rate", type=float, default=usual.rate, help="callbacks/s of an account")
    parser.add_argument("--live", type=int, default=usual.live, help="its live conferences")
    given = parser.parse_args()
    if given.accounts > given.shards * DATABASES:
        parser.error(f"a shard takes {DATABASES} accounts: more shards, or fewer accounts")
    of = Account(given.rate, given.live)
    for line in lines(given.seed, given.accounts, given.shards, of):
        print(line)


if __name__ == "__main__":
    main()

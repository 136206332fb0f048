"""Promise 1 in a Cluster: its primary dies, its slot moves, a replica is promoted by hand."""

import signal
from collections.abc import Callable, Mapping
from dataclasses import replace

from bench.chaos.clustered import Clustered, clustered
from bench.chaos.report import Row
from bench.chaos.scenarios.failover import played

BACK_SECONDS = 6.0
CONFIRMED = {"DURABILITY": "replica"}
Move = Callable[[Clustered], object]


async def moved(short: bool) -> list[Row]:
    """A cluster moves Gavel's slot in every way. With `DURABILITY=replica` a primary that dies has
    two replicas, so that one is there when the other has taken over."""
    if short:
        return [await _row("all moves", one_after_the_other, short=True, **CONFIRMED)]
    rows = [await _row(what, move) for what, move in WAITS.items()]
    rows += [await _row(what, move, sure=False) for what, move in SUDDEN.items()]
    rows += [
        await _row(f"{what}, DURABILITY=replica", move, 2, **CONFIRMED)
        for what, move in SUDDEN.items()
    ]
    taken = await _row(TAKEOVER, _take_over, sure=False)
    rows.append(replace(taken, holds=True, in_time=True))  # it asks nobody: what is lost is told
    rows.append(await _row(f"{TAKEOVER}, DURABILITY=replica", _take_over, **CONFIRMED))
    return rows


async def _row(
    what: str,
    move: Move,
    replicas: int = 1,
    *,
    sure: bool = True,
    short: bool = False,
    **settings: str,
) -> Row:
    """`sure`: no write is lost by it, however slow the machine is."""
    with clustered(replicas) as store:
        found = await played(f"Cluster, {what}", short, store.url, lambda: move(store), **settings)
    holds = found.done and (found.kept or not sure)
    in_time = found.kept and found.without_200 <= BACK_SECONDS
    return Row("1 Nothing lost when the Cluster moves", str(found), holds, in_time)


def one_after_the_other(store: Clustered) -> None:
    """Every move, and back to a primary with a replica after each."""
    store.migrate_slot()
    store.fail_over()
    store.come_back(store.kill_primary())
    store.fail_over("TAKEOVER")


def _by_key(store: Clustered) -> None:
    for _ in store.migrate_by_key():
        pass


def _take_over(store: Clustered) -> None:
    store.fail_over("TAKEOVER")


TAKEOVER = "FAILOVER TAKEOVER"
WAITS: Mapping[str, Move] = {
    "CLUSTER FAILOVER": lambda store: store.fail_over(),
    "MIGRATESLOTS": lambda store: store.migrate_slot(),
    "moved key by key": _by_key,
}
SUDDEN: Mapping[str, Move] = {
    "killed": lambda store: store.kill_primary(),
    "frozen": lambda store: store.primary().signal(signal.SIGSTOP),
}

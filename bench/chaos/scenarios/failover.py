"""Promise 1, with a Redis that moves: planned and sudden failovers, by Sentinel and behind a name."""

import asyncio
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from bench.chaos.callbacks import entries, unacknowledged
from bench.chaos.edge import Fate
from bench.chaos.relay import relay
from bench.chaos.replicated import Replicated, replicated
from bench.chaos.report import Row
from bench.chaos.scenarios.kills import MUTE_AND_SPEAK, account, recorded, repeated
from bench.chaos.stage import stage

BEFORE_SECONDS = 3.0  # of the load, then the server moves
LONGEST_SILENCE = 30.0  # with min-replicas-to-write: until the old primary is a replica
Move = Callable[[Replicated], None]


GUARD = {"min_replicas_to_write": "1", "min_replicas_max_lag": "1"}


async def planned(short: bool) -> list[Row]:
    """Somebody orders a failover of Sentinel."""
    rows = [await _by_sentinel("planned", short, ordered())]
    if not short:
        rows += [
            await _by_sentinel("planned, two replicas", short, ordered(), 2),
            await _by_sentinel("planned, COORDINATED", short, ordered("COORDINATED")),
            await _by_sentinel("planned, one replica, min 1", short, ordered(), 1, **GUARD),
            await _by_sentinel("planned, two replicas, min 1", short, ordered(), 2, **GUARD),
            await _confirmed("planned", ordered()),
        ]
    return rows


async def sudden(short: bool) -> list[Row]:
    """The primary dies, or stands still as if the network to it were cut."""
    rows = [await _by_sentinel("killed", short, signalled(signal.SIGKILL))]
    if not short:
        rows.append(await _by_sentinel("frozen", short, signalled(signal.SIGSTOP)))
        rows.append(await _confirmed("killed", signalled(signal.SIGKILL)))
    return rows


async def split(short: bool) -> list[Row]:
    """The network splits: the primary is cut off from its two replicas and its Sentinels, not from
    us, and takes what nobody will have. With DURABILITY=replica it is answered 503 instead."""
    rows = [await _cut_off("DURABILITY=replica", short, DURABILITY="replica")]
    if not short:
        as_it_comes = await _cut_off("as it comes", short)
        rows.append(replace(as_it_comes, holds=True, in_time=True))  # what the setting is for
    return rows


async def _cut_off(what: str, short: bool, **settings: str) -> Row:
    with replicated(replicas=2) as store:
        cut = store.servers[0].cut_off
        return await _played(f"cut off, {what}", short, store.url, cut, rate=200, **settings)


def ordered(*options: str) -> Move:
    return lambda store: store.fail_over(*options)


def signalled(number: signal.Signals) -> Move:
    return lambda store: store.primary().signal(number)


async def demoted(short: bool) -> list[Row]:
    """Primary and replica change places behind one name; connections that stand stay there."""
    with replicated(sentinels=0) as store, relay(store.servers[0].port) as name:
        old, new = store.servers

        def swap() -> None:
            with old.client() as client:
                client.execute_command("FAILOVER", "TO", "127.0.0.1", new.port)
            name.targets = [new.port]

        url = f"redis://127.0.0.1:{name.port}/0"
        return [await _played("a plain address, demoted", short, url, swap)]


async def _by_sentinel(
    what: str, short: bool, move: Move, replicas: int = 1, **options: str
) -> Row:
    with replicated(replicas, **options) as store:
        return await _played(f"Sentinel, {what}", short, store.url, lambda: move(store))


async def _confirmed(what: str, move: Move) -> Row:
    """With two replicas, of which one confirms each event and each call that is about to be made."""
    with replicated(replicas=2) as store:
        told = f"Sentinel, {what}, DURABILITY=replica"
        return await _played(told, False, store.url, lambda: move(store), DURABILITY="replica")


@dataclass(frozen=True, slots=True)
class Played:
    """What came of all that was answered 200 while Redis moved. `done`: all was answered 200 in the
    end, and what came afterwards is as ever."""

    what: str
    lost: int
    doubled: int
    untouched: int
    spoken_twice: int
    muted_again: int
    unknown: int
    without_200: float
    without_call: float
    done: bool

    @property
    def kept(self) -> bool:
        return not (self.lost or self.doubled or self.spoken_twice or self.untouched)

    def __str__(self) -> str:
        return (
            f"{self.what}; of those answered 200 lost {self.lost}, decided "
            f"twice {self.doubled}; spoken to twice {self.spoken_twice}, muted again "
            f"{self.muted_again}, recorded as unknown {self.unknown}; without any 200 for "
            f"{self.without_200:.2f} s, without any call for {self.without_call:.2f} s"
        )


async def _played(
    what: str,
    short: bool,
    url: str,
    move: Callable[[], None],
    rate: int = 50,
    **settings: str,
) -> Row:
    found = await played(what, short, url, move, rate, **settings)
    in_time = found.kept and found.without_200 <= LONGEST_SILENCE
    return Row("1 Nothing lost when Redis moves", str(found), found.done, in_time)


async def played(
    what: str,
    short: bool,
    url: str,
    move: Callable[[], None],
    rate: int = 50,
    **settings: str,
) -> Played:
    """Post, move the primary meanwhile, and look what came of all that was answered 200."""
    callbacks = entries("room", 20, 5) if short else entries("room", 40, 20 * rate // 50)
    rate = 20 if short else rate
    async with stage(MUTE_AND_SPEAK, WORKER_PROCESSES="2", REDIS_URL=url, **settings) as on:
        on.edge.fate = lambda _request, _before: Fate(delay=0.1)
        posting = asyncio.create_task(on.plivo.post_all(callbacks, rate))
        await asyncio.sleep(1.0 if short else BEFORE_SECONDS)
        moved = time.time()
        await asyncio.to_thread(move)
        await posting
        later = entries("later", 5, 2)  # what comes when all is over must be as ever
        await on.plivo.post_all(later, 10)
        await on.until_quiet()
        lost, doubled, untouched, _ = account(on, callbacks)
        lost_later, _, untouched_later, _ = account(on, later)
        return Played(
            f"{what}: {len(callbacks)} events at {rate}/s",
            lost,
            doubled,
            untouched,
            len(repeated(on, "speak")),
            len(repeated(on, "mute")),
            len(recorded(on, callbacks, "unknown", "speak")),
            _silence([one.acknowledged for one in callbacks], moved),
            _silence([call.at for call in on.edge.calls()], moved),
            not (unacknowledged([*callbacks, *later]) or lost_later or untouched_later),
        )


def _silence(at: Sequence[float], since: float) -> float:
    """The longest time without any, from `since` on."""
    return max(
        (b - a for a, b in pairwise(sorted([since, *(t for t in at if t > since)]))), default=0
    )

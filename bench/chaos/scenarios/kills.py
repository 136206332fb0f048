"""Promises 1 and 2: nothing is lost and nothing is done twice while processes die under load."""

import asyncio
import time
from collections import Counter
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

from bench.chaos.callbacks import Callback, entries, unacknowledged
from bench.chaos.edge import Fate, Request
from bench.chaos.judge import members_of
from bench.chaos.report import Row
from bench.chaos.stage import Stage, stage

MUTE = """
version: 1
rules:
  - name: Everyone joins muted
    when: member.entered
    do:
      - mute: member
"""
MUTE_AND_SPEAK = (
    MUTE
    + """
      - speak: {to: member, text: "You are muted.", expires_in: 10m}
"""
)


@dataclass(frozen=True, slots=True)
class Kill:
    """When (epoch seconds) what was killed, and how many processes that were."""

    at: float
    what: str
    processes: int


async def nothing_lost(short: bool) -> list[Row]:
    """Promise 1."""
    callbacks, rate, every = _load(short)
    async with stage(MUTE, WORKER_PROCESSES="2") as on:
        killed = await _post_under_kills(on, callbacks, rate, every, twice=False)
        lost, doubled, untouched, strangers = account(on, callbacks)
        again = repeated(on, "mute")
        loose = _loose(on, killed)
    measured = (
        f"{len(callbacks)} events at {rate}/s into 40 conferences, killed: {told(killed)}. "
        f"Not acknowledged {unacknowledged(callbacks)}, acknowledged and not decided {lost}, "
        f"decided more than once {doubled}, members not acted upon {untouched}, "
        f"calls for nobody {strangers}; members muted again {len(again)}, of these without a death "
        f"between sending and recording {loose}"
    )
    bad = unacknowledged(callbacks) or lost or doubled or untouched or strangers
    return [Row("1 Nothing lost", measured, not bad, not loose)]


async def nothing_twice(short: bool) -> list[Row]:
    """Promise 2."""
    callbacks, rate, every = _load(short)
    async with stage(MUTE_AND_SPEAK, WORKER_PROCESSES="2") as on:
        killed = await _post_under_kills(on, callbacks, rate, every, twice=True)
        loose = _loose(on, killed)
        lost, doubled, untouched, _ = account(on, callbacks)
        spoken = times(on, "speak")
        twice = sum(1 for count in spoken.values() if count > 1)
        unknown = recorded(on, callbacks, "unknown", "speak")
        silent = {_id(c) for c in callbacks} - spoken.keys()
        unexplained = len(silent - unknown)
        again = repeated(on, "mute")
        posts = sum(callback.posts for callback in callbacks)
    measured = (
        f"{len(callbacks)} callbacks, each at least twice ({posts} posts), killed: {told(killed)}. "
        f"Decided more than once {doubled}, not decided {lost}, not muted {untouched}. "
        f"Spoken to more than once {twice}; not spoken to {len(silent)}, of which recorded as "
        f"'outcome unknown, not repeated' {len(silent) - unexplained} (of {len(unknown)} so "
        f"recorded). "
        f"Muted again {len(again)}, of these without a death between sending and recording {loose}"
    )
    bad = lost or doubled or untouched or twice or unexplained
    return [Row("2 Nothing twice", measured, not bad, not loose)]


def _load(short: bool) -> tuple[list[Callback], int, float]:
    """Callbacks, how many a second, seconds between kills."""
    return (entries("room", 40, 3), 30, 1.0) if short else (entries("room", 40, 50), 100, 4.0)


async def under_kills(
    on: Stage, posting: Sequence[Coroutine[Any, Any, None]], every: float
) -> list[Kill]:
    """Post all while one kind of process after the other dies, one in `every` seconds."""
    tasks = [asyncio.create_task(one) for one in posting]
    killed: list[Kill] = []
    for what in ("a worker", "all workers", "web", "valkey"):
        await asyncio.sleep(every)
        at = time.time()
        killed.append(Kill(at, what, on.gavel.kill_by_name(what)))
    await asyncio.gather(*tasks)
    return killed


async def _post_under_kills(
    on: Stage, callbacks: Sequence[Callback], rate: float, every: float, *, twice: bool
) -> list[Kill]:
    on.edge.fate = lambda _request, _before: Fate(delay=0.1)  # so that calls are under way then
    killed = await under_kills(on, [on.plivo.post_all(callbacks, rate, twice=twice)], every)
    await on.until_quiet()
    return killed


def told(killed: Sequence[Kill]) -> str:
    return ", ".join(f"{kill.what} ({kill.processes})" for kill in killed)


def _loose(on: Stage, killed: Sequence[Kill]) -> int:
    """Members whose mute was carried out again though nobody died between sending and recording
    the time before. Recording follows the answer within moments; half a second is given. A worker
    that stood still for longer than its lease is replaced as a dead one is: harmless, and common on
    a machine that is too busy."""
    before: dict[tuple[str, str], Request] = {}
    loose = set()
    for request in on.edge.calls("mute"):
        for member in request.members if request.effect else ():
            who = (request.conference, member)
            first = before.get(who)
            if first is not None and not any(
                first.at - 0.1 <= kill.at <= (first.done or first.at) + 0.5 for kill in killed
            ):
                loose.add(who)
            before[who] = request
    return len(loose)


def _id(callback: Callback) -> tuple[str, str]:
    return callback.conference, callback.member


def account(on: Stage, callbacks: Sequence[Callback]) -> tuple[int, int, int, int]:
    """Events not decided, decided more than once, members not muted, calls for strangers."""
    decided: Counter[tuple[str, str]] = Counter()
    for conference in {callback.conference for callback in callbacks}:
        for member, count in on.judge.decided(conference).items():
            decided[conference, member] += count
    wanted = {_id(callback) for callback in callbacks if callback.acknowledged}
    muted = times(on, "mute").keys()
    doubled = sum(1 for count in decided.values() if count > 1)
    return len(wanted - decided.keys()), doubled, len(wanted - muted), len(muted - wanted)


def times(on: Stage, verb: str) -> Counter[tuple[str, str]]:
    """How often the edge carried a verb out for each member."""
    return Counter(
        (request.conference, member)
        for request in on.edge.calls(verb)
        if request.effect
        for member in request.members
    )


def repeated(on: Stage, verb: str) -> Counter[tuple[str, str]]:
    """For whom a verb was carried out again, and how often."""
    return Counter({who: n - 1 for who, n in times(on, verb).items() if n > 1})


def recorded(
    on: Stage, callbacks: Sequence[Callback], status: str, verb: str
) -> set[tuple[str, str]]:
    """Members of calls of which the journal says `status`; "unknown": the call was interrupted
    between sending and recording, and is not made again."""
    return {
        (conference, member)
        for conference in {callback.conference for callback in callbacks}
        for member in members_of(on.judge.calls(conference, status), verb)
    }

"""Promises 1 and 2: nothing is lost and nothing is done twice while processes die under load."""

import asyncio
from collections import Counter
from collections.abc import Sequence

from bench.chaos.callbacks import Callback, entries, unacknowledged
from bench.chaos.edge import Fate
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
      - speak: {to: member, text: "You are muted."}
"""
)


async def nothing_lost(short: bool) -> list[Row]:
    """Promise 1."""
    callbacks, rate, every = _load(short)
    async with stage(MUTE, WORKER_PROCESSES="2") as on:
        killed = await _post_under_kills(on, callbacks, rate, every, twice=False)
        lost, repeated, untouched, strangers = _account(on, callbacks)
        again = _repeated(on, "mute")
        excused = _interrupted(on, callbacks, "mute")
    measured = (
        f"{len(callbacks)} events at {rate}/s into 40 conferences, killed: {killed}. "
        f"Not acknowledged {unacknowledged(callbacks)}, acknowledged and not decided {lost}, "
        f"decided more than once {repeated}, members not acted upon {untouched}, "
        f"calls for nobody {strangers}; mutes sent again {sum(again.values())} "
        f"(interrupted {len(excused)})"
    )
    kept = not (unacknowledged(callbacks) or lost or repeated or untouched or strangers)
    return [Row("1 Nothing lost", measured, kept)]


async def nothing_twice(short: bool) -> list[Row]:
    """Promise 2."""
    callbacks, rate, every = _load(short)
    async with stage(MUTE_AND_SPEAK, WORKER_PROCESSES="2") as on:
        killed = await _post_under_kills(on, callbacks, rate, every, twice=True)
        lost, repeated, untouched, _ = _account(on, callbacks)
        spoken = _times(on, "speak")
        twice = sum(1 for count in spoken.values() if count > 1)
        unknown = _unknown(on, callbacks)
        silent = {_id(c) for c in callbacks} - spoken.keys()
        unexplained = len(silent - unknown)
        again = _repeated(on, "mute")
        excused = _interrupted(on, callbacks, "mute")
        loose = len(again.keys() - excused)
        posts = sum(callback.posts for callback in callbacks)
    measured = (
        f"{len(callbacks)} callbacks, each at least twice ({posts} posts), killed: {killed}. "
        f"Decided more than once {repeated}, not decided {lost}, not muted {untouched}. "
        f"Spoken to more than once {twice}; not spoken to {len(silent)}, of which recorded as "
        f"'outcome unknown, not repeated' {len(silent) - unexplained} (of {len(unknown)} so "
        f"recorded). "
        f"Muted again {len(again)}, of which not by an interrupted call {loose}"
    )
    kept = not (lost or repeated or untouched or twice or unexplained or loose)
    return [Row("2 Nothing twice", measured, kept)]


def _load(short: bool) -> tuple[list[Callback], int, float]:
    """Callbacks, how many a second, seconds between kills."""
    return (entries("room", 40, 6), 60, 1.0) if short else (entries("room", 40, 50), 100, 4.0)


async def _post_under_kills(
    on: Stage, callbacks: Sequence[Callback], rate: float, every: float, *, twice: bool
) -> str:
    """Post all while one kind of process after the other dies; answers what was killed."""
    on.edge.fate = lambda _request, _before: Fate(delay=0.1)  # so that calls are under way then
    posting = asyncio.create_task(on.plivo.post_all(callbacks, rate, twice=twice))
    killed = Counter[str]()
    for what in ("a worker", "all workers", "web", "valkey"):
        await asyncio.sleep(every)
        killed[what] += on.gavel.kill_by_name(what)
    await posting
    await on.until_quiet()
    return ", ".join(f"{what} ({count})" for what, count in killed.items())


def _id(callback: Callback) -> tuple[str, str]:
    return callback.conference, callback.member


def _account(on: Stage, callbacks: Sequence[Callback]) -> tuple[int, int, int, int]:
    """Events not decided, decided more than once, members not muted, calls for strangers."""
    decided: Counter[tuple[str, str]] = Counter()
    for conference in {callback.conference for callback in callbacks}:
        for member, count in on.judge.decided(conference).items():
            decided[conference, member] += count
    wanted = {_id(callback) for callback in callbacks if callback.acknowledged}
    muted = _times(on, "mute").keys()
    repeated = sum(1 for count in decided.values() if count > 1)
    return len(wanted - decided.keys()), repeated, len(wanted - muted), len(muted - wanted)


def _times(on: Stage, verb: str) -> Counter[tuple[str, str]]:
    """How often the edge carried a verb out for each member."""
    return Counter(
        (request.conference, member)
        for request in on.edge.calls(verb)
        if request.effect
        for member in request.members
    )


def _repeated(on: Stage, verb: str) -> Counter[tuple[str, str]]:
    return Counter({who: n - 1 for who, n in _times(on, verb).items() if n > 1})


def _interrupted(on: Stage, callbacks: Sequence[Callback], verb: str) -> set[tuple[str, str]]:
    """Members of calls that the journal calls interrupted between sending and recording."""
    return {
        (conference, member)
        for conference in {callback.conference for callback in callbacks}
        for member in members_of(on.judge.calls(conference, "retry"), verb)
    }


def _unknown(on: Stage, callbacks: Sequence[Callback]) -> set[tuple[str, str]]:
    return {
        (conference, member)
        for conference in {callback.conference for callback in callbacks}
        for member in members_of(on.judge.calls(conference, "unknown"), "speak")
    }

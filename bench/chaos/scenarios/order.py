"""Promise 3: each conference in order, and none waits for another."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence

from bench.chaos.callbacks import Callback, callback, entries
from bench.chaos.edge import Fate
from bench.chaos.report import Row, ms, percentile
from bench.chaos.scenarios.kills import MUTE, MUTE_AND_SPEAK
from bench.chaos.stage import Stage, stage


async def in_order(short: bool) -> list[Row]:
    """The calls of each conference arrive in the order of its accepted events, kills or not."""
    callbacks = entries("room", 20, 6 if short else 40)
    async with stage(MUTE_AND_SPEAK, WORKER_PROCESSES="2") as on:
        on.edge.fate = lambda _request, _before: Fate(delay=0.03)
        posting = asyncio.create_task(on.plivo.post_all(callbacks, 80 if short else 100))
        if not short:
            await asyncio.sleep(3)
            on.gavel.kill("worker", only_one=True)
        await posting
        await on.until_quiet()
        rooms = sorted({callback.conference for callback in callbacks})
        wrong = [room for room in rooms if not _is_in_order(on, room)]
        calls = len(on.edge.calls())
    measured = (
        f"{len(callbacks)} events into {len(rooms)} conferences, {calls} calls (merged ones name "
        f"several members){'' if short else ', one worker killed'}; conferences out of order: "
        f"{len(wrong)}"
    )
    return [Row("3 In order per conference", measured, not wrong)]


def _is_in_order(on: Stage, room: str) -> bool:
    """First arrivals of each verb name the members in the journal's order, each muted before
    spoken to."""
    accepted = on.judge.order(room)
    mutes = _first_arrivals(on, room, "mute")
    speaks = _first_arrivals(on, room, "speak")
    if mutes != accepted or speaks != [member for member in accepted if member in set(speaks)]:
        return False
    first: dict[tuple[str, str], int] = {}
    for at, request in enumerate(on.edge.calls(conference=room)):
        for member in request.members:
            first.setdefault((request.verb, member), at)
    return all(first["mute", m] < first["speak", m] for m in speaks)


def _first_arrivals(on: Stage, room: str, verb: str) -> list[str]:
    named = (m for request in on.edge.calls(verb, room) for m in request.members)
    return list(dict.fromkeys(named))


async def slow_one(short: bool) -> list[Row]:
    """One conference whose calls are answered after 5 s delays no other."""
    seconds, rate, delay = (3, 40, 2.0) if short else (15, 60, 5.0)
    async with stage(MUTE) as on:
        on.edge.fate = lambda r, _before: Fate(delay=delay if r.conference == "slow" else 0.02)
        alone = await _latencies(on, "before", seconds, rate, [])
        slow = [callback("slow", str(member)) for member in range(seconds * 2)]
        beside = await _latencies(on, "beside", seconds, rate, slow)
        held = len(on.edge.calls(conference="slow"))
    arrived = max(alone + beside) < float("inf")
    p99 = (percentile(alone, 99), percentile(beside, 99))
    measured = (
        f"{rate} events/s into 20 conferences, from callback sent to call: alone p50 "
        f"{ms(percentile(alone, 50))}, p99 {ms(p99[0])}; beside one that is answered after "
        f"{delay:g} s ({held} calls of it) p50 {ms(percentile(beside, 50))}, p99 {ms(p99[1])}"
    )
    return [Row("3 A slow conference delays no other", measured, arrived, p99[1] < 1.0)]


async def _latencies(
    on: Stage, prefix: str, seconds: int, rate: int, others: Sequence[Callback]
) -> list[float]:
    """From a callback's first post to its call's arrival, of conferences that are not slow."""
    callbacks = entries(prefix, 20, seconds * rate // 20)
    await asyncio.gather(
        on.plivo.post_all(callbacks, rate),
        on.plivo.post_all(others, max(1, len(others)) / seconds),
    )
    await on.until(lambda: _missing(on, callbacks) == 0)
    at: dict[tuple[str, str], float] = defaultdict(lambda: float("inf"))
    for request in on.edge.calls("mute"):
        for member in request.members:
            at[request.conference, member] = min(at[request.conference, member], request.at)
    return [at[c.conference, c.member] - c.sent for c in callbacks]


def _missing(on: Stage, callbacks: Sequence[Callback]) -> int:
    done = {(r.conference, member) for r in on.edge.calls("mute") for member in r.members}
    return len({(c.conference, c.member) for c in callbacks} - done)

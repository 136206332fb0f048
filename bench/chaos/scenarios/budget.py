"""Promise 6, first half: the account's budget, what it is spent on first, and no storm."""

import asyncio
import time

from bench.chaos.callbacks import entries
from bench.chaos.edge import Fate
from bench.chaos.report import Row, most_within
from bench.chaos.scenarios.kills import MUTE, MUTE_AND_SPEAK
from bench.chaos.stage import stage


async def never_exceeded(short: bool) -> list[Row]:
    """More calls wanted than allowed, reconciling at the same time."""
    rooms, rate, calls, seconds = (120, "50/1s", 50, 1.0) if short else (600, "300/5s", 300, 5.0)
    callbacks = entries("busy", rooms, 1)
    settings = {"PLIVO_RATE": rate, "RECONCILE_INTERVAL": "2s", "WORKER_PROCESSES": "2"}
    async with stage(MUTE_AND_SPEAK, **settings) as on:
        on.edge.fate = lambda _request, _before: Fate(delay=0.05)
        for callback in callbacks:
            on.edge.world.enter(callback.conference, callback.member, callback.fields["CallUUID"])
        await on.plivo.post_all(callbacks, 200)
        begun = callbacks[0].sent
        await on.until(lambda: len(on.edge.calls("speak")) >= rooms)
        log = list(on.edge.log)
    crowded = most_within([request.at for request in log], seconds)
    mutes = sorted(r.at for r in log if r.verb == "mute")
    speaks = sorted(r.at for r in log if r.verb == "speak")
    reads = [r.at for r in log if r.method == "GET" and r.at >= begun]
    contended = max(callback.acknowledged for callback in callbacks), mutes[-1]
    early_speaks = sum(1 for at in speaks if contended[0] < at < contended[1])
    early_reads = sum(1 for at in reads if contended[0] < at < contended[1])
    took = max(0.0, contended[1] - contended[0])
    measured = (
        f"{rooms} mutes, {rooms} speaks and reconciling every 2 s wanted within "
        f"{callbacks[-1].sent - begun:.1f} s, PLIVO_RATE={rate}: most in any {seconds:g} s "
        f"{crowded} of {calls}. While mutes waited ({took:.1f} s) {early_speaks} speaks and "
        f"{early_reads} reads went out; the last speak after {speaks[-1] - begun:.1f} s"
    )
    first = early_speaks <= 0.1 * rooms and early_reads <= took + 2
    complete = len(mutes) >= rooms and len(speaks) >= rooms
    return [Row("6 Budget and priorities", measured, complete, crowded <= calls and first)]


async def no_storm(short: bool) -> list[Row]:
    """The API fails for everybody, then comes back while hundreds of calls wait."""
    rooms, outage = (60, 3.0) if short else (400, 12.0)
    callbacks = entries("storm", rooms, 1)
    async with stage(MUTE, PLIVO_RATE="300/5s") as on:
        down = True
        on.edge.fate = lambda _request, _before: Fate(status=503 if down else 0, delay=0.02)
        begun = time.time()
        await on.plivo.post_all(callbacks, rooms / outage * 2)
        await asyncio.sleep(max(0.0, begun + outage - time.time()))
        down, back = False, time.time()
        muted = await on.until(
            lambda: sum(1 for r in on.edge.calls("mute") if r.status == 202) >= rooms,
            every=0.05,
        )
        done = time.time()
        log = list(on.edge.log)
    vain = [r.at for r in log if r.at < back]
    after = [r.at for r in log if r.at >= back]
    peak, within = most_within(after, 1.0), most_within([r.at for r in log], 5.0)
    first_second = sum(1 for at in after if at < back + 1.5)
    measured = (
        f"all calls answered 503 for {back - begun:.1f} s while {rooms} were wanted: {len(vain)} "
        f"calls in vain. When it came back: {first_second} calls in the first 1.5 s, at most "
        f"{peak} in any second, {within} in any 5 s; all "
        f"{rooms} done {done - back:.1f} s later with {len(after)} calls"
    )
    calm = within <= 300 and first_second <= 30 and len(vain) <= 60 + 3 * outage
    return [Row("6 No storm after an outage", measured, muted, calm and len(after) < 1.2 * rooms)]

"""Promise 2, for the regular end: a deploy under load leaves no call unknown and repeats none."""

import asyncio
import time

from bench.chaos.callbacks import entries, unacknowledged
from bench.chaos.edge import Fate
from bench.chaos.report import Row
from bench.chaos.scenarios.kills import MUTE_AND_SPEAK, account, recorded, repeated, times
from bench.chaos.stage import stage


async def restarted(short: bool) -> list[Row]:
    """`gavel up` is stopped with SIGTERM and started again while calls are under way."""
    callbacks = entries("room", 20, 4 if short else 20)
    stops = []
    async with stage(MUTE_AND_SPEAK, WORKER_PROCESSES="2") as on:
        on.edge.fate = lambda _request, _before: Fate(delay=1.0)
        posting = asyncio.create_task(on.plivo.post_all(callbacks, 60))
        for _ in range(1 if short else 2):
            await asyncio.sleep(1 if short else 2)
            begun = time.monotonic()
            await asyncio.to_thread(on.gavel.stop)
            stops.append(time.monotonic() - begun)
            await asyncio.to_thread(on.gavel.start)
        await posting
        await on.until_quiet()
        lost, doubled, untouched, _ = account(on, callbacks)
        unknown = recorded(on, callbacks, "unknown", "speak")
        again = len(repeated(on, "mute")) + len(repeated(on, "speak"))
        silent = len(callbacks) - len(times(on, "speak"))
    measured = (
        f"{len(callbacks)} events at 60/s, API 1 s, stopped with SIGTERM and started again "
        f"{len(stops)} times (stopping took {', '.join(f'{took:.1f}' for took in stops)} s): not "
        f"decided {lost}, decided more than once {doubled}, not muted {untouched}, not spoken to "
        f"{silent}, outcome unknown {len(unknown)}, calls made again {again}"
    )
    bad = lost or doubled or untouched or unacknowledged(callbacks)
    cut = silent or unknown or again  # by a worker that was killed since it did not end in time
    return [Row("2 A regular restart loses and repeats nothing", measured, not bad, not cut)]

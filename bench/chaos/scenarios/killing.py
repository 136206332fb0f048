"""Promise 2, for kills without end: they set no healthy event aside."""

import asyncio
import time

from bench.chaos.callbacks import entries, unacknowledged
from bench.chaos.edge import Fate
from bench.chaos.report import Row
from bench.chaos.scenarios.kills import MUTE, account
from bench.chaos.stage import stage

EVERY = 0.7


async def killed_again_and_again(short: bool) -> list[Row]:
    """A worker dies every 0.7 s, whatever it is doing, while callbacks come at 60/s."""
    callbacks = entries("room", 40, 6 if short else 60)
    killed = 0
    async with stage(MUTE, WORKER_PROCESSES="2") as on:
        on.edge.fate = lambda _request, _before: Fate(delay=1.0)  # so that calls are under way then
        posting = asyncio.create_task(on.plivo.post_all(callbacks, 60))
        begun = time.monotonic()
        while not posting.done():
            await asyncio.sleep(EVERY)
            killed += on.gavel.kill("worker", only_one=True)
        took = time.monotonic() - begun
        await posting
        await on.until_quiet()
        lost, doubled, untouched, _ = account(on, callbacks)
        aside = on.judge.dead()
    measured = (
        f"{len(callbacks)} events at 60/s, API 1 s, a worker killed {killed} times in {took:.0f} s: "
        f"not decided {lost}, decided more than once {doubled}, not muted {untouched}, set aside "
        f"{aside}"
    )
    bad = lost or doubled or untouched or aside or unacknowledged(callbacks)
    return [Row("2 Kills set nothing aside", measured, not bad)]

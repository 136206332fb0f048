"""Promises 1 and 2, for deploys: everything is restarted, one by one, while callbacks come."""

import asyncio
import time
from typing import Any

from bench.chaos.callbacks import Callback, callback, unacknowledged
from bench.chaos.edge import Fate
from bench.chaos.fleet import Fleet
from bench.chaos.report import Row
from bench.chaos.scenarios.kills import MUTE_AND_SPEAK, account, recorded, repeated
from bench.chaos.stage import Stage, stage

RATE = 50.0  # callbacks a second
SHORT_RATE = 10.0  # two calls under way at any time, still
ROOMS = 40


async def restarted_one_by_one(short: bool) -> list[Row]:
    """Workers, web processes, SIGHUP to these, and Valkey at the end, in so many rounds."""
    async with stage(MUTE_AND_SPEAK, Fleet) as on:
        assert isinstance(on.gavel, Fleet)
        on.edge.fate = lambda _request, _before: Fate(delay=0.2)  # so that calls are under way then
        restarting = asyncio.create_task(asyncio.to_thread(_restart, on.gavel, 1 if short else 3))
        rate = SHORT_RATE if short else RATE
        callbacks = await post_until(on, restarting, rate)
        codes, before_valkey, took = await restarting
        await on.until_quiet()
        lost, doubled, untouched, _ = account(on, callbacks)
        unknown = recorded(on, callbacks, "unknown", "speak")
        again = len(repeated(on, "mute")) + len(repeated(on, "speak"))
    by_ours = [one for one in callbacks if one.errors and one.sent < before_valkey - 1.0]
    slowest = max(one.acknowledged - one.sent for one in callbacks)
    measured = (
        f"{len(callbacks)} callbacks at {rate:g}/s while 2 workers and 2 web processes were "
        f"restarted one by one, the web processes by SIGHUP, too, then Valkey ({took:.0f} s): not "
        f"acknowledged {unacknowledged(callbacks)}, not decided {lost}, decided more than once "
        f"{doubled}, not muted {untouched}, outcome unknown {len(unknown)}, calls made again "
        f"{again}; answered 5xx and then 200: {len(by_ours)} while ours were restarted, "
        f"{sum(1 for one in callbacks if one.errors) - len(by_ours)} while Valkey was; posted more "
        f"than once {sum(1 for one in callbacks if one.posts > 1)}, the slowest 200 after "
        f"{slowest:.2f} s; exit codes {sorted(set(codes))}"
    )
    bad = unacknowledged(callbacks) or lost or doubled or untouched
    cut = unknown or again or any(codes) or by_ours
    return [Row("1, 2 A rolling restart of everything loses nothing", measured, not bad, not cut)]


def _restart(fleet: Fleet, rounds: int) -> tuple[list[int], float, float]:
    """Exit codes, when Valkey was restarted (epoch seconds), and how long all of it took."""
    begun = time.monotonic()
    codes = []
    for _ in range(rounds):
        codes += [fleet.restart(name) for name in fleet.names]
        for name in fleet.names:
            if name.startswith("web"):
                fleet.reload(name)
    at = time.time()
    fleet.restart_valkey()
    time.sleep(1.0)
    return codes, at, time.monotonic() - begun


async def post_until(on: Stage, done: "asyncio.Task[Any]", rate: float = RATE) -> list[Callback]:
    """Somebody enters at an even rate (a second) until it is over; all are acknowledged then."""
    callbacks: list[Callback] = []
    posting = []
    begun = time.monotonic()
    while not done.done():
        number = len(callbacks)
        await asyncio.sleep(max(0.0, begun + number / rate - time.monotonic()))
        one = callback(f"room-{number % ROOMS}", str(100 + number // ROOMS))
        callbacks.append(one)
        posting.append(asyncio.create_task(on.plivo.post(one, f"nonce-{number}")))
    await asyncio.gather(*posting)
    return callbacks

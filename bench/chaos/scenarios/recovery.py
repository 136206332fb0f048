"""Promise 4: whoever dies, another goes on within seconds."""

import asyncio
import time
from collections.abc import Iterable

from bench.chaos.callbacks import callback
from bench.chaos.edge import Fate, Request
from bench.chaos.processes import owner_of_port
from bench.chaos.report import Row
from bench.chaos.scenarios.kills import MUTE
from bench.chaos.stage import Stage, stage

LONGEST = 6.0
EVERY_SECOND = """
version: 1
rules:
  - name: A tick
    when: {conference.every: 1s}
    do:
      - unmute: all
"""


async def next_worker(short: bool) -> list[Row]:
    """From SIGKILL of the worker that holds a conference, with a call under way, to the next call
    of that conference by another one."""
    gaps: list[float] = []
    async with stage(MUTE, WORKER_PROCESSES="2") as on:
        on.edge.fate = lambda _request, _before: Fate(delay=0.5)
        for round in range(1 if short else 8):
            gaps.append(await _kill_the_holder(on, f"held-{round}"))
            await asyncio.sleep(0 if short else 1.5)
            await asyncio.to_thread(on.gavel.wait_ready)
    measured = (
        f"{len(gaps)} kills of the worker whose call was under way; next call by another after "
        f"{', '.join(f'{gap:.2f}' for gap in gaps)} s"
    )
    return [_row("4 Recovery of a conference (at most 6 s)", measured, gaps)]


async def _kill_the_holder(on: Stage, name: str) -> float:
    posting = asyncio.create_task(
        on.plivo.post_all([callback(name, str(member)) for member in range(30)], 5)
    )
    await on.until(lambda: len(on.edge.calls(conference=name)) >= 2, every=0.005)
    call, holder = await _newest_call(on, name)
    killed = time.time()
    on.gavel.kill_pid(holder)

    def by_another() -> list[float]:
        return [
            r.at for r in on.edge.calls(conference=name) if r.port != call.port and r.at > killed
        ]

    await on.until(lambda: bool(by_another()), every=0.01)
    await posting
    return min(by_another(), default=float("inf")) - killed


async def _newest_call(on: Stage, name: str) -> tuple[Request, int]:
    """The newest call of a conference, and the worker that made it and lives."""
    found: list[tuple[Request, int]] = []

    def look() -> bool:
        call = on.edge.calls(conference=name)[-1]
        owner = owner_of_port(call.port, on.gavel.pids("worker"))
        found.extend([(call, owner)] if owner is not None else [])
        return bool(found)

    if not await on.until(look, every=0.005):
        raise LookupError("nobody owns the connection of the newest call")
    return found[0]


def _row(promise: str, measured: str, gaps: Iterable[float]) -> Row:
    longest = max(gaps)
    return Row(promise, measured, longest < float("inf"), longest <= LONGEST)


async def timers_go_on(short: bool) -> list[Row]:
    """From SIGKILL of any process to timers firing again."""
    gaps: dict[str, float] = {}
    async with stage(EVERY_SECOND, WORKER_PROCESSES="2") as on:
        rooms = [callback(f"tick-{number}", "1") for number in range(10)]
        await on.plivo.post_all(rooms, 50)
        await on.until(lambda: len(on.edge.calls("unmute")) >= 10)
        for what in ("web", "valkey") if short else ("a worker", "all workers", "web", "valkey"):
            killed = time.time()
            on.gavel.kill_by_name(what)
            await asyncio.sleep(0.2)  # what was under way has arrived
            gaps[what] = await _all_ticked(on, len(rooms))
            gaps[what] -= killed
            await asyncio.sleep(0 if short else 11)
    told = ", ".join(f"{what} {gap:.2f} s" for what, gap in gaps.items())
    measured = f"10 conferences with a timer every second; all ticked again after SIGKILL of {told}"
    return [_row("4 Timers fire again (at most 6 s)", measured, gaps.values())]


async def _all_ticked(on: Stage, rooms: int) -> float:
    """When the last of so many conferences had its next timer; infinity when one has none."""
    before = len(on.edge.log)

    def seen() -> dict[str, float]:
        first: dict[str, float] = {}
        for request in on.edge.log[before:]:
            first.setdefault(request.conference, request.at)
        return first

    all_did = await on.until(lambda: len(seen()) >= rooms, every=0.02)
    return max(seen().values()) if all_did else float("inf")

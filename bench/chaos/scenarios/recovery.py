"""Promise 4: whoever dies, another goes on within seconds."""

import asyncio
import time

from bench.chaos.callbacks import callback
from bench.chaos.edge import Fate
from bench.chaos.report import Row
from bench.chaos.scenarios.kills import MUTE
from bench.chaos.stage import Stage, stage
from bench.chaos.system import owner_of_port

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
    return [
        Row(
            "4 Recovery of a conference (at most 6 s)",
            measured,
            max(gaps) <= (30 if short else LONGEST),
        )
    ]


async def _kill_the_holder(on: Stage, name: str) -> float:
    posting = asyncio.create_task(
        on.plivo.post_all([callback(name, str(member)) for member in range(30)], 5)
    )
    await on.until(lambda: len(on.edge.calls(conference=name)) >= 2, 10, 0.005)
    call = on.edge.calls(conference=name)[-1]
    holder = owner_of_port(call.port, on.gavel.pids("worker"))
    if holder is None:
        raise LookupError("nobody owns the connection of this call")
    killed = time.time()
    on.gavel.kill_pid(holder)

    def by_another() -> list[float]:
        return [
            r.at for r in on.edge.calls(conference=name) if r.port != call.port and r.at > killed
        ]

    await on.until(lambda: bool(by_another()), 30, 0.01)
    gap = by_another()[0] - killed
    await posting
    return gap


async def timers_go_on(short: bool) -> list[Row]:
    """From SIGKILL of any process to timers firing again."""
    gaps: dict[str, float] = {}
    async with stage(EVERY_SECOND, WORKER_PROCESSES="2") as on:
        rooms = [callback(f"tick-{number}", "1") for number in range(10)]
        await on.plivo.post_all(rooms, 50)
        await on.until(lambda: len(on.edge.calls("unmute")) >= 10, 20)
        for what in ("web", "valkey") if short else ("a worker", "all workers", "web", "valkey"):
            killed = time.time()
            on.gavel.kill_by_name(what)
            await asyncio.sleep(0.2)  # what was under way has arrived
            gaps[what] = await _all_ticked(on, len(rooms))
            gaps[what] -= killed
            await asyncio.sleep(0 if short else 11)
    told = ", ".join(f"{what} {gap:.2f} s" for what, gap in gaps.items())
    measured = f"10 conferences with a timer every second; all ticked again after SIGKILL of {told}"
    kept = max(gaps.values()) <= (30 if short else LONGEST)
    return [Row("4 Timers fire again (at most 6 s)", measured, kept)]


async def _all_ticked(on: Stage, rooms: int) -> float:
    """When the last of so many conferences had its next timer."""
    before = len(on.edge.log)

    def seen() -> dict[str, float]:
        first: dict[str, float] = {}
        for request in on.edge.log[before:]:
            first.setdefault(request.conference, request.at)
        return first

    await on.until(lambda: len(seen()) >= rooms, 30, 0.02)
    return max(seen().values())

"""Many accounts: a burst of one does not hold up another."""

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

from bench.chaos.accounts import Account, ManyAccounts
from bench.chaos.apart import post_apart
from bench.chaos.callbacks import Callback, callback, entries
from bench.chaos.report import Row, ms, percentile
from bench.chaos.scenarios.kills import MUTE
from bench.chaos.stage import Stage, stage

AS_IT_COMES = {"PLIVO_RATE": "", "RECONCILE_INTERVAL": "", "WORKER_PROCESSES": ""}
ACME, ZETA = Account("acme", MUTE), Account("zeta", MUTE)
RATE = 5
Wait = tuple[float, float]
"""Seconds from the post of a callback to its 200, and to its call at the API."""
MOST_MORE = 1.2
"""What the p50 of one account may become, of what it was, by a burst of another."""


@dataclass(frozen=True, slots=True)
class Burst:
    """What acme gets while zeta is measured."""

    what: str
    rate: float
    rooms: int
    members: int


BURSTS = (
    Burst("600/s for 10 s into 100 conferences", 600, 100, 60),
    Burst("3,000 at once into 1,000 conferences", 1e9, 1000, 3),
)


@dataclass(slots=True)
class Waits:
    """What zeta waited: alone, and while acme's burst is worked."""

    alone: list[Wait] = field(default_factory=list)
    beside: list[Wait] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"to its call p50 {self.told(1, 50)}, p99 {self.told(1, 99)}; of that to its 200 p50 "
            f"{self.told(0, 50)}, p99 {self.told(0, 99)}"
        )

    def told(self, part: int, share: float) -> str:
        alone, beside = self.of(part, share)
        return f"{ms(alone)} alone, {ms(beside)} beside"

    def of(self, part: int, share: float) -> tuple[float, float]:
        alone, beside = (
            percentile([one[part] for one in waits], share) for waits in (self.alone, self.beside)
        )
        return alone, beside

    def is_fair(self) -> bool:
        alone, beside = self.of(1, 50)
        return beside <= MOST_MORE * alone


async def fair(short: bool) -> list[Row]:
    """zeta at 5/s alone, then beside a burst of acme of ten times its budget, in turns."""
    rounds, seconds = (1, 4) if short else (4, 10)
    system = partial(ManyAccounts, accounts=[ACME, ZETA])
    rows = []
    for burst in BURSTS:
        async with stage(MUTE, system, **AS_IT_COMES) as on:
            waits = Waits()
            await _zeta(on, "warm", 2)
            for number in range(rounds):
                waits.alone += await _zeta(on, f"alone-{number}", seconds)
                posting = asyncio.create_task(_burst(on, burst, number))
                waits.beside += await _zeta(on, f"beside-{number}", seconds)
                await posting
                await on.until(ACME.judge(on).is_idle)
                await on.until_quiet()
        measured = (
            f"zeta at {RATE}/s, acme {burst.what}, {rounds} rounds: {waits}; load "
            f"{os.getloadavg()[0]:.0f}"
        )
        rows.append(Row("Accounts: fair", measured, holds=True, in_time=waits.is_fair()))
    return rows


async def _burst(on: Stage, burst: Burst, number: int) -> list[Callback]:
    callbacks = entries(f"burst-{number}", burst.rooms, burst.members)
    return await post_apart(on.gavel.port, callbacks, burst.rate, ACME.path, ACME.token)


async def _zeta(on: Stage, name: str, seconds: int) -> Sequence[Wait]:
    """Callbacks of zeta, a conference each; what each waited."""
    rooms = [callback(f"{name}-{n}", "1") for n in range(RATE * seconds)]
    posted = await post_apart(on.gavel.port, rooms, RATE, ZETA.path, ZETA.token)
    at: dict[str, float] = {}

    def all_there() -> bool:
        for call in on.edge.calls("mute", account=ZETA.id):
            at.setdefault(call.conference, call.at)
        return all(one.conference in at for one in posted)

    if not await on.until(all_there):
        raise TimeoutError(f"zeta's calls of {name} did not come")
    return [(one.acknowledged - one.sent, at[one.conference] - one.sent) for one in posted]

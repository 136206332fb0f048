"""Promise 8: callbacks that never came, and a Redis that is empty."""

import asyncio
import shutil
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from app.domain.conference import Conference
from app.store import keys
from bench.chaos.callbacks import call_uuid, callback
from bench.chaos.report import Row
from bench.chaos.stage import PATIENCE, Stage, stage

RULES = """
version: 1
limits:
  - match: {{conference: "limited-*"}}
    duration: {limit}s
rules:
  - name: Everyone joins muted
    when: member.entered
    do:
      - mute: member
  - name: Warn
    when: {{conference.time_left: {left}s}}
    match: {{conference: "limited-*"}}
    do:
      - speak: {{to: all, text: "Soon."}}
  - name: Left
    when: member.exited
    do:
      - log: "left"
  - name: Over
    when: conference.ended
    do:
      - log: "over"
"""


@dataclass(frozen=True, slots=True)
class Plan:
    """Seconds: the reconcile interval, a limit, when before it to warn, and how far from the right
    moment all that may happen."""

    interval: float
    limit: int
    left: int
    slack: float

    @classmethod
    def of(cls, short: bool) -> "Plan":
        return cls(2, 50, 6, 8) if short else cls(30, 90, 20, 2)

    def stage(self) -> AbstractAsyncContextManager[Stage]:
        rules = RULES.format(limit=self.limit, left=self.left)
        return stage(rules, RECONCILE_INTERVAL=f"{self.interval:g}s")


async def withheld(short: bool) -> list[Row]:
    plan = Plan.of(short)
    async with plan.stage() as on:
        return [await _withheld(on, plan)]


async def unseen(short: bool) -> list[Row]:
    plan = Plan.of(short)
    async with plan.stage() as on:
        return [await _while_down(on, plan, empty=False)]


async def emptied(short: bool) -> list[Row]:
    plan = Plan.of(short)
    async with plan.stage() as on:
        return [await _while_down(on, plan, empty=True)]


async def _withheld(on: Stage, plan: Plan) -> Row:
    """A missed enter, a missed exit, a conference that ended silently."""
    world = on.edge.world
    known = [callback("seen", "1"), callback("seen", "2"), callback("silent", "1")]
    for one in known:
        world.enter(one.conference, one.member, one.fields["CallUUID"])
    await on.plivo.post_all(known, 50)
    await on.until(lambda: all(_muted(on, c.conference, c.member) for c in known))
    await asyncio.sleep(4)  # what was heard in the last 3 s stands against Plivo's list
    changed = time.time()
    world.enter("seen", "3", call_uuid("seen", "3"))
    world.exit("seen", "2")
    world.exit("silent", "1")
    missed: dict[str, Callable[[], bool]] = {
        "missed enter": lambda: _muted(on, "seen", "3"),
        "missed exit": lambda: (
            _ran(on, "seen", "Left")
            and set(_state(on, "seen").members)
            == {
                "1",
                "3",
            }
        ),
        "silent end": lambda: _ran(on, "silent", "Over") and not _state(on, "silent").live,
    }
    took = await _times(on, missed, changed, plan)
    return _row("8 Reconcile: withheld callbacks", took, plan, "")


async def _while_down(on: Stage, plan: Plan, *, empty: bool) -> Row:
    """A conference that began while Gavel was down; or Gavel forgot everything."""
    name = "limited-forgotten" if empty else "limited-unseen"
    age = 3.0
    if empty:  # Gavel knows it well, with its start, before it forgets it
        one = callback(name, "1")
        on.edge.world.enter(name, "1", one.fields["CallUUID"])
        await on.plivo.post_all([one], 50)
        await on.until(lambda: _muted(on, name, "1"))
        await asyncio.sleep(age)
    started = on.edge.world.rooms[name].started if empty else time.time() - age
    await asyncio.to_thread(on.gavel.stop)
    before = len(on.edge.log)
    if empty:
        shutil.rmtree(on.gavel.folder / "var" / "valkey")
    else:
        on.edge.world.enter(name, "1", call_uuid(name, "1"), started)
        on.edge.world.enter(name, "2", call_uuid(name, "2"))
    restarted = time.time()
    await asyncio.to_thread(on.gavel.start)
    expected = {"1"} if empty else {"1", "2"}

    def over() -> bool:
        """So late that the limit came first; it was known then, too."""
        return bool(_after(on, "hang_up", name, before))

    looks: dict[str, Callable[[], bool]] = {
        "state": lambda: (
            over() or (_state(on, name).live and set(_state(on, name).members) == expected)
        ),
        "start": lambda: over() or _state(on, name).started_at > started - 2.0,
    }
    if not empty:
        looks["mutes"] = lambda: _muted(on, name, "1") and _muted(on, name, "2")
    took = await _times(on, looks, restarted, plan)
    limit, left = plan.limit, plan.left
    drift = float("inf") if over() else _state(on, name).started_at - started
    await on.until(over, limit + PATIENCE)
    warned = [at - (started + limit - left) for at in _after(on, "speak", name, before)]
    ended = [at - (started + limit) for at in _after(on, "hang_up", name, before)]
    # Plivo tells the age in whole seconds: the limit can be off by so much, and a warning whose
    # moment passed before we knew of the conference is not given.
    holds = len(ended) == 1 and len(warned) <= 1 and min(warned + ended) > -2.0
    in_time = len(warned) == 1 and drift < 2.0 and max(map(abs, warned + ended)) < plan.slack
    told = (
        f"warning {', '.join(f'{at:+.1f}' for at in warned)} s and end at the limit "
        f"{', '.join(f'{at:+.1f}' for at in ended)} s from when they should have been"
    )
    what = "an empty Redis" if empty else "a conference that began while down"
    row = _row(f"8 Reconcile: {what}", took, plan, told)
    return Row(row.promise, row.measured, row.holds and holds, row.in_time and in_time)


async def _times(
    on: Stage, looks: dict[str, Callable[[], bool]], since: float, plan: Plan
) -> dict[str, float]:
    took: dict[str, float] = {}

    def look() -> bool:
        for name, holds in looks.items():
            if name not in took and holds():
                took[name] = time.time() - since
        return len(took) == len(looks)

    await on.until(look)
    return {name: took.get(name, float("inf")) for name in looks}


def _row(promise: str, took: dict[str, float], plan: Plan, more: str) -> Row:
    told = ", ".join(f"{what} {seconds:.1f} s" for what, seconds in took.items())
    measured = f"interval {plan.interval:g} s; right after: {told}" + (f"; {more}" if more else "")
    longest = max(took.values())
    return Row(promise, measured, longest < float("inf"), longest <= plan.interval + plan.slack)


def _after(on: Stage, verb: str, name: str, before: int) -> list[float]:
    return [r.at for r in on.edge.log[before:] if r.verb == verb and r.conference == name]


def _muted(on: Stage, name: str, member: str) -> bool:
    return any(member in request.members for request in on.edge.calls("mute", name))


def _ran(on: Stage, name: str, rule: str) -> bool:
    return any(
        run["rule"] == rule and run["outcome"] == "applied" for run in on.judge.entries(name, "run")
    )


def _state(on: Stage, name: str) -> Conference:
    text = on.judge.redis.get(keys.conference(keys.conference_key(name)))
    return Conference.from_json(text) if isinstance(text, bytes) else Conference.new(name)

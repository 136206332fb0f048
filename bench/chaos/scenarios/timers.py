"""Promise 5: timers are on time, none early, twice or lost, over a SIGKILL of everything."""

import asyncio
import time
from collections import Counter
from dataclasses import dataclass

from bench.chaos.callbacks import callback
from bench.chaos.report import Row, ms, percentile
from bench.chaos.stage import Stage, stage

RULE = """
  - name: Timer {number}
    when: {{conference.elapsed: {after}s}}
    do:
      - speak: {{to: all, text: "{number}", expires_in: 10m}}
"""


@dataclass(frozen=True, slots=True)
class Plan:
    """So many conferences enter at `rate` a second; each has a timer at every one of `after`
    (seconds); everything is killed `kill` seconds after the first entry."""

    conferences: int
    rate: int
    after: tuple[int, ...]
    kill: float

    def rules(self) -> str:
        rules = [RULE.format(number=n, after=after) for n, after in enumerate(self.after)]
        return "version: 1\nrules:" + "".join(rules)


FULL = Plan(2000, 160, (30, 40, 50, 60, 70), 55)
SHORT = Plan(60, 100, (3, 5), 4)


@dataclass(frozen=True, slots=True)
class Fired:
    """One timer's call: when it was due and when it arrived, epoch seconds."""

    due: float
    at: float


async def on_time(short: bool) -> list[Row]:
    plan = SHORT if short else FULL
    async with stage(plan.rules()) as on:
        begun = time.monotonic()
        callbacks = [callback(f"timed-{n}", "1") for n in range(plan.conferences)]
        await on.plivo.post_all(callbacks, plan.rate)
        await asyncio.sleep(max(0.0, begun + plan.kill - time.monotonic()))
        killed = time.time()
        await asyncio.to_thread(on.gavel.kill_everything)
        await asyncio.to_thread(on.gavel.start)
        back = time.time()
        last = begun + plan.conferences / plan.rate + plan.after[-1]
        await asyncio.sleep(max(0.0, last - time.monotonic()))
        await on.until_quiet()
        return [_judge(on, plan, killed, back)]


def _judge(on: Stage, plan: Plan, killed: float, back: float) -> Row:
    arrivals: dict[tuple[str, str], list[float]] = {}
    for request in on.edge.calls("speak"):
        arrivals.setdefault((request.conference, request.body["text"]), []).append(request.at)
    fired, lost = [], 0
    unknown = Counter[str]()
    for number in range(plan.conferences):
        name = f"timed-{number}"
        started = next(e["at"] for e in on.judge.entries(name, "event"))
        unknown["all"] += sum(1 for _ in on.judge.calls(name, "unknown"))
        for index, after in enumerate(plan.after):
            found = arrivals.get((name, str(index)))
            if found:
                fired.append(Fired(started + after, found[0]))
            else:
                lost += 1
    twice = sum(1 for found in arrivals.values() if len(found) > 1)
    early = sum(1 for timer in fired if timer.at < timer.due)
    late = [timer.at - timer.due for timer in fired]
    # Nobody could have fired what came due while all was down any earlier than when it was back.
    up = [timer.at - (back if killed <= timer.due < back else timer.due) for timer in fired]
    caught = sum(1 for timer in fired if killed <= timer.due < back)
    measured = (
        f"{plan.conferences * len(plan.after)} timers over {plan.conferences} conferences; "
        f"everything killed once and started again: ready after {back - killed:.2f} s, {caught} "
        f"came due meanwhile. Never called {lost}, twice {twice}, early {early}; recorded as "
        f"'outcome unknown, not repeated' {unknown['all']}. Lateness of the calls, the time of "
        f"being down not counted: p50 {ms(percentile(up, 50))}, p99 {ms(percentile(up, 99))}, "
        f"max {ms(max(up))}; counted: p50 {ms(percentile(late, 50))}, "
        f"p99 {ms(percentile(late, 99))}, max {ms(max(late))}"
    )
    in_time = percentile(up, 50) <= 0.150 and percentile(up, 99) <= 1.0
    holds = lost <= unknown["all"] and not (twice or early)
    return Row("5 On time (p50 at most 150 ms, p99 at most 1 s)", measured, holds, in_time)

"""Promise 6, second half: what becomes of calls that fail, until `expires_in` and after."""

import asyncio
import itertools
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from bench.chaos.callbacks import Callback, callback
from bench.chaos.edge import Fate, Request
from bench.chaos.report import Row
from bench.chaos.stage import Stage, stage

RULES = """
version: 1
rules:
  - name: Everyone joins muted
    when: member.entered
    match: {conference: "mute-*"}
    do:
      - mute: member
        expires_in: 5m
  - name: A word
    when: member.entered
    match: {conference: [speak-429, speak-reset-after]}
    do:
      - speak: {to: member, text: "Welcome.", expires_in: 5m}
  - name: A short word
    when: member.entered
    match: {conference: speak-500}
    do:
      - speak: {to: member, text: "Welcome.", expires_in: 4s}
"""


@dataclass(frozen=True, slots=True)
class Case:
    """The first `times` requests meet this fate; then all is well. `carried_out`: how often it
    must have been in the end, `status`: what the journal's last word must be. `late`: what it may
    be where the tries came too late for the window of this case."""

    fate: Fate
    times: int
    carried_out: int
    status: str
    slow: bool = False
    late: str = ""

    def is_exact(self, effects: int, status: str) -> bool:
        """As it is on a machine that keeps up."""
        return effects == self.carried_out and status == self.status

    def holds(self, effects: int, status: str, *, heard: bool) -> bool:
        """As it must be on any. A worker that stands still for longer than its lease is taken for
        dead: what people hear may then be "unknown", the rest be carried out once more."""
        if heard:
            return effects <= self.carried_out and status in (self.status, self.late, "unknown")
        return status == self.late or (effects >= self.carried_out and status == self.status)


ALWAYS = 10_000
ENDS = {"done", "failed", "gone", "unknown", "dropped"}
CASES: Mapping[str, Case] = {
    "mute-429": Case(Fate(status=429), 2, 1, "done"),
    "mute-429-retry-after": Case(Fate(status=429, retry_after="1"), 2, 1, "done"),
    "mute-500": Case(Fate(status=500), 2, 1, "done"),
    "mute-503": Case(Fate(status=503), 3, 1, "done"),
    "mute-timeout": Case(Fate(silent=True), 1, 1, "done", slow=True),
    "mute-reset": Case(Fate(reset="before"), 2, 1, "done"),
    "mute-reset-after": Case(Fate(reset="after"), 1, 2, "done"),
    "mute-404-at-first": Case(Fate(status=404), 2, 1, "done", late="gone"),
    "mute-404": Case(Fate(status=404), ALWAYS, 0, "gone"),
    "mute-400": Case(Fate(status=400), ALWAYS, 0, "failed"),
    "speak-429": Case(Fate(status=429), 1, 1, "done"),
    "speak-reset-after": Case(Fate(reset="after"), ALWAYS, 1, "unknown"),
    "speak-500": Case(Fate(status=500), ALWAYS, 0, "failed", late="dropped"),
}


async def tried_until_expired(short: bool) -> list[Row]:
    cases = {name: case for name, case in CASES.items() if not (short and case.slow)}
    async with stage(RULES) as on:
        on.edge.fate = _fate
        await on.plivo.post_all(_among_others(list(cases)), 6)
        await on.until(lambda: all(_last(on, n) in ENDS for n in cases))
        ends = {name: (_effects(on, name), _last(on, name)) for name in cases}
        tries = {name: len(on.edge.calls(conference=name)) for name in cases}
        hasty = _came_back_too_soon(on)
        retried = await _retry(on)
    other = [name for name, case in cases.items() if not case.is_exact(*ends[name])]
    wrong = [name for name in other if not cases[name].holds(*ends[name], heard="speak" in name)]
    told = ", ".join(f"{name} {count}" for name, count in tries.items())
    measured = (
        f"requests made: {told}. Ended otherwise than promised: {other or 'none'}; asked again "
        f"before Retry-After was over: {hasty}; given up for good, then `gavel retry --all` with "
        f"the API well again: {retried}"
    )
    holds = not wrong and retried == "spoken, muted"
    promise = "6 Failures are retried until expires_in, then given up"
    return [Row(promise, measured, holds, not other and not hasty)]


def _among_others(cases: list[str]) -> list[Callback]:
    """Each case amid conferences for which all goes well, and more of those while the cases are
    tried again: so that they do not look like an API that is down altogether, which is another
    scenario."""
    well = (callback(f"mute-well-{number}", "7") for number in itertools.count())
    mixed = [c for name in cases for c in (callback(name, "7"), next(well))]
    return mixed + list(itertools.islice(well, 24))


def _fate(request: Request, before: int) -> Fate:
    case = CASES.get(request.conference)
    return case.fate if case is not None and before < case.times else Fate()


def _last(on: Stage, name: str) -> str:
    statuses = [entry["status"] for entry in on.judge.calls(name)]
    return statuses[-1] if statuses else ""


def _effects(on: Stage, name: str) -> int:
    return sum(1 for request in on.edge.calls(conference=name) if request.effect)


def _came_back_too_soon(on: Stage) -> int:
    times = [request.at for request in on.edge.calls(conference="mute-429-retry-after")]
    return sum(1 for one, two in zip(times, times[1:], strict=False) if two - one < 1.0)


async def _retry(on: Stage) -> str:
    """`gavel retry --all` once the API is well; answers what then arrived."""
    names = ("speak-500", "mute-400")
    before = {name: len(on.edge.calls(conference=name)) for name in names}
    on.edge.fate = lambda _request, _before: Fate()
    command = [sys.executable, "-m", "cli", "retry", "--all"]
    await asyncio.to_thread(
        subprocess.run,
        command,
        env=on.gavel.environ,
        cwd=on.gavel.folder,
        check=True,
        stdout=subprocess.DEVNULL,
        timeout=120,
    )

    def arrived(name: str) -> bool:
        return any(r.effect for r in on.edge.calls(conference=name)[before[name] :])

    await on.until(lambda: all(arrived(name) for name in names))
    words = {"speak-500": "spoken", "mute-400": "muted"}
    return ", ".join(words[name] for name in names if arrived(name))

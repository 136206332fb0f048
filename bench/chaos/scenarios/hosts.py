"""Promises 1 to 5 over three hosts: one dies, one loses Redis, one stands still; clocks an hour apart.

What was asked of Plivo is read off the sandbox, what was accepted off its deliveries."""

import asyncio
import shutil
import signal
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.chaos.hosts import WRONG_BY, Hosts
from bench.chaos.judge import Judge
from bench.chaos.network import NoNamespaces, network
from bench.chaos.report import Row, Skipped, ms, percentile
from bench.chaos.scenarios.clocks import go_by_one_clock
from sandbox.control.client import ControlClient, ControlFailed

AFTER = (8, 16, 24, 32, 40)
RULES = """
version: 1
rules:
  - name: Everyone joins muted
    when: member.entered
    do:
      - mute: member
      - speak: {to: all, text: "hello {{ member.id }}", expires_in: 10m}
  - name: A key opens
    when: {member.digits: "1"}
    do:
      - unmute: member
""" + "".join(
    f"""  - name: Timer {after}
    when: {{conference.elapsed: {after}s}}
    do:
      - speak: {{to: all, text: "timer {after}", expires_in: 10m}}
"""
    for after in AFTER
)
ROOMS, CALLS_A_SECOND, PRESSED_AFTER = 60, 25, 1.0  # at most 20 members a room
LONGEST = 12.0
"""Seconds from a member's entry to their mute, at the worst: somebody who stands still for 10 s may
have been the one that was told of them."""
Asked = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Blow:
    """What happens to a host, and when: `at` and `until` in seconds of the load."""

    what: str
    host: int
    at: float
    until: float
    begin: Callable[[Hosts, int], object]
    end: Callable[[Hosts, int], object]


def _blows(short: bool) -> Sequence[Blow]:
    first, second, third = WRONG_BY
    times = ((2, 6), (7, 11), (12, 18)) if short else ((4, 16), (19, 28), (32, 42))
    return (
        Blow("killed whole", second, *times[0], Hosts.kill, Hosts.revive),
        Blow(
            "cut off from Redis",
            first,
            *times[1],
            lambda on, host: on.network.plugged(host, "back", into=False),
            lambda on, host: on.network.plugged(host, "back", into=True),
        ),
        Blow(
            "stopped",
            third,
            *times[2],
            lambda on, host: on.network.signal(host, signal.SIGSTOP),
            lambda on, host: on.network.signal(host, signal.SIGCONT),
        ),
    )


@dataclass
class Load:
    """People call in at a steady rate; every second one presses a key a second later."""

    seconds: float
    begun: float = 0.0
    calls: int = 0
    pressed: int = 0
    unanswered: int = 0
    _waiting: list[tuple[float, str]] = field(default_factory=list)

    def run(self, plivo: ControlClient) -> None:
        self.begun = time.time()
        begun = time.monotonic()
        while (now := time.monotonic() - begun) < self.seconds or self._waiting:
            if now < self.seconds and now >= self.calls / CALLS_A_SECOND:
                uuid = plivo.call_in(f"room-{self.calls % ROOMS}")
                if self.calls % 2:
                    self._waiting.append((now + PRESSED_AFTER, uuid))
                self.calls += 1
            elif self._waiting and self._waiting[0][0] <= now:
                self._press(plivo, self._waiting.pop(0)[1], now)
            else:
                time.sleep(0.005)

    def _press(self, plivo: ControlClient, uuid: str, now: float) -> None:
        """Later, while the call is not in its conference yet."""
        try:
            plivo.press(uuid, "1")
            self.pressed += 1
        except ControlFailed:
            if now > self.seconds + 60:
                self.unanswered += 1
            else:
                self._waiting.append((now + PRESSED_AFTER, uuid))


async def several_hosts(short: bool) -> list[Row]:
    """Raises Skipped where there are no network namespaces."""
    return await asyncio.to_thread(_play, short)


def _play(short: bool) -> list[Row]:
    load = Load(20.0 if short else 48.0)
    with _running() as on:
        plivo, judge = on.plivo(), Judge(on.redis())
        try:
            plivo.fault("slow", times=0, seconds=0.1)  # so that calls are under way
            told = _strike(on, load, _blows(short))
            _until_quiet(on, plivo, judge)
            rows = [_judged(on, plivo, judge, load, told)]
            rows.append(go_by_one_clock(on))
        finally:
            plivo.close()
            judge.redis.close()
    return rows


@contextmanager
def _running() -> Iterator[Hosts]:
    folder = Path(tempfile.mkdtemp(prefix="gavel-hosts-"))
    try:
        with network([*WRONG_BY]) as made:
            on = Hosts(folder, made, RULES)
            try:
                on.start()
                yield on
            finally:
                on.stop()
    except NoNamespaces as error:
        raise Skipped(str(error)) from None
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _strike(on: Hosts, load: Load, blows: Sequence[Blow]) -> str:
    """The load, and what happens meanwhile, told."""
    client = on.plivo()
    calling = threading.Thread(target=load.run, args=(client,))
    calling.start()
    begun = time.monotonic()
    told = []
    for blow in blows:
        time.sleep(max(0.0, begun + blow.at - time.monotonic()))
        blow.begin(on, blow.host)
        time.sleep(max(0.0, begun + blow.until - time.monotonic()))
        blow.end(on, blow.host)
        wrong = f"{WRONG_BY[blow.host] / 3600:+g} h" if WRONG_BY[blow.host] else "the right time"
        told.append(f"one ({wrong}) {blow.what} for {blow.until - blow.at:g} s")
    calling.join()
    client.close()
    return ", ".join(told)


def _until_quiet(on: Hosts, plivo: ControlClient, judge: Judge) -> None:
    seen = -1

    def quiet() -> bool:
        nonlocal seen
        state = plivo.state()
        before, seen = seen, state["requests"]
        time.sleep(1.5)
        return seen == before and not state["under_way"] and judge.is_idle()

    on.until(quiet, "all to be done")


def _judged(on: Hosts, plivo: ControlClient, judge: Judge, load: Load, told: str) -> Row:
    requests, deliveries, state = plivo.requests(), plivo.deliveries(), plivo.state()
    taken = [one for one in deliveries if one["status"] == 200]
    entered = _members(taken, "enter")
    pressed = _members(taken, "digits")
    decided = {name: judge.decided(name) for name, _ in entered | pressed}
    keys = {name: judge.decided(name, "member.digits") for name, _ in pressed}
    counts = [decided[n][m] for n, m in entered]
    presses = [keys[n][m] for n, m in pressed]
    lost, doubled = (counts + presses).count(0), sum(1 for count in counts if count > 1)
    again = sum(1 for count in presses if count > 1)

    spoken = _spoken(requests)
    twice = sum(1 for count in Counter(spoken).values() if count > 1)
    unknown = _unknown(judge, decided)
    wanted = {(name, f"hello {member}") for name, member in entered}
    silent = wanted - {*spoken}
    swapped = _swapped(spoken)
    wrong = _wrongly_muted(state, {*entered}, {*pressed})
    never, early, late = _timers(judge, requests, decided, unknown, load.seconds)
    waits = _waits(deliveries, requests, entered)
    refused = sum(1 for one in deliveries if one["status"] == 403)
    seconds = deliveries[-1]["at"] - deliveries[0]["at"]
    given_up = _given_up(deliveries)
    clocks = "clocks an hour apart" if on.clocks else "clocks alike (there is no C compiler)"
    measured = (
        f"3 hosts, {clocks}; {load.calls} calls, {len(taken)} requests answered 200 in "
        f"{seconds:.0f} s ({len(taken) / seconds:.0f}/s); {told}. Of those answered 200 not decided "
        f"{lost}, decided more than once {doubled} (and {again} of {len(presses)} keys that "
        f"Plivo told of anew after more than 2 s, with another nonce); said more than once {twice}, "
        f"not said {len(silent)}, of which recorded as unknown {len(silent & unknown)}; said out of "
        f"order {len(swapped)}, of which recorded as unknown {len(swapped & unknown)}; members who "
        f"should be muted and are not, or the other way round, {wrong}; "
        f"{len(late)} timers: never {never}, early {early}, late p50 {ms(percentile(late, 50))}, "
        f"p99 {ms(percentile(late, 99))}, max {ms(max(late, default=0))}; from entry to mute p50 "
        f"{ms(percentile(waits, 50))}, max {max(waits, default=0):.1f} s; signatures refused "
        f"{refused}; given up by Plivo {given_up}, keys nobody took {load.unanswered}"
    )
    bad = (
        lost or doubled or twice or silent - unknown or swapped - unknown or wrong or never or early
    )
    worse = refused or given_up or max(waits, default=0) > LONGEST
    return Row("1 to 5 Several hosts", measured, not bad, not worse)


def _members(deliveries: Sequence[Asked], action: str) -> set[tuple[str, str]]:
    return {
        (one["conference"], one["fields"]["ConferenceMemberID"])
        for one in deliveries
        if one["action"] == action
    }


def _given_up(deliveries: Sequence[Asked]) -> int:
    """Requests to us that were never answered 200."""
    last: dict[tuple[str, ...], int] = {}
    for one in deliveries:
        fields = one["fields"]
        who = fields.get("ConferenceMemberID", "") or fields.get("CallUUID", "")
        key = one["action"], one["conference"], who
        last[key] = max(last.get(key, 0), one["status"] == 200)
    return sum(1 for done in last.values() if not done)


def _carried_out(request: Asked) -> bool:
    return request["status"] is None or request["status"] < 300


def _spoken(requests: Sequence[Asked]) -> list[tuple[str, str]]:
    """What was said, in its order."""
    return [
        (one["conference"], one["params"]["text"])
        for one in requests
        if one["operation"] == "speak" and _carried_out(one)
    ]


def _unknown(judge: Judge, rooms: Iterable[str]) -> set[tuple[str, str]]:
    """What is recorded as `outcome unknown, not repeated`, by its words."""
    found = set()
    for name in rooms:
        events = {one["event"]["id"]: one["event"] for one in judge.entries(name, "event")}
        for call in judge.calls(name, "unknown"):
            if call["verb"] == "speak":
                member = events.get(call["event"], {}).get("data", {}).get("member_id")
                rule = str(call["rule"])
                found.add((name, rule.lower() if rule.startswith("Timer") else f"hello {member}"))
    return found


def _swapped(spoken: Sequence[tuple[str, str]]) -> set[tuple[str, str]]:
    """Greetings that came after that of somebody who entered later."""
    late, newest = set(), dict[str, int]()
    for name, text in spoken:
        if text.startswith("hello "):
            member = int(text.partition(" ")[2])
            if member < newest.get(name, 0):
                late.add((name, text))
            newest[name] = max(newest.get(name, 0), member)
    return late


def _wrongly_muted(
    state: Asked, entered: set[tuple[str, str]], pressed: set[tuple[str, str]]
) -> int:
    """Members whose mute is not what the last accepted event wants."""
    return sum(
        1
        for room in state["conferences"]
        for member in room["members"]
        if (who := (room["name"], member["id"])) in entered and member["muted"] == (who in pressed)
    )


def _timers(
    judge: Judge,
    requests: Sequence[Asked],
    rooms: Mapping[str, object],
    unknown: set[tuple[str, str]],
    seconds: float,
) -> tuple[int, int, list[float]]:
    """Timers that never fired, those that were early, and by how much the others were late."""
    at: dict[tuple[str, str], float] = {}
    for one in requests:
        if one["operation"] == "speak":
            at.setdefault((one["conference"], one["params"]["text"]), one["at"])
    never, late = 0, []
    for name in rooms:
        started = judge.entries(name, "event")[0]["at"]
        for after in (after for after in AFTER if after < seconds - 4):
            found = at.get((name, f"timer {after}"))
            if found is not None:
                late.append(found - started - after)
            elif (name, f"timer {after}") not in unknown:
                never += 1
    return never, sum(1 for one in late if one < 0), late


def _waits(
    deliveries: Sequence[Asked], requests: Sequence[Asked], entered: set[tuple[str, str]]
) -> list[float]:
    """From the first time that Plivo told of an entry to its mute, for each member, in seconds."""
    told: dict[tuple[str, str], float] = {}
    for one in deliveries:
        if one["action"] == "enter":
            who = one["conference"], one["fields"]["ConferenceMemberID"]
            told.setdefault(who, one["at"])
    muted: dict[tuple[str, str], float] = {}
    for one in requests:
        if one["operation"] == "mute":
            for member in one["members"]:
                muted.setdefault((one["conference"], member), one["at"])
    return [muted[who] - told[who] for who in entered if who in muted]

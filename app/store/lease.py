"""Working one unit: take its lease, commit step by step, give it back.

A unit is a conference, or its web lane. Atomic: each `commit` stores the new state, timers, outbox
and journal and takes the decided events off the inbox, all or nothing, and only for the holder of
the lease (`lua/commit.lua`). A commit whose answer got lost can be sent again: it is applied once.
"""

import math
import secrets
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from redis import Redis

from app.domain.event import Event
from app.store.scripts import script

LEASE_MS = 4000  # whoever dies is replaced after this long; renewed every second
EVENTS_AT_ONCE = 100
JOURNAL_SECONDS = 7 * 86400
JOURNAL_ENTRIES = 1000
ENDED_SECONDS = 7 * 86400  # a replayed callback of an ended conference is known for this long


class LeaseLost(Exception):
    """Another worker has taken over this unit: drop what you hold of it, it is theirs."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What a worker finds when it takes a unit. `events` are (seconds on Redis' clock, JSON)."""

    name: str
    state: bytes | None
    outbox: bytes | None
    events: Sequence[tuple[float, bytes]]


@dataclass(frozen=True, slots=True)
class Step:
    """What one commit changes; what is left out stays as it was. Times in seconds since the epoch.

    `outbox` is JSON or "-" for empty, `live` a start time or "-" for ended, `send` entries for
    other units as (unit key, conference name, JSON), `aside` rows for people as (list key, rows to
    keep, JSON).
    """

    decided: int = 0
    state: str = ""
    ended: bool = False
    outbox: str = ""
    live: str = ""
    set_timers: Mapping[str, float] = field(default_factory=dict)
    cancel_timers: Iterable[str] = ()
    journal: Sequence[str] = ()
    send: Sequence[tuple[str, str, str]] = ()
    counters: Mapping[str, int] = field(default_factory=dict)
    aside: Sequence[tuple[str, int, str]] = ()


class Lease:
    """One unit held by this worker. Not for two threads at once, except `renew` of `Leases`."""

    def __init__(
        self, leases: "Leases", key: str, token: str, asked: float, answer: Sequence[object]
    ) -> None:
        now, number, state, outbox, name, events = answer
        self.key = key
        self.taken = Taken(
            name=name.decode() if isinstance(name, bytes) else "",
            state=state if isinstance(state, bytes) else None,
            outbox=outbox if isinstance(outbox, bytes) else None,
            events=_entries(events),
        )
        self._leases = leases
        self._token = token
        self._number = int(str(number))
        self._clock = Clock(_number(now), asked)

    def now(self) -> float:
        """Redis' time at the earliest it can be: nothing whose time has come by it is early."""
        return self._clock.earliest()

    def latest(self) -> float:
        """Redis' time at the latest it can be, by which to say that something is over, and from
        which to count what must not be too early."""
        return self._clock.latest()

    def keep(self) -> bool:
        """Make sure that this unit is still ours: asks Redis where the lease may have run out by
        now, and says whether it did. Raises LeaseLost or RedisError."""
        if self._leases.holds(self._token):
            return False
        self._leases.renew()
        if not self._leases.holds(self._token, at_all=True):
            raise LeaseLost(self.key)
        return True

    def commit(
        self, step: Step, *, release: bool = False, wake_at: float | None = None
    ) -> Sequence[tuple[float, bytes]] | None:
        """Apply one step; answers the events that wait now.

        With `release` the lease is given back if none waits (the answer is then None), and the
        unit is woken at `wake_at`. Raises `LeaseLost`, or RedisError after which the same step
        may be committed again.
        """
        asked = time.monotonic()
        answer = self._leases.run_commit(
            self.key,
            self._token,
            self._number,
            LEASE_MS,
            EVENTS_AT_ONCE,
            step.decided,
            step.state,
            ENDED_SECONDS if step.ended else 0,
            step.outbox,
            step.live,
            int(release),
            "" if wake_at is None else _not_before(wake_at),
            JOURNAL_SECONDS,
            JOURNAL_ENTRIES,
            *_counted((timer, _not_before(due)) for timer, due in step.set_timers.items()),
            *_counted((timer,) for timer in step.cancel_timers),
            *_counted((entry,) for entry in step.journal),
            *_counted(step.send),
            *_counted(step.counters.items()),
            *_counted(step.aside),
        )
        if answer is None:
            self._leases.forget(self._token)
            raise LeaseLost(self.key)
        now, events, held = answer
        self._number += 1
        self._clock = Clock(_number(now), asked)
        if not held:
            self._leases.forget(self._token)
            return None
        self._leases.extend(self._token, asked)
        return _entries(events)

    def drop(self) -> None:
        """Stop renewing; the lease runs out by itself and another worker goes on."""
        self._leases.forget(self._token)


@dataclass(frozen=True, slots=True)
class _Held:
    """`until`: on our monotonic clock, the earliest that this lease can run out."""

    key: str
    until: float


class Leases:
    """All units that this process holds; `renew` is called about once a second by its clock."""

    def __init__(self, redis: Redis) -> None:
        self._take = script(redis, "take")
        self.run_commit = script(redis, "commit")
        self._renew = script(redis, "renew")
        self._held: dict[str, _Held] = {}  # by token
        self._lock = threading.Lock()

    def take(self, key: str) -> Lease | None:
        """The lease of a unit with all that waits there; None when it is being worked already."""
        token = secrets.token_hex(8)
        asked = time.monotonic()
        answer = self._take(key, token, LEASE_MS, EVENTS_AT_ONCE)
        if answer is None:
            return None
        with self._lock:
            self._held[token] = _Held(key, asked + LEASE_MS / 1000)
        return Lease(self, key, token, asked, answer)

    def renew(self) -> None:
        """Keep every lease that is still ours for another `LEASE_MS`; forget the others."""
        with self._lock:
            held = list(self._held.items())
        if not held:
            return
        asked = time.monotonic()
        kept = self._renew(LEASE_MS, *(part for token, one in held for part in (one.key, token)))
        for (token, _), ours in zip(held, kept, strict=True):
            if ours:
                self.extend(token, asked)
            else:
                self.forget(token)

    def holds(self, token: str, *, at_all: bool = False) -> bool:
        """Is this lease surely still ours? `at_all`: as far as Redis has told us."""
        with self._lock:
            held = self._held.get(token)
        return held is not None and (at_all or time.monotonic() < held.until)

    def extend(self, token: str, asked: float) -> None:
        """Redis has set the lease anew, at `asked` on our monotonic clock or later."""
        with self._lock:
            if held := self._held.get(token):
                until = max(held.until, asked + LEASE_MS / 1000)
                self._held[token] = replace(held, until=until)

    def forget(self, token: str) -> None:
        with self._lock:
            self._held.pop(token, None)


class Clock:
    """Redis' time since a reading, kept with our monotonic clock: one clock for all hosts.

    Redis read its clock at some moment between our asking and its answer, so we know its time
    within an interval only. Which end to take is for the caller: the one that does no harm
    (docs/decisions/0101).
    """

    def __init__(self, read: float, asked: float) -> None:
        """`read` is what Redis said, `asked` our monotonic clock before we asked."""
        self._behind = read - time.monotonic()
        self._ahead = read - asked

    def earliest(self) -> float:
        return self._behind + time.monotonic()

    def latest(self) -> float:
        return self._ahead + time.monotonic()


def read_events(entries: Sequence[tuple[float, bytes]], name: str) -> list[Event]:
    """The inbox's entries as events; one that was parked without a name gets the conference's."""
    events = [Event.from_json(text, at) for at, text in entries]
    return [event if event.conference else replace(event, conference=name) for event in events]


def _entries(raw: object) -> list[tuple[float, bytes]]:
    if not isinstance(raw, list):
        return []
    parted = (entry.partition(b" ") for entry in raw)
    return [(float(at), text) for at, _, text in parted]


def _number(raw: object) -> float:
    return float(raw) if isinstance(raw, bytes | str | float | int) else 0.0


def _not_before(at: float) -> str:
    """Whole microseconds, as Redis' clock has them, rounded up."""
    micros = math.ceil(at * 1e6)
    return f"{micros // 1_000_000}.{micros % 1_000_000:06d}"


def _counted(rows: Iterable[Sequence[object]]) -> list[object]:
    """A list as the script reads it: how many rows, then their cells."""
    cells: list[object] = [0]
    for row in rows:
        cells[0] = int(str(cells[0])) + 1
        cells.extend(row)
    return cells

"""Working one unit: take its lease, commit step by step, give it back.

A unit is a conference, or its web lane. Atomic: each `commit` stores the new state, timers, outbox
and journal and takes the decided events off the inbox, all or nothing, and only for the holder of
the lease (`lua/commit.lua`). A commit whose answer got lost can be sent again: it is applied once.
"""

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

    def __init__(self, leases: "Leases", key: str, token: str, answer: Sequence[object]) -> None:
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
        self._clock = Clock()
        self._clock.set(_number(now))

    def now(self) -> float:
        """Redis' time, kept going with our own monotonic clock since the last step."""
        return self._clock.now()

    def commit(
        self, step: Step, *, release: bool = False, wake_at: float | None = None
    ) -> Sequence[tuple[float, bytes]] | None:
        """Apply one step; answers the events that wait now.

        With `release` the lease is given back if none waits (the answer is then None), and the
        unit is woken at `wake_at`. Raises `LeaseLost`, or RedisError after which the same step
        may be committed again.
        """
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
            "" if wake_at is None else f"{wake_at:.6f}",
            JOURNAL_SECONDS,
            JOURNAL_ENTRIES,
            *_counted((timer, f"{due:.6f}") for timer, due in step.set_timers.items()),
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
        self._clock.set(_number(now))
        if not held:
            self._leases.forget(self._token)
            return None
        return _entries(events)

    def drop(self) -> None:
        """Stop renewing; the lease runs out by itself and another worker goes on."""
        self._leases.forget(self._token)


class Leases:
    """All units that this process holds; `renew` is called about once a second by its clock."""

    def __init__(self, redis: Redis) -> None:
        self._take = script(redis, "take")
        self.run_commit = script(redis, "commit")
        self._renew = script(redis, "renew")
        self._held: dict[str, str] = {}  # token -> unit key
        self._lock = threading.Lock()

    def take(self, key: str) -> Lease | None:
        """The lease of a unit with all that waits there; None when it is being worked already."""
        token = secrets.token_hex(8)
        with self._lock:
            self._held[token] = key
        try:
            answer = self._take(key, token, LEASE_MS, EVENTS_AT_ONCE)
        except BaseException:
            self.forget(token)
            raise
        if answer is None:
            self.forget(token)
            return None
        return Lease(self, key, token, answer)

    def renew(self) -> None:
        """Keep every lease that is still ours for another `LEASE_MS`."""
        with self._lock:
            held = [part for token, key in self._held.items() for part in (key, token)]
        if held:
            self._renew(LEASE_MS, *held)

    def forget(self, token: str) -> None:
        with self._lock:
            self._held.pop(token, None)


class Clock:
    """Redis' time between two readings, kept with our monotonic clock: one clock for all hosts."""

    def __init__(self) -> None:
        self._offset = time.time() - time.monotonic()

    def set(self, now: float) -> None:
        self._offset = now - time.monotonic()

    def now(self) -> float:
        return self._offset + time.monotonic()


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


def _counted(rows: Iterable[Sequence[object]]) -> list[object]:
    """A list as the script reads it: how many rows, then their cells."""
    cells: list[object] = [0]
    for row in rows:
        cells[0] = int(str(cells[0])) + 1
        cells.extend(row)
    return cells

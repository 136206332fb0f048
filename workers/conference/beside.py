"""Calls of a conference that go elsewhere than to Plivo's API: a unit of their own, so that what is
slow never holds up a mute.

What waits in such a unit's inbox are calls; what became of each goes to the conference's inbox,
where its run goes on. Webhooks and copies of recordings are worked so.
"""

import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from app.domain.call import Call
from app.json_text import decode
from app.store import keys
from app.store.inbox import Waiting
from app.store.lease import Lease
from workers.conference.careful import one_by_one
from workers.conference.outbox import UNREADABLE, Entry, next_group, outcome, read_call
from workers.conference.unit import Unit


class CallsBeside(ABC):
    """The calls of one such unit, held by this worker. A subclass says how one is sent."""

    what = "call"
    """How people know its rows, where one can not be read."""

    def __init__(self, lease: Lease, stopping: threading.Event) -> None:
        self.lease = lease
        self.unit = Unit(lease, self._tell_the_conference)
        self._stopping = stopping

    @abstractmethod
    def send(self, group: Sequence[Entry]) -> Sequence[str]:
        """Make the call; answers by what ids the other side knows it. Raises CallError."""

    @contextmanager
    def room_for(self, call: Call) -> Iterator[float | None]:
        """Around a call: None where it may be made, else when to come again (seconds since the
        epoch)."""
        yield None

    def run(self) -> None:
        """Work until nothing is left to do now. Raises LeaseLost or RedisError: then drop it."""
        unit = self.unit
        if unit.taken_over:
            unit.recover()
        waiting: Waiting | None = self.lease.taken.events
        if self.lease.taken.suspect:
            waiting = one_by_one(unit, self.add, self._set_aside)
        while waiting is not None:
            self.add(waiting)
            group, wake_at = self.choose()
            if not group:
                waiting = unit.commit(release=True, wake_at=wake_at)
                continue
            with self.room_for(group[0].call) as again:
                if again is not None:
                    waiting = unit.commit(release=True, wake_at=again)
                    continue
                unit.mark(group)
                waiting = unit.commit()
                unit.make(group, self.send)

    def add(self, waiting: Waiting) -> None:
        """Turn what waits in the inbox into calls of the next commit."""
        self.unit.next.decided += len(waiting)
        calls = [call for entry in waiting if (call := self._read(entry)) is not None]
        self.unit.outbox = self.unit.outbox.add(calls)

    def _read(self, entry: tuple[float, bytes]) -> Call | None:
        try:
            return read_call(decode(entry[1]))
        except UNREADABLE as error:
            self.unit.set_aside(self.what, entry[1], f"it can not be read: {error!r}"[:200])
            return None

    def _set_aside(self, entry: tuple[float, bytes], error: str) -> None:
        call = self._read(entry)
        if call is not None:
            self.unit.give_up(call, error)

    def choose(self) -> tuple[tuple[Entry, ...], float | None]:
        """The call to send now, or when to look again (None: when something comes). One that waits
        for its next try, perhaps for hours, does not hold up the others."""
        unit, now = self.unit, self.lease.now()
        latest = self.lease.latest()
        for entry in unit.outbox.entries:
            if entry.is_late(latest):
                unit.expire(entry)
        by_time = sorted(unit.outbox.entries, key=lambda entry: entry.not_before)
        unit.outbox = unit.outbox._replace(entries=tuple(by_time))
        group = next_group(unit.outbox.entries, now)
        if not group:
            return (), None
        at = max(group[0].not_before, 0.0)
        if self._stopping.is_set():
            return (), max(at, now)  # for another worker, at once
        return (group, None) if at <= now else ((), at)

    def make_sure(self, group: Sequence[Entry]) -> None:
        """The last thing before a call is made: the unit is ours, and the call not too late.
        Raises LeaseLost, RedisError or Expired."""
        while self.lease.keep():
            continue  # asking took time, too
        self.unit.check_not_late(group, self.lease.latest())

    def _tell_the_conference(self, call: Call, error: str) -> None:
        event = outcome(call, error, self.found_out(call, error))
        key = keys.conference_of(self.lease.key)
        self.unit.next.send_to(key, self.unit.name, event.to_json())

    def found_out(self, call: Call, error: str) -> Mapping[str, Any]:
        """What the conference is told of a call that is over, beside that it is; `error` is why it
        was given up, "" when it was not. The place to write down more in the same commit."""
        return {}

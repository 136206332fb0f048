"""Working the webhooks of one conference, in order, beside its calls to Plivo.

They are a unit of their own, so that a slow receiver never holds up a mute. What waits in its inbox
are calls; what became of each goes to the conference's inbox, where its run goes on.
"""

import json
import threading
import time
from collections.abc import Sequence
from dataclasses import replace

from app.domain.call import Call
from app.metrics.catalogue import WEBHOOK_REQUESTS, WEBHOOK_SECONDS
from app.store import keys
from app.store.inbox import Waiting
from app.store.lease import Lease
from workers.conference.careful import one_by_one
from workers.conference.errors import CallError
from workers.conference.outbox import UNREADABLE, Entry, next_group, outcome, read_call
from workers.conference.turns import Turns
from workers.conference.unit import Unit
from workers.webhooks.sender import WebhookSender
from workers.webhooks.shares import HostShares
from workers.webhooks.ssrf_guard import Place


class WebhookProcessor:
    """The webhooks of one conference, held by this worker."""

    def __init__(
        self,
        lease: Lease,
        sender: WebhookSender,
        hosts: HostShares,
        turns: Turns,
        stopping: threading.Event,
    ) -> None:
        self.lease = lease
        self.unit = Unit(lease, self._tell_the_conference)
        self._sender, self._hosts, self._turns = sender, hosts, turns
        self._stopping = stopping

    def run(self) -> None:
        """Work until nothing is left to do now. Raises LeaseLost or RedisError: then drop it."""
        unit = self.unit
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
            host = host_of(group[0].call)
            with self._hosts.taken(host) as taken:
                if not taken:  # others of this host are waited for: come again, hold no thread
                    again = self.lease.now() + self._hosts.pause(host)
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
            return read_call(json.loads(entry[1]))
        except UNREADABLE as error:
            self.unit.set_aside("webhook", entry[1], f"it can not be read: {error!r}"[:200])
            return None

    def _set_aside(self, entry: tuple[float, bytes], error: str) -> None:
        call = self._read(entry)
        if call is not None:
            self.unit.give_up(call, error)

    def choose(self) -> tuple[tuple[Entry, ...], float | None]:
        """The call to send now, or when to look again (None: when something comes). One that waits
        for its next try, perhaps for hours, does not hold up the others."""
        unit, now = self.unit, self.lease.now()
        unit.drop_late(unit.outbox.entries)
        by_time = sorted(unit.outbox.entries, key=lambda entry: entry.not_before)
        unit.outbox = replace(unit.outbox, entries=tuple(by_time))
        group = next_group(unit.outbox.entries, now)
        if not group:
            return (), None
        at = max(group[0].not_before, 0.0)
        if self._stopping.is_set():
            return (), max(at, now)  # for another worker, at once
        return (group, None) if at <= now else ((), at)

    def send(self, group: Sequence[Entry]) -> Sequence[str]:
        """Send the webhook, which nobody gives an id. Raises CallError."""
        while self.lease.keep():
            continue  # asking took time, too
        self.unit.check_not_late(group)
        call, answered, outcome_of = group[0].call, True, "2xx"
        began = time.perf_counter()
        try:
            with self._turns.lent():
                self._sender.send(call, self.unit.trace)
        except CallError as error:
            answered, outcome_of = error.sent == "yes", _counted_as(error)
            raise
        finally:
            self._hosts.answered(host_of(call), answered)
            WEBHOOK_REQUESTS.add(self.unit.next.counters, outcome_of)
            if outcome_of != "not_sent":
                WEBHOOK_SECONDS.observe(self.unit.next.counters, time.perf_counter() - began)
        return ()

    def _tell_the_conference(self, call: Call, error: str) -> None:
        key = self.lease.key.removesuffix(keys.WEB)
        self.unit.next.send_to(key, self.unit.name, outcome(call, error).to_json())


def _counted_as(error: CallError) -> str:
    if error.status is not None:
        return f"{error.status // 100}xx"
    return "not_sent" if error.kind == "permanent" else "no_answer"


def host_of(call: Call) -> str:
    """The host that a webhook goes to; "" where its address is none, which sending tells."""
    try:
        return Place.of(str(call.params["url"])).host
    except CallError:
        return ""

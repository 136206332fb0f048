"""A unit under its lease: its outbox, the commit that is being written, and what became of calls.

Conferences and their webhooks are worked alike in this: what is next in the outbox, what a failed
call leads to, one line in journal and log for each. What to decide and how to send is the
processors' (`workers.conference.processor`, `workers.webhooks.processor`).
"""

import json
import logging
import random
import time
from collections.abc import Callable, Sequence
from typing import Any

from redis.exceptions import RedisError

from app.domain.call import Call
from app.domain.event import Event
from app.logs import fields, span, step
from app.metrics import catalogue as metrics
from app.store import keys
from app.store.commit import Commit, journal_line
from app.store.inbox import Waiting, read_event
from app.store.lease import Lease, patiently
from workers.conference.errors import CallError, Expired
from workers.conference.outbox import UNREADABLE, Entry, Outbox, for_journal, merged
from workers.conference.retry import GiveUp, Gone, Repeat, Split, Unknown, retry
from workers.rules.engine.run import Decision

log = logging.getLogger("gavel.act")
decide_log = logging.getLogger("gavel.decide")

KEPT_ASIDE = 1000


Settled = Callable[[Call, str], None]
"""Told of each call that is over: why it was given up, or "" when nothing is left to do."""


def needs_people(status: str, error: str) -> bool:
    """Was a call given up, or may nobody know whether it was made? One whose time was over is told
    as dropped."""
    return status in ("failed", "unknown") or (status, error) == ("dropped", "expired")


class Unit:
    """One unit while a worker holds it. Not thread-safe. `trace` is the `traceparent` for whom the
    call that is being made reaches, "" where traces are off. `heard` is what the journal's next
    line of a call tells of its answer. `taken_over`: the worker that had it before may have died,
    so begin with `recover`."""

    def __init__(self, lease: Lease, settled: Settled) -> None:
        self.lease = lease
        self.name = lease.taken.name
        self.next = Commit()
        self.trace = ""
        self.heard: dict[str, Any] = {}
        self._settled = settled
        self.outbox, damaged = Outbox.from_json(lease.taken.outbox)
        self._left = self.outbox.left_sending()
        self.taken_over = bool(self._left) or lease.taken.suspect
        self._stored: Outbox | None = None if damaged else self.outbox
        for row in damaged:
            self.set_aside("calls", row, "it can not be read")

    def recover(self) -> None:
        """Settle what a worker that died had begun to send and did not record."""
        metrics.TAKEN_OVER.add(self.next.counters)
        for entry in self._left:
            self._failed((entry,), CallError.interrupted(), 0.0)

    def expire(self, entry: Entry) -> None:
        """Give up a call whose time is over."""
        self._give_up(entry, "expired", "expired", status="dropped")

    def drop(self, entry: Entry, reason: str) -> None:
        """Nothing is left to do for this call, which is no failure."""
        self.outbox = self.outbox.without((entry,))
        self._record((entry,), "dropped", self.lease.now(), 0.0, error=reason)

    def check_not_late(self, group: Sequence[Entry], latest: float) -> None:
        """The last thing before a call goes out, for much may have come between. Raises Expired."""
        if any(entry.is_late(latest) for entry in group):
            raise Expired("expired", kind="permanent", sent="no")

    def mark(self, group: Sequence[Entry]) -> None:
        """Write down that these are about to be sent; the next commit stores it."""
        self.outbox = self.outbox.mark(group, self.lease.now())

    def commit(self, *, release: bool = False, wake_at: float | None = None) -> Waiting | None:
        """Store all that was written since the last commit, in one step; answers what waits in the
        inbox now, None when the lease was given back. Raises LeaseLost or RedisError."""
        if self.outbox != self._stored:
            self.next.outbox = self.outbox.to_json()
        to_send = bool(self.outbox.left_sending())
        waiting = patiently(
            lambda: self.lease.commit(
                self.next, release=release, wake_at=wake_at, confirmed=to_send
            )
        )
        self._stored, self.next = self.outbox, Commit()
        return waiting

    def make(
        self, group: Sequence[Entry], send: Callable[[Sequence[Entry]], Sequence[str]]
    ) -> None:
        """Send a marked group and write down what became of it; `send` answers by what ids the
        provider knows it. Raises RedisError: whoever takes over decides what may be repeated."""
        tried = tuple(e._replace(sending=False, attempts=e.attempts + 1) for e in group)
        begun, started = self.lease.now(), time.monotonic()
        try:
            ids = self._send(tried, send)
        except Expired:
            self.outbox = self.outbox.update(group)  # as if it had not been chosen
        except CallError as error:
            self._failed(tried, error, time.monotonic() - started)
        except RedisError:
            raise
        except Exception as error:  # a mistake of ours must not hold up the conference for ever
            log.exception(
                "act failed", extra=fields(call=group[0].call.id, event=group[0].call.event)
            )
            mistake = CallError(f"a mistake of Gavel: {error!r}", kind="permanent", sent="maybe")
            mistake.ours = True
            self._failed(tried, mistake, time.monotonic() - started)
        else:
            self._over(tried, "done", begun, time.monotonic() - started, ids=ids)

    def _send(
        self, group: Sequence[Entry], send: Callable[[Sequence[Entry]], Sequence[str]]
    ) -> Sequence[str]:
        """In the trace of each event that led here."""
        call, ids = group[0].call, list[str]()
        known = {"event": call.event, "call": call.id, "attempt": group[0].attempts}
        traces = dict.fromkeys(entry.call.trace for entry in group)
        acting = [span(f"act {call.verb}", trace, **known) for trace in traces]
        self.trace = acting[0].parent
        try:
            ids += send(group)
            return ids
        finally:
            for one in acting:
                one.end(api_id=",".join(ids))

    def read(self, waiting: Waiting) -> list[Event]:
        """The events of what waits; what is none is set aside."""
        events = []
        for entry in waiting:
            try:
                events.append(read_event(entry, self.name))
            except UNREADABLE as error:
                self.set_aside("event", entry[1], f"it can not be read: {error!r}"[:200])
        return events

    def set_aside(self, what: str, raw: bytes, error: str) -> None:
        """Keep for people, whole, what is stored here and can not be read."""
        text, now = raw.decode("utf-8", "backslashreplace"), self.lease.now()
        known = {"unit": self.lease.key, "conference": self.name}
        step(log, "set aside", level=logging.ERROR, what=what, **known, reason=error)
        row = {"row": what, "unit": self.lease.key, "conference": self.name, "raw": text}
        row_and_why = json.dumps({**row, "at": now, "error": error})
        self.next.keep_for_people(keys.DEAD, KEPT_ASIDE, row_and_why)
        self.write(now, "note", text=f"{what} set aside: {error}")
        metrics.ROWS.add(self.next.counters, what)

    def give_up(self, call: Call, reason: str) -> None:
        """Keep for people a call that never was in the outbox."""
        self._give_up(Entry(call), reason, "set_aside", status="failed")

    def write(self, at: float, kind: str, **fields: Any) -> None:
        """One line of the journal."""
        self.next.journal.append(journal_line(self.name, at, kind, **fields))

    def write_decision(self, events: Sequence[Event], decision: Decision, now: float) -> None:
        """What was decided about these events, in journal and log; it was decided `now`."""
        counters, verdicts = self.next.counters, decision.verdicts()
        for found in verdicts.values():
            for one in found.not_meant:
                self.next.not_meant[one.id] = one.text
        said_nothing = not (verdicts or decision.runs or decision.calls or decision.notes)
        told = (*events, *decision.events)
        for event in told:
            if said_nothing and event.kind == "conference.observed":
                continue
            verdict = verdicts[event.id].for_journal() if event.id in verdicts else {}
            self.write(event.at, "event", event=event.for_journal(), **verdict)
            metrics.DECIDED.add(counters, event.kind)
        for id in verdicts.keys() - {event.id for event in told}:  # told before, believed only now
            self.write(now, "verdict", event=id, **verdicts[id].for_journal())
        for run in decision.runs:
            if run.outcome != "skipped" or run.event not in verdicts:
                self.write(now, "run", **run.for_journal())
        for text in decision.notes:
            self.write(now, "note", text=text)
        step(
            decide_log,
            "decide",
            conference=self.name,
            events=",".join(event.id for event in events),
            runs=len(decision.runs),
            calls=len(decision.calls),
        )

    def _failed(self, group: Sequence[Entry], error: CallError, took: float) -> None:
        """Decide what becomes of calls that failed together."""
        now = self.lease.now()
        latest = self.lease.latest()  # what is counted from here must not come too early
        ids = error.request_ids
        match retry(merged(group), error, group[0].attempts, latest, random.random()):
            case Repeat(at=at):
                again = [e._replace(sending=False, not_before=at) for e in group]
                self.outbox = self.outbox.update(again)
                self._record(group, "retry", now, took, str(error), ids)
            case Split():
                self.outbox = self.outbox.split(group)
                self._record(group, "split", now, took, str(error), ids)
            case Gone():
                self._over(group, "gone", now, took, str(error), ids)
            case Unknown(reason=reason):
                self._over(group, "unknown", now, took, reason, ids)
            case GiveUp(reason=reason):
                self._record(group, "failed", now, took, reason, ids)
                refused = "refused" if error.kind == "permanent" else "expired"
                for entry in group:
                    self._give_up(entry, reason, "mistake" if error.ours else refused)

    def _over(
        self,
        group: Sequence[Entry],
        status: str,
        at: float,
        took: float,
        error: str = "",
        ids: Sequence[str] = (),
    ) -> None:
        """Nothing more is to be done for these calls."""
        self.outbox = self.outbox.without(group)
        self._record(group, status, at, took, error, ids)
        for entry in group:
            self._settled(entry.call, "")

    def _give_up(self, entry: Entry, reason: str, why: str, *, status: str = "") -> None:
        """Keep the call for people; the rest of its run goes with it where the rule says so. `why`
        is the `reason` in one word, to be counted."""
        now = self.lease.now()
        metrics.GIVEN_UP.add(self.next.counters, entry.call.verb, why)
        self.outbox = self.outbox.without((entry,))
        if status:
            self._record((entry,), status, now, 0.0, error=reason)
        if entry.call.on_error == "stop":
            self.outbox, dropped = self.outbox.without_run(entry.call.run)
            if dropped:
                because = f"step {entry.call.step + 1} of its rule was given up"
                self._record(dropped, "dropped", now, 0.0, error=because)
        row = {"call": entry.call.to_json_dict(), "at": now, "error": reason}
        self.next.keep_for_people(keys.GIVEN_UP, KEPT_ASIDE, json.dumps(row))
        self._settled(entry.call, reason)

    def _record(
        self,
        group: Sequence[Entry],
        status: str,
        at: float,
        took: float,
        error: str = "",
        ids: Sequence[str] = (),
    ) -> None:
        """One line in the journal and the log for a call, or for calls that went out as one. `ids`:
        by what Plivo knows its requests."""
        call, told = merged(group), for_journal(group, status, error, ids)
        if took:
            told |= {"ms": round((at - call.at) * 1000, 1), "api_ms": round(took * 1000, 1)}
            bucket = metrics.LATENCY.observe(self.next.counters, at - call.at)
            self.next.exemplars[bucket] = f"{call.event} {at - call.at:.6f} {at:.3f}"
        if self.heard:
            told["response"], self.heard = self.heard, {}
        self.write(at, "call", **told)
        metrics.CALLS.add(self.next.counters, call.verb, status)
        step(
            log,
            "act",
            level=logging.WARNING if needs_people(status, error) else logging.INFO,
            conference=self.name,
            event=call.event,
            call=call.id,
            verb=call.verb,
            members=",".join(call.members) or None,
            joined=",".join(told.get("with", ())) or None,
            status=status,
            api_id=",".join(ids) or None,
            trace=call.trace[3:35] or None,
            error=error or None,
        )

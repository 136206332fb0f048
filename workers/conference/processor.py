"""Working one conference: take its events, decide, commit, send, record, until nothing is left.

Each round of the loop is one commit: it records the last call, stores the decisions and marks the
next call, all or nothing; the call itself goes out between two commits. Only the first call may
precede its commit, where making it twice ends in the same state (docs/decisions/0003).
"""

import logging
import threading
import time
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from app.domain.call import Call
from app.domain.conference import Conference, UnreadableConference
from app.domain.event import Event
from app.json_text import encode
from app.logs import Span, fields, span
from app.metrics import catalogue as metrics
from app.metrics.counting import Counts
from app.store import keys
from app.store.inbox import Inbox, Waiting
from app.store.lease import Lease
from app.store.live import others_live
from workers.conference import telling
from workers.conference.api import ConferenceApi
from workers.conference.aside import begin_anew, set_aside, without_timer
from workers.conference.budget import Budget, Slot
from workers.conference.careful import one_by_one
from workers.conference.errors import CallError
from workers.conference.outbox import (
    UNREADABLE,
    Entry,
    mergeable,
    merged,
    next_group,
    read_call,
)
from workers.conference.turns import Turns
from workers.conference.unit import Unit
from workers.rules.engine.decide import decide
from workers.rules.engine.index import Rules
from workers.rules.engine.run import Decision
from workers.rules.vocabulary.actions import VERBS, WEB_VERBS

log = logging.getLogger("gavel.decide")

HARMLESS_TWICE = frozenset({"mute", "unmute", "deaf", "undeaf"})

LOOK_SECONDS = 3.5
"""After an enter of another instance: Plivo's list may lag behind its callbacks by 3 s."""


class CurrentRules(Protocol):
    """Holds the rules as they are now; they are replaced as a whole."""

    rules: Rules


class ConferenceProcessor:
    """One conference that this worker holds. `conference` is the state as decided so far."""

    def __init__(
        self,
        lease: Lease,
        rules: CurrentRules,
        api: ConferenceApi,
        budget: Budget,
        inbox: Inbox,
        turns: Turns,
        stopping: threading.Event,
        counts: Counts,
    ) -> None:
        self.lease = lease
        self.unit = Unit(lease, self._ended)
        self._rules, self._api, self._budget, self._inbox = rules, api, budget, inbox
        state, name = lease.taken.state, self.unit.name
        try:
            self.conference = Conference.from_json(state) if state else Conference.new(name)
        except UnreadableConference as error:
            self.conference = begin_anew(self.unit, error, inbox.redis)
        self._turns, self._stopping, self._counts = turns, stopping, counts
        self._slot = Slot(budget, lease, turns)
        self._told = ""  # the last record call whose answer was told

    def run(self) -> None:
        """Work until nothing is left to do now. Raises LeaseLost or RedisError: then drop it."""
        unit = self.unit
        if unit.taken_over:
            unit.recover()
        waiting: Waiting | None = self.lease.taken.events
        if self.lease.taken.suspect:
            waiting = one_by_one(unit, self.decide, self._set_aside_undecided)
        acted = bool(unit.outbox.entries)
        while waiting is not None:
            if waiting:
                self.decide(waiting)
            group, wake_at = self.choose()
            if not group:
                waiting, acted = unit.commit(release=True, wake_at=wake_at), False
                continue
            unit.mark(group)
            early = not acted and group[0].call.verb in HARMLESS_TWICE
            waiting = () if early else unit.commit()
            unit.make(group, self.send)
            acted = True

    # Decide.

    def decide(self, waiting: Waiting) -> None:
        """Turn what waits in the inbox into state, timers and calls of the next commit."""
        self.unit.next.decided += len(waiting)
        events = self._with_account(self.unit.read(waiting))
        for event in events:
            if event.kind == "call.retry":
                self._call_again(event)
        self._decide([event for event in events if event.kind != "call.retry"])

    def _with_account(self, events: Sequence[Event]) -> Sequence[Event]:
        """The events with what else is live now, where some rule asks. Raises RedisError."""
        if not events or not self._rules.rules.asks_account:
            return events
        account = others_live(self._inbox.redis, self.lease.key)
        return [replace(event, account=account) for event in events]

    def _call_again(self, event: Event) -> None:
        """A call that was given up, once more."""
        try:
            call = read_call(event.data["call"])
        except UNREADABLE as error:
            self._set_aside(event, f"its call can not be read: {error!r}"[:200])
            return
        self._hand_out([call])
        self.unit.write(event.at, "event", event=event.for_journal())

    def _decide(self, events: Sequence[Event]) -> None:
        """All events at once. Should that fail, each on its own: the one that cannot be decided is
        set aside with the error, the conference goes on."""
        if not events:
            return
        try:
            self._apply(events)
        except Exception:
            if len(events) > 1:
                for event in events:
                    self._decide([event])
                return
            log.exception("decide failed", extra=fields(event=events[0].id))
            self._set_aside(events[0], traceback.format_exc(limit=8))

    def _apply(self, events: Sequence[Event]) -> None:
        before = self.conference
        now, rules, began = self.lease.now(), self._rules.rules, time.perf_counter()
        known = {"conference": self.lease.key}
        deciding = {e.id: span("decide", e.trace, event=e.id, kind=e.kind, **known) for e in events}
        try:
            decision = decide(before, events, rules, now, self.lease.ended, self.lease.silences)
        finally:
            for one in deciding.values():
                one.end()
        seconds = [(metrics.DECISION, time.perf_counter() - began)]
        for event in events:
            waited = metrics.LATENESS if event.kind == "timer" else metrics.INBOX_WAIT
            seconds.append((waited, now - event.at))
        self._counts.observe(*seconds)
        after = decision.conference
        self.unit.write_decision(events, decision, now)
        self.unit.next.recordings += decision.recordings
        self.unit.next.sought += decision.sought
        self._count(decision, by_rule=len(rules.rules) <= metrics.MOST_RULES)
        self.unit.next.move_timers(
            {timer.id: timer.due for timer in before.timers.values()},
            {timer.id: timer.due for timer in after.timers.values()},
        )
        if after is not before:
            self.unit.next.state = after.to_json()
            self.unit.next.ended = not after.live
            self.unit.next.instances.update(decision.ended)
            self.lease.ended.update(uuid for uuid, over in decision.ended.items() if over)
            if after.doubted and after.doubted != before.doubted:
                self.unit.next.look = now + LOOK_SECONDS
        if (after.live, after.started_at) != (before.live, before.started_at):
            self.unit.next.live = after.started_at if after.live else 0.0
        if len(after.members) != len(before.members):
            self.unit.next.members = len(after.members)
        self._hand_out(_traced(decision.calls, deciding))
        for sent in decision.sent:
            trace = next(iter(deciding.values())).parent
            text = replace(sent, trace=trace).to_json()
            self.unit.next.send_to(keys.conference_key(sent.conference), sent.conference, text)
        self.conference = after

    def _count(self, decision: Decision, *, by_rule: bool) -> None:
        """What was decided, in the metrics; `by_rule`: runs are counted for each rule."""
        counters = self.unit.next.counters
        for run in decision.runs:
            named = by_rule and run.outcome != "skipped"
            name = (run.rule if run.rule_id else metrics.BY_HAND) if named else ""
            metrics.RUNS.add(counters, run.outcome, name)
        for skipped in decision.skipped:
            metrics.RUNS.add(counters, "skipped", "", number=skipped.passed.count)
        for change in decision.recordings:
            if change.known.get("state") == "missing":  # also where no rule waits for it
                metrics.RECORDINGS.add(counters, "missing")
        for (what, told_by), number in decision.happened.items():
            if what == "conference.started":
                metrics.STARTED.add(counters, number=number)
            elif what == "conference.ended":
                reason = metrics.ENDED_BY.get(told_by, metrics.REUSED)
                metrics.ENDED.add(counters, reason, number=number)
            elif what in ("recording.started", "recording.ready"):
                metrics.RECORDINGS.add(counters, what.removeprefix("recording."), number=number)
            if told_by == "conference.observed" and what in metrics.CORRECTED:
                metrics.CORRECTIONS.add(counters, what, number=number)

    def _hand_out(self, calls: Sequence[Call]) -> None:
        """Calls to Plivo into this conference's outbox, webhooks to the unit of its webhooks, each
        copy of a recording to one of its own."""
        outbox = self.unit.outbox
        self.unit.outbox = outbox.add([call for call in calls if call.verb not in WEB_VERBS])
        for call in calls:
            if call.verb in WEB_VERBS:
                text = encode(call.to_json_dict())
                self.unit.next.send_to(_unit_of(call, self.lease.key), self.unit.name, text)

    def _set_aside_undecided(self, entry: tuple[float, bytes], error: str) -> None:
        """One that is not decided again, for its worker dies of it."""
        for event in self.unit.read([entry]):
            self._set_aside(event, error)

    def _set_aside(self, event: Event, error: str) -> None:
        set_aside(self.unit, event, error)
        left = without_timer(self.conference, event)
        if left is not self.conference:
            self.conference = left
            self.unit.next.state = left.to_json()

    # Choose what is next.

    def choose(self) -> tuple[tuple[Entry, ...], float | None]:
        """The calls to send now as one, or when to look again (None: when something comes)."""
        unit, now, latest = self.unit, self.lease.now(), self.lease.latest()
        for entry in unit.outbox.entries:
            if entry.call.uuid and not self._is_here(entry.call.uuid):
                unit.drop(entry, "the conference ended")
        for entry in unit.outbox.entries:
            if entry.is_late(latest):
                unit.expire(entry)
        group = next_group(unit.outbox.entries, now)
        if not group:
            return (), None
        at = max(group[0].not_before, 0.0)
        if self._stopping.is_set():
            return (), max(at, now)  # for another worker, at once
        if at <= now:
            at = self._may_send_at(group, now)
        return (group, None) if at <= now else ((), at)

    def _is_here(self, uuid: str) -> bool:
        """A call was meant for one instance of this name. (One that was decided while none was
        known, by a trigger say, goes out: Plivo knows whether there is one.)"""
        return self.conference.live and uuid == self.conference.uuid

    def _may_send_at(self, group: Sequence[Entry], now: float) -> float:
        """When the budget lets this group go out: `now` for at once."""
        together = self.unit.outbox.sent_at + self._budget.spacing()
        if together > now and mergeable(group[0]) and not group[0].attempts:
            return together
        return self._slot.free_at(VERBS[group[0].call.verb].priority, now)

    # Send.

    def send(self, group: Sequence[Entry]) -> Sequence[str]:
        """Make the call; answers by what the provider knows it. Raises CallError."""
        self._slot.make_sure()
        self.unit.check_not_late(group, self.lease.latest())
        try:
            with self._turns.lent():
                answer = self._api.perform(merged(group))
        except CallError as error:
            self._observe(error)
            raise
        if answer is None:
            self._observe(None)
            return ()
        self._observe(None, answer.recording_id)
        if answer.recording:
            self._told = group[0].call.id
            telling.answered(self.unit, group[0].call, answer)
        if answer.unreadable:
            metrics.ANSWER_UNREADABLE.add(self.unit.next.counters, number=len(answer.unreadable))
        return answer.request_ids

    def _observe(self, error: CallError | None, recording_id: str | None = None) -> None:
        telling.observed(self._budget, self._inbox, self.unit.name, error, recording_id)

    def _ended(self, call: Call, error: str) -> None:
        telling.ended(self.unit, call, error, answer_told=call.id == self._told)


def _unit_of(call: Call, key: str) -> str:
    """The unit beside its conference's that a call belongs to."""
    if VERBS[call.verb].long:
        recording, to = call.params.get("recording", {}), str(call.params.get("to"))
        return keys.copy_of(key, str(recording.get("id")), to)
    return key + keys.WEB


def _traced(calls: Sequence[Call], deciding: Mapping[str, Span]) -> Sequence[Call]:
    """The calls, each in the trace of its event; those of a run that has waited in that of what
    ended the wait."""
    first = next(iter(deciding.values()))
    if not first.parent:
        return calls
    return [replace(call, trace=deciding.get(call.event, first).parent) for call in calls]

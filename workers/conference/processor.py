"""A turn at one conference: events in, decisions, calls out."""

import json
import logging
import time
import traceback
from collections.abc import Sequence
from typing import Any

from redis.exceptions import RedisError

from app.domain.call import Call
from app.domain.conference import Conference
from app.domain.event import Event, new_id
from app.logs import step
from app.store import journal, keys
from app.store.connection import may_pass
from app.store.inbox import RECORDING_SECONDS
from app.store.lease import Lease, read_events
from workers.bootstrap import Hands
from workers.conference.budget import MOST_GRANTS, Granted, Wait
from workers.conference.errors import PlivoError
from workers.conference.outbox import Entry, mergeable, merged
from workers.conference.turn import KEPT_ASIDE, Turn, Waiting
from workers.rules.engine.decide import decide
from workers.rules.engine.run import Decision
from workers.rules.vocabulary.actions import VERBS, WEB_VERBS

log = logging.getLogger("gavel.decide")

EARLY = frozenset({"mute", "unmute", "deaf", "undeaf"})

REDIS_SECONDS = 0.2  # until Redis, when it is away, is asked for a slot of the budget again


class ConferenceTurn(Turn):
    """`conference` is the state as decided so far; the next commit stores it."""

    def __init__(self, hands: Hands, lease: Lease) -> None:
        super().__init__(lease, lease.taken.name, hands.stopping)
        state = lease.taken.state
        self.hands = hands
        self._grant: Granted | None = None
        self.conference = Conference.from_json(state) if state else Conference.new(self.name)

    def take_in(self, waiting: Waiting) -> None:
        events = read_events(waiting, self.name)
        self.pending.decided += len(events)
        for event in events:
            if event.kind == "call.retry":
                self._again(event)
        self._decide([event for event in events if event.kind != "call.retry"])

    def pointless(self, entry: Entry) -> str | None:
        """A call was meant for one instance of this name. One that was decided while none was
        known (a trigger, say) goes out: Plivo knows whether there is one."""
        uuid = entry.call.uuid
        if uuid and not (self.conference.live and uuid == self.conference.uuid):
            return "the conference ended"
        return None

    def may_precede_its_record(self, group: Sequence[Entry]) -> bool:
        return group[0].call.verb in EARLY

    def may_send_at(self, group: Sequence[Entry], now: float) -> float:
        together = self.outbox.sent_at + self.hands.budget.spacing()
        if together > now and mergeable(group[0]) and not group[0].attempts:
            return together
        try:
            answer = self.hands.budget.reserve(VERBS[group[0].call.verb].priority, self.lease.key)
        except RedisError as error:
            if not may_pass(error):
                raise
            return now + REDIS_SECONDS  # first what became of the last call must be stored
        if isinstance(answer, Wait):
            return self.lease.latest() + answer.seconds
        self._grant = answer
        return now

    def send(self, group: Sequence[Entry]) -> None:
        self._be_ready(group)
        try:
            with self.hands.waiting():
                answer = self.hands.client.perform(merged(group))
        except PlivoError as error:
            self._observe(error)
            raise
        self._observe(None, answer.recording_id if answer is not None else None)

    def _be_ready(self, group: Sequence[Entry]) -> None:
        """Storing that it goes out can take long. The slot was for another moment then, and in
        Plivo's window this call could be one too many: ask for another one. The lease may have
        run out, and the call's time may be over."""
        asked = 0
        while True:
            try:
                if asked < MOST_GRANTS and not (self._grant and self._grant.is_good()):
                    asked += self._ask_again()
                elif not self.lease.keep():
                    break
            except RedisError as error:
                raise PlivoError(f"redis is away: {error}", kind="temporary", sent="no") from error
        self._grant = None
        self.check_not_over(group)

    def _ask_again(self) -> bool:
        """A slot on the spot, or the pause until one is free. Says whether it was granted."""
        answer = self.hands.budget.reserve(0, self.lease.key)
        if isinstance(answer, Wait):
            with self.hands.waiting():
                time.sleep(answer.seconds)
            return False
        self._grant = answer
        return True

    def _observe(self, error: PlivoError | None, recording_id: str | None = None) -> None:
        """Tell the others how the API fares and which recording is ours. That Redis is away now
        must not hide what became of the call."""
        try:
            self.hands.budget.observe(error)
            if recording_id:
                recording = keys.recording(recording_id)
                self.hands.redis.set(recording, self.name, ex=RECORDING_SECONDS)
        except RedisError as away:
            log.warning("redis is away: %s", away)

    def done(self, group: Sequence[Entry]) -> None:
        """Nothing follows: the next call of the run waits in the outbox."""

    def failed(self, entry: Entry, error: str) -> None:
        self.pending.send.append((self.lease.key, self.name, outcome(entry.call, error).to_json()))

    def _again(self, event: Event) -> None:
        """`gavel retry`: a call that was given up goes to the end of its outbox."""
        self._hand_out([Call.from_json_dict(event.data["call"])])
        self._write(event.at, "event", event=_told(event))

    def _decide(self, events: Sequence[Event]) -> None:
        """Decide on all events at once. Should that fail, each on its own: the one that cannot be
        decided is set aside with the error, the conference goes on."""
        if not events:
            return
        try:
            self._apply(events)
        except Exception:
            if len(events) > 1:
                for event in events:
                    self._decide([event])
                return
            log.exception("decide failed, event set aside event=%s", events[0].id)
            self._set_aside(events[0], traceback.format_exc(limit=8))

    def _apply(self, events: Sequence[Event]) -> None:
        before = self.conference
        decision = decide(before, events, self.hands.rules(), self.lease.now())
        after = decision.conference
        self._record_decision(events, decision)
        self._move_timers(before, after)
        if after is not before:
            self.pending.state = after.to_json()
            self.pending.ended = not after.live
        if (after.live, after.started_at) != (before.live, before.started_at):
            self.pending.live = f"{after.started_at:.3f}" if after.live else "-"
        self._hand_out(decision.calls)
        self.conference = after

    def _hand_out(self, calls: Sequence[Call]) -> None:
        """Calls to Plivo into this conference's outbox, the others into its web lane."""
        self.outbox = self.outbox.add(call for call in calls if call.verb not in WEB_VERBS)
        for call in calls:
            if call.verb in WEB_VERBS:
                text = json.dumps(call.to_json_dict(), ensure_ascii=False)
                self.pending.send.append((self.lease.key + keys.WEB, self.name, text))

    def _move_timers(self, before: Conference, after: Conference) -> None:
        for timer in after.timers.values():
            known = before.timers.get(timer.id)
            if known is None or known.due != timer.due:
                self.pending.set_timers[timer.id] = timer.due
        for id in before.timers.keys() - after.timers.keys():
            self.pending.set_timers.pop(id, None)
            self.pending.cancel_timers.append(id)

    def _record_decision(self, events: Sequence[Event], decision: Decision) -> None:
        runs = decision.runs_for_journal()
        quiet = not (runs or decision.calls or decision.notes)
        for event in (*events, *decision.events):
            if quiet and event.kind in ("conference.observed", "rules.changed"):
                continue
            self._write(event.at, "event", event=_told(event))
            self.pending.counters[f'gavel_events_decided_total{{kind="{event.kind}"}}'] += 1
        now = self.lease.now()
        for run in runs:
            self._write(
                now,
                "run",
                run=run.id,
                event=run.event,
                rule=run.rule,
                outcome=run.outcome,
                reason=run.reason,
                steps=list(run.steps),
            )
            self.pending.counters[f'gavel_runs_total{{outcome="{run.outcome}"}}'] += 1
        for text in decision.notes:
            self._write(now, "note", text=text)
        step(
            log,
            "decide",
            conference=self.name,
            events=",".join(event.id for event in events),
            runs=len(runs),
            calls=len(decision.calls),
        )

    def _write(self, at: float, kind: str, **fields: Any) -> None:
        self.pending.journal.append(journal.line(self.name, at, kind, **fields))

    def _set_aside(self, event: Event, error: str) -> None:
        row = json.dumps({"event": _told(event), "at": event.at, "error": error})
        self.pending.aside.append((keys.DEAD, KEPT_ASIDE, row))
        self._write(event.at, "event", event=_told(event))
        last = error.strip().splitlines()[-1]
        self._write(self.lease.now(), "note", text=f"could not be decided, set aside: {last}")
        self.pending.counters["gavel_events_set_aside_total"] += 1


def outcome(call: Call, error: str = "") -> Event:
    """The event that tells a run what became of its step."""
    data = {"run": call.run, "step": call.step, "call": call.id, "verb": call.verb}
    if error:
        data |= {"error": error, "rule": call.rule}
    return Event(
        id=new_id(),
        kind="action.failed" if error else "step.done",
        conference=call.conference,
        at=0.0,
        uuid=call.uuid,
        data=data,
    )


def _told(event: Event) -> dict[str, Any]:
    return {"id": event.id, "kind": event.kind, "uuid": event.uuid, "data": event.data}

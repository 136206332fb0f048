"""The one pure function: what some events mean for one conference, by the rules.

Live work, `gavel test`, `gavel explain`, `gavel replay` and dry runs are all `decide` with
different surroundings. Nothing here calls, stores, sleeps, reads a clock or draws a number.
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from app.conferences import Conference, Timer, Waiting
from app.events import Event
from workers.rules import observe, recordings, timers
from workers.rules.calls import Call
from workers.rules.derive import Scene, entered, exited, heard, triggered
from workers.rules.draft import WAITING_KEPT, Draft, short_hash
from workers.rules.facts import Fact, accepts
from workers.rules.model import Rule, Unknown
from workers.rules.outcomes import LIMIT_RUN, came_due, failed, stepped
from workers.rules.ruleset import Rules
from workers.rules.runs import Decision, Run
from workers.rules.views import KEPT_FOR_LATER, fields_of
from workers.rules.walk import Walk, seconds, walk

__all__ = ["Decision", "Run", "decide"]

LIMIT_EXPIRES = 60.0
"""Seconds that a hang-up at the limit may take; if it fails it is tried again while live."""

_FLAGS = {
    "mute": ("muted", True),
    "unmute": ("muted", False),
    "deaf": ("deaf", True),
    "undeaf": ("deaf", False),
}

_HANDLERS: Mapping[str, Callable[[Scene, Event], Iterator[Fact]]] = {
    "member.entered": entered,
    "member.exited": exited,
    "member.digits": heard,
    "member.speaking": heard,
    "recording.started": recordings.recorded,
    "recording.ready": recordings.recorded,
    "transcription.ready": recordings.recorded,
    "transcription.failed": recordings.recorded,
    "trigger": triggered,
    "timer": came_due,
    "schedule": came_due,
    "conference.observed": observe.observed,
    "step.done": stepped,
    "action.failed": failed,
}


def decide(conference: Conference, events: Sequence[Event], rules: Rules, now: float) -> Decision:
    """Hold events, in the order of their acceptance, against the rules. `now` (seconds since the
    epoch) only tells what is late; everything else happens at the time of its event."""
    decider = _Decider(conference, rules, now)
    for event in events:
        decider.take(event)
    return decider.decision()


class _Decider:
    """One decision under way."""

    def __init__(self, conference: Conference, rules: Rules, now: float) -> None:
        self.draft = Draft(conference)
        self.rules = rules
        self.now = now
        self.runs: dict[tuple[str, int], Run] = {}
        self.calls: list[Call] = []
        self.follow_ups: list[Event] = []
        self.queue: deque[Event] = deque()
        self.scene = Scene(self.draft, rules, [], now)

    def decision(self) -> Decision:
        return Decision(
            conference=self.draft.freeze(),
            runs=tuple(self.runs.values()),
            calls=tuple(self.calls),
            events=tuple(self.follow_ups),
            notes=tuple(self.scene.notes),
        )

    def take(self, event: Event) -> None:
        """One event, and the triggers that follow from it."""
        draft = self.draft
        if draft.rules != self.rules.digest:
            self.scene.notes.extend(timers.derive_again(draft, self.rules, event.at))
        self.queue.append(event)
        while self.queue:
            current = self.queue.popleft()
            handler = _HANDLERS.get(current.kind)
            if handler is not None:
                for fact in handler(self.scene, current):
                    self.hold(fact)

    def hold(self, fact: Fact) -> None:
        """One fact against all rules that wait for its kind, in the order of the file."""
        if fact.kind == "limit":
            return self.hang_up_at_limit(fact)
        if fact.kind == "wait":
            return self.go_on(fact)
        candidates = self.rules.candidates(fact.kind, self.draft.name)
        fields: dict[str, Any] | None = None
        for index, rule, triggers in candidates:
            if not _waits_for(rule, triggers, fact):
                continue
            if fields is None:
                fields = fields_of(self.draft, self.rules, fact)
            self.run(index, rule, fact, fields)
        return None

    def run(self, index: int, rule: Rule, fact: Fact, fields: Mapping[str, Any]) -> None:
        """One rule against one fact; a rule runs once for all that an event means."""
        run_id = f"{fact.id}.{index}"
        before = self.runs.get((run_id, 0))
        if before is not None and before.outcome not in ("skipped", "unknown"):
            return
        outcome, reason = self.refusal(rule, fact, fields)
        if outcome:
            self.runs[run_id, 0] = Run(run_id, fact.event, rule.name, rule.id, outcome, reason)
            return
        self.proceed(run_id, rule, 0, fact, fields)

    def refusal(self, rule: Rule, fact: Fact, fields: Mapping[str, Any]) -> tuple[str, str]:
        """Outcome and reason when the rule does not apply, else two empty texts."""
        try:
            for condition in (rule.match, rule.condition):
                refused = condition.refuses(fields) if condition is not None else None
                if refused is not None:
                    return "skipped", refused
        except Unknown as unknown:
            return "unknown", str(unknown)
        return self._once_or_cooling(rule, fact, fields)

    def _once_or_cooling(
        self, rule: Rule, fact: Fact, fields: Mapping[str, Any]
    ) -> tuple[str, str]:
        draft = self.draft
        if rule.once is not None:
            key = _once_key(draft, rule, fact, fields)
            if key is None:
                return "unknown", "once: member, but this event has no member"
            if key in draft.once:
                return "skipped", f"once per {rule.once}: it has run already"
        if rule.cooldown is not None:
            last = draft.cooldowns.get(rule.id)
            if last is not None and fact.at - last < rule.cooldown:
                ago = seconds(round(fact.at - last, 1))
                return "skipped", f"cooldown {seconds(rule.cooldown)}: it ran {ago} ago"
        return "", ""

    def proceed(
        self, run_id: str, rule: Rule, first: int, fact: Fact, fields: Mapping[str, Any]
    ) -> None:
        """Take the steps from `first` as far as they go."""
        over = fact.over
        to = Walk(
            run=run_id,
            event=fact.event,
            at=fact.at,
            now=self.now,
            is_over=over is not None,
            chain=fact.chain,
            uuid=over.uuid if over else self.draft.uuid,
        )
        try:
            walk(self.draft, rule, first, fields, to)
        except Unknown as unknown:
            outcome, reason = "unknown", str(unknown)
            to.lines.clear()
        else:
            outcome, reason = _outcome(rule, to)
        self.runs[run_id, first] = Run(
            run_id, fact.event, rule.name, rule.id, outcome, reason, tuple(to.lines)
        )
        if outcome in ("unknown", "skipped"):
            return
        if first == 0:
            self._remember(rule, fact, fields)
        if rule.dry_run:
            to.notes = [f"dry run: {note}" for note in to.notes]
            self.scene.notes.extend(to.notes)
        else:
            self._take_effect(rule, fact, to)
        if to.next_step is not None:
            self._suspend(rule, fact, fields, to, to.next_step)

    def _remember(self, rule: Rule, fact: Fact, fields: Mapping[str, Any]) -> None:
        if rule.once is not None:
            key = _once_key(self.draft, rule, fact, fields)
            if key is not None:
                self.draft.mark_once(key, _number(self.draft, fact))
        if rule.cooldown is not None:
            self.draft.cooldowns[rule.id] = fact.at

    def _take_effect(self, rule: Rule, fact: Fact, to: Walk) -> None:
        draft = self.draft
        self.calls.extend(to.calls)
        self.scene.notes.extend(to.notes)
        for step, name, data, member_id in to.triggers:
            follow_up = Event(
                id=f"{to.run}.{step}",
                kind="trigger",
                conference=draft.name,
                at=fact.at,
                uuid=to.uuid,
                data={"name": name, "data": data, "chain": fact.chain + 1}
                | ({"member_id": member_id} if member_id else {}),
            )
            self.follow_ups.append(follow_up)
            self.queue.append(follow_up)
        if fact.over is None:
            _assume(draft, to.calls, fact.at)
        if to.extend and draft.limit is not None:
            draft.limit += to.extend
            draft.extended += to.extend
            timers.derive(draft, self.rules, fact.at)

    def _suspend(
        self, rule: Rule, fact: Fact, fields: Mapping[str, Any], to: Walk, step: int
    ) -> None:
        draft = self.draft
        if len(draft.waiting) >= WAITING_KEPT:
            self.scene.notes.append(
                f"run {to.run} does not go on: {WAITING_KEPT} runs wait already"
            )
            return
        kept = {key: fields[key] for key in KEPT_FOR_LATER if key in fields}
        if fact.chain:
            kept["chain"] = fact.chain
        number = _number(draft, fact)
        event = fields["event"]
        awaits = "step" if to.wait is None else "timer"
        draft.waiting[to.run] = Waiting(
            to.run, rule.id, step, event["id"], event["received_at"], number, awaits, kept
        )
        if to.wait is not None:
            timer_id = f"{number}.wait.{to.run}.{step}"
            due = fact.at + to.wait
            draft.timers[timer_id] = Timer(timer_id, due, "wait", rule.id, 0, number, to.run)

    def go_on(self, fact: Fact) -> None:
        """A run that waited."""
        waiting: Waiting = fact.value
        rule = next((rule for rule in self.rules.rules if rule.id == waiting.rule), None)
        if rule is None:
            self.scene.notes.append(f"run {waiting.run} does not go on: its rule is gone")
            return
        fields = fields_of(self.draft, self.rules, fact)
        fields["event"] = {"id": waiting.event, "received_at": waiting.at}
        self.proceed(waiting.run, rule, waiting.step, fact, fields)

    def hang_up_at_limit(self, fact: Fact) -> None:
        """The limit is reached. However late: it is still reached, while the instance lives."""
        draft = self.draft
        run_id = fact.id + LIMIT_RUN
        reason = f"{seconds(draft.limit or 0)} are over"
        self.runs[run_id, 0] = Run(
            run_id, fact.event, "time limit", "limit", "applied", reason, ("hang_up",)
        )
        self.calls.append(
            Call(
                id=f"{run_id}.0",
                verb="hang_up",
                conference=draft.name,
                members=(),
                params={},
                run=run_id,
                rule="time limit",
                step=0,
                event=fact.event,
                at=fact.at,
                expires_at=self.now + LIMIT_EXPIRES,
                on_error="stop",
                uuid=draft.uuid,
            )
        )


def _waits_for(rule: Rule, triggers: Sequence[int], fact: Fact) -> bool:
    if fact.only is not None:
        return rule.id == fact.only[0] and fact.only[1] in triggers
    if fact.kind == "action.failed":
        return bool(rule.name != fact.value)
    return any(accepts(fact.kind, rule.triggers[i].parameter, fact.value) for i in triggers)


def _number(draft: Draft, fact: Fact) -> int:
    return fact.over.number if fact.over else draft.number


def _once_key(draft: Draft, rule: Rule, fact: Fact, fields: Mapping[str, Any]) -> str | None:
    """Under what `once` remembers this run: a member is known by the call, so that one who comes
    back under a new id is the same."""
    key = f"{_number(draft, fact)}.{rule.id}"
    if rule.once != "member":
        return key
    member = fields.get("member")
    return member and f"{key}.{short_hash(member.get('call_uuid') or member['id'], 4)}"


def _outcome(rule: Rule, to: Walk) -> tuple[str, str]:
    if to.stopped and (to.did or not to.is_late):
        return "failed", to.stopped
    if not to.did and to.next_step is None:
        return "skipped", to.stopped or (to.lines[-1] if to.lines else "nothing to do")
    return ("dry_run" if rule.dry_run else "applied"), ""


def _assume(draft: Draft, calls: Sequence[Call], at: float) -> None:
    """What will be so when these calls are through."""
    for call in calls:
        if call.verb == "record":
            draft.recording = draft.awaited = True
        elif call.verb == "stop_recording":
            draft.recording = False
        elif call.verb in _FLAGS:
            flag, value = _FLAGS[call.verb]
            for member_id in draft.members if call.members == ("all",) else call.members:
                draft.learn(member_id, {flag: value}, at)

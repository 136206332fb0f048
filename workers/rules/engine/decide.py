"""The one pure function: what some events mean for one conference, by the rules.

Live work, `gavel test`, `gavel explain`, `gavel replay` and dry runs are all `decide` with
different surroundings. Nothing here calls, stores, sleeps, reads a clock or draws a number.
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.domain.call import Call
from app.domain.conference import Conference, Waiting
from app.domain.event import Event
from workers.rules.engine import observed as observe
from workers.rules.engine import recordings, timers
from workers.rules.engine.context import fields_of
from workers.rules.engine.effects import assume, follow_ups, limit_call, suspend
from workers.rules.engine.occurrence import Fact, accepts
from workers.rules.engine.outcomes import came_due, failed, stepped
from workers.rules.engine.preconditions import refusal, remember
from workers.rules.engine.rule_index import Candidate, Passed
from workers.rules.engine.ruleset import Rules
from workers.rules.engine.run import Decision, Run
from workers.rules.engine.state import Draft
from workers.rules.engine.steps import Walk, seconds, walk
from workers.rules.engine.transitions import Scene, entered, exited, heard, triggered
from workers.rules.vocabulary.model import Rule, Unknown

__all__ = ["Decision", "Meaning", "Run", "decide", "meanings"]

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


def decide(
    conference: Conference,
    events: Sequence[Event],
    rules: Rules,
    now: float,
    *,
    detailed: bool = False,
) -> Decision:
    """Hold events, in the order of their acceptance, against the rules. `now` (seconds since the
    epoch) only tells what is late; everything else happens at the time of its event. Where very
    many rules are skipped because they ask for other values of the same field, one run stands for
    all of them, unless `detailed`."""
    decider = _Decider(conference, rules, now, detailed)
    for event in events:
        decider.take(event)
    return decider.decision()


@dataclass(frozen=True, slots=True)
class Meaning:
    """One of the things that an event turned out to mean, and what rules could see of it."""

    fact: Fact
    fields: Mapping[str, Any]


def meanings(conference: Conference, event: Event, rules: Rules, now: float) -> tuple[Meaning, ...]:
    """What an event means, without holding it against any rule: for explanations."""
    draft = Draft(conference)
    if draft.rules != rules.digest:
        timers.derive_again(draft, rules, event.at)
    handler = _HANDLERS.get(event.kind)
    facts = handler(Scene(draft, rules, [], now), event) if handler is not None else ()
    return tuple(Meaning(fact, fields_of(draft, rules, fact)) for fact in facts)


class _Decider:
    """One decision under way."""

    def __init__(self, conference: Conference, rules: Rules, now: float, detailed: bool) -> None:
        self.detailed = detailed
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
        shelf = self.rules.shelf(fact.kind, self.draft.name, fact.value)
        every: Sequence[Candidate] = (
            shelf.every if fact.only is None else shelf.of_rule(fact.only[0])
        )
        if not every:
            return None
        fields = fields_of(self.draft, self.rules, fact)
        if fact.only is None and fact.kind != "conference.members" and not self.detailed:
            every, passed = shelf.concerned(fields)
            for one in passed:
                self.pass_over(one, fact)
        for index, rule, triggers in every:
            if _waits_for(rule, triggers, fact):
                self.run(index, rule, fact, fields)
        return None

    def pass_over(self, passed: Passed, fact: Fact) -> None:
        """One run for many rules that certainly do not apply."""
        run = f"{fact.id}.{fact.kind}.{'.'.join(passed.path)}"
        self.runs[run, 0] = Run(run, fact.event, passed.rules, "", "skipped", passed.reason)

    def run(self, index: int, rule: Rule, fact: Fact, fields: Mapping[str, Any]) -> None:
        """One rule against one fact; a rule runs once for all that an event means."""
        run_id = f"{fact.id}.{index}"
        before = self.runs.get((run_id, 0))
        if before is not None and before.outcome not in ("skipped", "unknown"):
            return
        outcome, reason = refusal(self.draft, rule, fact, fields)
        if outcome:
            self.runs[run_id, 0] = Run(run_id, fact.event, rule.name, rule.id, outcome, reason)
            return
        self.proceed(run_id, rule, 0, fact, fields)

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
            remember(self.draft, rule, fact, fields)
        if rule.dry_run:
            self.scene.notes.extend(f"dry run: {note}" for note in to.notes)
        else:
            self._take_effect(fact, to)
        if to.next_step is not None:
            refused = suspend(self.draft, rule, fact, fields, to, to.next_step)
            if refused:
                self.scene.notes.append(refused)

    def _take_effect(self, fact: Fact, to: Walk) -> None:
        draft = self.draft
        self.calls.extend(to.calls)
        self.scene.notes.extend(to.notes)
        if to.triggers:
            events = list(follow_ups(draft, fact, to))
            self.follow_ups.extend(events)
            self.queue.extend(events)
        if fact.over is None:
            assume(draft, to.calls, fact.at)
        if to.extend and draft.limit is not None:
            draft.limit += to.extend
            draft.extended += to.extend
            timers.derive(draft, self.rules, fact.at)

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
        """The limit is reached."""
        call = limit_call(self.draft, fact, self.now)
        reason = f"{seconds(self.draft.limit or 0)} are over"
        self.runs[call.run, 0] = Run(
            call.run, fact.event, call.rule, "limit", "applied", reason, (call.verb,)
        )
        self.calls.append(call)


def _waits_for(rule: Rule, triggers: Sequence[int], fact: Fact) -> bool:
    if fact.only is not None:
        return rule.id == fact.only[0] and fact.only[1] in triggers
    if fact.kind == "action.failed":
        return bool(rule.name != fact.value)
    return any(accepts(fact.kind, rule.triggers[i].parameter, fact.value) for i in triggers)


def _outcome(rule: Rule, to: Walk) -> tuple[str, str]:
    if to.stopped and (to.did or not to.is_late):
        return "failed", to.stopped
    if not to.did and to.next_step is None:
        return "skipped", to.stopped or (to.lines[-1] if to.lines else "nothing to do")
    return ("dry_run" if rule.dry_run else "applied"), ""

"""The one pure function: what some events mean for one conference, by the rules.

Live work, `gavel test`, `gavel explain`, `gavel replay` and dry runs are all `decide` with
different surroundings. Nothing here calls, stores, sleeps, reads a clock or draws a number.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from app.domain.call import Call
from app.domain.conference import Conference
from app.domain.durations import format_duration
from app.domain.event import Event, OthersLive
from app.domain.silence import Silence
from workers.rules.engine import observed, outcomes, timers, transitions
from workers.rules.engine.candidates.not_meant import NotMeant
from workers.rules.engine.ensured.look import Flags, Look, flags
from workers.rules.engine.index import Rules
from workers.rules.engine.lasting import awaiting, going_on, held, memory
from workers.rules.engine.occurrence import Occurrence, account_view, fields_of, root_of
from workers.rules.engine.preconditions import as_told, refusal, remember, silence_of
from workers.rules.engine.recordings import seeking, told
from workers.rules.engine.run import Decision, Run, Skipped
from workers.rules.engine.running import Running
from workers.rules.engine.state import MutableConference
from workers.rules.engine.steps import StepResults, run_steps
from workers.rules.engine.transitions import Deciding
from workers.rules.vocabulary.model import Fields, Unknown
from workers.rules.vocabulary.triggers import EVENTS

__all__ = ["Decision", "Run", "decide", "meanings"]

_TRANSITIONS: Mapping[str, Callable[[Deciding, Event], Iterator[Occurrence]]] = {
    "entered": transitions.entered,
    "exited": transitions.exited,
    "heard": transitions.heard,
    "recorded": told.recorded,
    "answered": outcomes.answered,
    "sought": seeking.answered,
    "triggered": outcomes.triggered,
    "due": outcomes.came_due,
    "observed": observed.observed,
    "stepped": outcomes.stepped,
    "failed": outcomes.failed,
    "acted": outcomes.acted,
}
"""How the catalogue says that a kind of event is read."""


def decide(
    conference: Conference,
    events: Sequence[Event],
    rules: Rules,
    now: float,
    over: Iterable[str] = (),
    silences: Sequence[Silence] = (),
) -> Decision:
    """Hold events, in the order of their acceptance, against the rules. `now` (seconds since the
    epoch) only tells what is late; everything else happens at the time of its event. `over`: those
    instances (UUIDs) that the events may be of and that are known to have ended. `silences`: rules
    that people have told to do nothing for a while."""
    decider = _Decider(conference, rules, now, frozenset(over), silences)
    for event in events:
        decider.take(event)
    return decider.decision()


def meanings(
    conference: Conference, event: Event, rules: Rules, now: float
) -> tuple[tuple[Occurrence, Fields], ...]:
    """What an event means, with what rules could see of it, without holding it against any: for
    explanations."""
    state = MutableConference.of(conference)
    if state.rules != rules.digest:
        timers.derive_again(state, rules, event.at)
    found = _occurrences(Deciding(state, rules, [], now), event)
    return tuple((what, _seen(what, state, rules, event.account)) for what in found)


def _seen(
    what: Occurrence, state: MutableConference, rules: Rules, account: OthersLive | None
) -> dict[str, Any]:
    """The names that rules can see."""
    fields = fields_of(what, state, rules.lists)
    if account is not None and rules.asks_account:
        fields["account"] = account_view(account, state)
    return {**fields, **memory.seen(state, rules.vars, what)} if rules.vars else fields


def _occurrences(deciding: Deciding, event: Event) -> Iterable[Occurrence]:
    kind = EVENTS.get(event.kind)
    transition = _TRANSITIONS.get(kind.read_as) if kind is not None else None
    return transition(deciding, event) if transition is not None else ()


class _Decider:
    """One decision under way."""

    def __init__(
        self,
        conference: Conference,
        rules: Rules,
        now: float,
        over: frozenset[str],
        silences: Sequence[Silence],
    ) -> None:
        self.state = MutableConference.of(conference)
        self.rules = rules
        self.now = now
        self.silences = silences
        self.runs: dict[tuple[str, int], Run] = {}
        self.skipped: list[Skipped] = []
        self.held: list[tuple[str, NotMeant]] = []
        self.calls: list[Call] = []
        self.events: list[Event] = []
        self.notes: list[str] = []
        self.idle: list[Run] = []
        self.sent: list[Event] = []
        self.queue: deque[Event] = deque()
        self.account: OthersLive | None = None
        self.happened: Counter[tuple[str, str]] = Counter()
        self.deciding = Deciding(self.state, rules, self.notes, now, over, calls=self.calls)

    def decision(self) -> Decision:
        self.state.forget_triggers(root_of)
        return Decision(
            conference=self.state.freeze(),
            runs=tuple(self.runs.values()),
            calls=tuple(self.calls),
            events=tuple(self.events),
            notes=tuple(self.notes),
            skipped=tuple(self.skipped),
            ended=self.deciding.ended,
            held=tuple(self.held),
            ignored=self.deciding.ignored,
            happened=self.happened,
            recordings=tuple(self.deciding.recordings),
            sought=tuple(self.deciding.sought),
            idle=tuple(self.idle),
            sent=tuple(self.sent),
        )

    def take(self, event: Event) -> None:
        """One event, the triggers that follow from it, and then what shall be so."""
        if not self.rules.ensuring and not self.state.ensured:
            self.follow(event)
            return
        was, made = flags(self.state), len(self.calls)
        self.follow(event)
        self.ensure(event, was, self.calls[made:])

    def follow(self, event: Event) -> None:
        """An event, and the triggers that follow from it."""
        if self.state.rules != self.rules.digest:
            self.notes.extend(timers.derive_again(self.state, self.rules, event.at))
        self.account = event.account
        self.queue.append(event)
        while self.queue:
            event = self.queue.popleft()
            for what in _occurrences(self.deciding, event):
                self.happened[what.kind, event.kind] += 1
                if what.kind == "limit":
                    self.hang_up(what)
                elif what.kind == "wait":
                    self.go_on(what)
                elif what.kind == "by_hand":
                    self.act(what)
                else:
                    if self.rules.awaited and self.state.waiting:
                        self.wake(what)
                    self.hold(what)

    def wake(self, what: Occurrence) -> None:
        """The runs that waited for it go on, before rules are held against it."""
        if what.kind in self.rules.awaited:
            fields = _seen(what, self.state, self.rules, self.account)
            for waiting in list(awaiting.met(self.state, self.rules, what, fields)):
                if waiting.run in self.state.waiting:
                    self.go_on(going_on.came(self.state, what, waiting))

    def hold(self, what: Occurrence) -> None:
        """One occurrence against all rules that wait for it, in the order of the file."""
        waiting = self.rules.waiting_for(what, self.state.name)
        self.held.append((what.event, waiting.not_meant))
        if not waiting:
            return
        fields = _seen(what, self.state, self.rules, self.account)
        matching, passed = waiting.matching(fields)
        self.skipped += (Skipped(what, fields, one) for one in passed)
        for place, rule, _ in matching:
            run = Running(
                what.run_id(place), rule, what, fields, self.now, zone=self.rules.timezone
            )
            before = self.runs.get((run.id, 0))
            has_run = before is not None and before.outcome not in ("skipped", "unknown")
            if has_run or rule.name == what.not_for:
                continue
            refused = refusal(self.state, run, self.silences)
            if refused is not None:
                self.record(run, 0, refused.outcome, refused.reason)
            else:
                self.proceed(as_told(self.state, run, self.silences), 0)

    def ensure(self, event: Event, was: Flags, made: Sequence[Call]) -> None:
        """What rules ensure, held against the conference as it is now."""
        what = Occurrence("ensure", event.id, event.id, event.at)
        look = Look(self.state, self.rules, event, was, made, self.now, self.silences)
        look.look(_seen(what, self.state, self.rules, event.account))
        self.runs.update(((run.id, 0), run) for run in look.runs)
        self.calls += look.calls
        self.notes += look.notes
        self.idle += look.idle

    def go_on(self, what: Occurrence) -> None:
        """A run that waited."""
        waiting = what.value
        rule = self.rules.rule(waiting.rule)
        if rule is None or not rule.enabled:
            if not held.keep(self.state, waiting, what.at):
                self.notes.append(f"{waiting.said} does not go on: its rule is gone")
            return
        fields = _seen(what, self.state, self.rules, self.account)
        fields["event"] = {"id": waiting.event, "received_at": waiting.at}
        zone, lead = self.rules.timezone, going_on.lead(rule, waiting)
        run = Running(waiting.run, rule, what, fields, self.now, zone=zone, lead=lead)
        silenced = silence_of(self.state, run, self.silences)
        if silenced is not None:
            self.record(run, waiting.step, silenced.outcome, silenced.reason)
        else:
            self.proceed(as_told(self.state, run, self.silences), waiting.step)

    def act(self, what: Occurrence) -> None:
        """What a person asks for: the steps of a rule that has one, and no conditions."""
        fields = _seen(what, self.state, self.rules, self.account)
        rule, refused = outcomes.rule_by_hand(what, self.state, self.rules)
        run = Running(what.run_id(0), rule, what, fields, self.now)
        if refused:
            self.record(run, 0, "failed", refused)
        else:
            self.proceed(run, 0)

    def proceed(self, run: Running, first: int) -> None:
        """Take the steps from `first` as far as they go."""
        if self.rules.vars:
            now = memory.seen(self.state, self.rules.vars, run.what)
            run = run._replace(fields={**run.fields, **now}, vars=self.rules.vars)
        try:
            results = run_steps(self.state, run, first)
        except Unknown as unknown:
            self.record(run, first, "unknown", str(unknown))
            return
        outcome, reason = results.outcome(run.rule)
        self.record(run, first, outcome, reason or run.told, results.lines, results.passed_over)
        if outcome == "skipped":
            return
        if first == 0 and (run.rule.once or run.rule.cooldown is not None):
            remember(self.state, run)
        self.take_effect(run, results)
        if results.next_step is not None:
            self.notes += going_on.suspend(self.state, run, results)

    def take_effect(self, run: Running, results: StepResults) -> None:
        """What the steps wanted, beside going on later."""
        for done in results.done:
            if run.rule.dry_run:
                self.notes += (f"dry run: {note}" for note in done.notes)
                continue
            self.notes += done.notes
            self.calls += done.calls
            if done.events:
                self.trigger(run, done.events)
            if run.what.over is None:
                for call in done.calls:
                    self.state.assume(call, run.what.at)
            if done.sets:
                self.state.vars = memory.kept(self.state.vars, self.rules.vars, done.sets)
            if done.extend:
                timers.extend_limit(self.state, self.rules, done.extend, run.what.at)

    def trigger(self, run: Running, events: Sequence[Event]) -> None:
        """What steps triggered: here it is held against the rules next, elsewhere it is sent to."""
        here = [event for event in events if event.conference == self.state.name]
        self.events += here
        self.queue += here
        self.sent += [event for event in events if event.conference != self.state.name]
        self.state.count_triggers(root_of(run.id), len(events))

    def hang_up(self, what: Occurrence) -> None:
        """The limit is reached."""
        call = outcomes.limit_call(self.state, what, self.now)
        reason = f"{format_duration(self.state.limit or 0)} are over"
        self.runs[call.run, 0] = Run(
            call.run, what.event, call.rule, "limit", "applied", reason, (call.verb,)
        )
        self.calls.append(call)

    def record(
        self,
        run: Running,
        first: int,
        outcome: str,
        reason: str,
        lines: tuple[str, ...] = (),
        not_done: tuple[str, ...] = (),
    ) -> None:
        """What became of a stretch of a run that began at step `first`."""
        self.runs[run.id, first] = Run(
            run.id, run.what.event, run.rule.name, run.rule.id, outcome, reason, lines, not_done
        )

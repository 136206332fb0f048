"""`Run`: one rule held against one event; `Decision`: all that follows from some events."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

from app.domain.call import Call
from app.domain.conference import Conference
from app.domain.event import Event
from app.domain.recording import RecordingChange, Sought
from workers.rules.engine.candidates.grouping import Candidate
from workers.rules.engine.candidates.not_meant import NotMeant, by_reason
from workers.rules.engine.occurrence import Occurrence
from workers.rules.vocabulary.model import NO_ANSWER, Fields, Rule, Unknown, no_answer

MOST_TOLD = 32
"""So many rules that a condition refused are told by name with an event; more are counted."""


@dataclass(frozen=True, slots=True)
class Run:
    """One rule held against one event.

    `outcome` is "applied", "skipped" (`reason` says which condition refused, and the value it
    saw), "unknown" (a field was absent), "dry_run" or "failed". `steps` has a line for people for
    every step, `not_done` has those of steps that could not be taken, after which it went on. A
    run that went on after a wait is recorded again under the same id.
    """

    id: str
    event: str
    rule: str
    rule_id: str
    outcome: str
    reason: str = ""
    steps: tuple[str, ...] = ()
    not_done: tuple[str, ...] = ()

    def for_journal(self) -> dict[str, Any]:
        """The fields of its line in the journal."""
        return {
            "run": self.id,
            "event": self.event,
            "rule": self.rule,
            "outcome": self.outcome,
            "reason": self.reason,
            "steps": list(self.steps),
        }


@dataclass(frozen=True, slots=True)
class PassedOver:
    """Rules that were not held against what happened, since they ask for other texts of a field
    than `value`, which is written as it may be shown."""

    path: tuple[str, ...]
    value: str
    every: Sequence[Candidate]
    but: frozenset[int]

    @property
    def count(self) -> int:
        return len(self.every) - len(self.but)

    @property
    def rules(self) -> Iterator[tuple[int, Rule]]:
        """Each with its place in the file."""
        return ((number, rule) for number, rule, _ in self.every if number not in self.but)

    @property
    def reason(self) -> str:
        """Why, for all of them."""
        return f"{'.'.join(self.path)} is {self.value}, and it asks for others"


@dataclass(frozen=True, slots=True)
class Skipped:
    """Many rules that were not held against an occurrence one by one, with what they would have
    seen of it."""

    what: Occurrence
    fields: Fields
    passed: PassedOver

    def each(self) -> Iterator[Run]:
        """A run for each of them."""
        for place, rule in self.passed.rules:
            id = self.what.run_id(place)
            yield Run(id, self.what.event, rule.name, rule.id, "skipped", self._reason(rule))

    def _reason(self, rule: Rule) -> str:
        for condition in (rule.match, rule.condition):
            try:
                reason = condition.refuses(self.fields) if condition is not None else None
            except Unknown as unknown:
                reason = str(unknown)
            except NO_ANSWER as error:
                reason = no_answer(error)
            if reason is not None:
                return reason
        return self.passed.reason


class Verdicts:
    """What the rules made of one event: how many ran, and why the others did not."""

    __slots__ = ("_more", "_ran", "_told", "not_meant")

    def __init__(self) -> None:
        self._ran: set[str] = set()
        self._told: dict[tuple[str, str], None] = {}
        self._more = 0
        self.not_meant: dict[NotMeant, None] = {}

    def ran(self, rule: str) -> None:
        """It applied, was a dry run, failed, or could not be answered: a run tells of it."""
        self._ran.add(rule)

    def skip(self, rules: Iterable[tuple[str, str]], count: int) -> None:
        """Conditions refused so many; as far as there is room they are told by name and reason."""
        for rule in islice(rules, MOST_TOLD - len(self._told)):
            self._told[rule] = None
            count -= 1
        self._more += count

    def for_journal(self) -> dict[str, Any]:
        """The fields that the entry of the event gets."""
        found: dict[str, Any] = {"ran": len(self._ran)}
        if self._told:
            found["skipped"] = by_reason(self._told)
        if self._more:
            found["skipped_more"] = self._more
        if self.not_meant:
            ran = [rule for rule in self._ran if any(rule in one.names for one in self.not_meant)]
            found["not_meant"] = [one.id for one in self.not_meant]
            found["not_meant_count"] = sum(one.count for one in self.not_meant) - len(ran)
            if ran:
                found["not_meant_but"] = ran
        return found


@dataclass(frozen=True, slots=True)
class Decision:
    """What follows from some events: the next state, a run for every rule that was looked at, the
    calls wanted in order, follow-up `trigger` events (decided already, for the record), and notes
    for the journal. Timers to set and cancel are the difference between the two states. `ended`
    says of instances (UUIDs) that they have ended, or have not after all. `held` has an entry for
    each occurrence: its event, and the rules that were not meant. `ignored` says of events (ids)
    why they change nothing. `happened`: how often what occurred, with the kind of event that told
    it. `recordings`: what was learnt of recordings. `sought`: those to ask Plivo for. `sent` are
    triggers for other conferences, not decided yet. `idle`: rules
    that ensure something for which nothing was to do, and why: for explanations."""

    conference: Conference
    runs: tuple[Run, ...] = ()
    calls: tuple[Call, ...] = ()
    events: tuple[Event, ...] = ()
    notes: tuple[str, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    ended: Mapping[str, bool] = field(default_factory=dict)
    held: tuple[tuple[str, NotMeant], ...] = ()
    ignored: Mapping[str, str] = field(default_factory=dict)
    happened: Mapping[tuple[str, str], int] = field(default_factory=dict)
    recordings: tuple[RecordingChange, ...] = ()
    sought: tuple[Sought, ...] = ()
    idle: tuple[Run, ...] = ()
    sent: tuple[Event, ...] = ()

    def verdicts(self) -> dict[str, Verdicts]:
        """By the id of the event, for each that was held against the rules."""
        found = {event: Verdicts() for event, _ in self.held}
        for run in self.runs:
            if run.outcome != "skipped" and run.event in found:
                found[run.event].ran(run.rule)
        for run in self.runs:
            if run.outcome == "skipped" and run.event in found:
                found[run.event].skip([(run.rule, run.reason)], 1)
        for skipped in self.skipped:
            passed = skipped.passed
            told = ((rule.name, passed.reason) for _, rule in passed.rules)
            found[skipped.what.event].skip(told, passed.count)
        for event, not_meant in self.held:
            if not_meant.count:
                found[event].not_meant[not_meant] = None
        return found

    def in_detail(self) -> "Decision":
        """The same with a run for each rule that was skipped. Of several for one rule and event the
        first stays, unless the rule ran."""
        runs = {run.id: run for skipped in self.skipped for run in skipped.each()}
        known = {run.id for run in self.runs}
        more = tuple(run for id, run in runs.items() if id not in known)
        return replace(self, runs=(*self.runs, *more), skipped=())

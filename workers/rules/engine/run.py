"""`Run`: one rule held against one event; `Decision`: all that follows from some events."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from app.domain.call import Call
from app.domain.conference import Conference
from app.domain.event import Event
from workers.rules.engine.index import PassedOver
from workers.rules.engine.occurrence import Occurrence
from workers.rules.vocabulary.model import NO_ANSWER, Fields, Rule, Unknown, no_answer


@dataclass(frozen=True, slots=True)
class Run:
    """One rule held against one event.

    `outcome` is "applied", "skipped" (`reason` says which condition refused, and the value it
    saw), "unknown" (a field was absent), "dry_run" or "failed". `steps` has a line for people for
    every step. A run that went on after a wait is recorded again under the same id.
    """

    id: str
    event: str
    rule: str
    rule_id: str
    outcome: str
    reason: str = ""
    steps: tuple[str, ...] = ()

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
class Skipped:
    """Many rules that were not held against an occurrence one by one, with what they would have
    seen of it."""

    what: Occurrence
    fields: Fields
    passed: PassedOver

    def together(self) -> Run:
        """One run that stands for all of them."""
        what, passed = self.what, self.passed
        id = f"{what.id}.{what.kind}.{'.'.join(passed.path)}"
        return Run(
            id,
            what.event,
            f"{passed.count} rule" + ("" if passed.count == 1 else "s"),
            "",
            "skipped",
            passed.reason,
        )

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


@dataclass(frozen=True, slots=True)
class Decision:
    """What follows from some events: the next state, a run for every rule that was looked at, the
    calls wanted in order, follow-up `trigger` events (decided already, for the record), and notes
    for the journal. Timers to set and cancel are the difference between the two states. `ended`
    says of instances (UUIDs) that they have ended, or have not after all."""

    conference: Conference
    runs: tuple[Run, ...] = ()
    calls: tuple[Call, ...] = ()
    events: tuple[Event, ...] = ()
    notes: tuple[str, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    ended: Mapping[str, bool] = field(default_factory=dict)

    def runs_for_journal(self) -> tuple[Run, ...]:
        """All runs; one stands for many that were skipped for the same reason."""
        return (*self.runs, *(skipped.together() for skipped in self.skipped))

    def in_detail(self) -> "Decision":
        """The same with a run for each rule that was skipped. Of several for one rule and event the
        first stays, unless the rule ran."""
        runs = {run.id: run for skipped in self.skipped for run in skipped.each()}
        known = {run.id for run in self.runs}
        more = tuple(run for id, run in runs.items() if id not in known)
        return replace(self, runs=(*self.runs, *more), skipped=())

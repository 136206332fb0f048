"""`Run`: one rule held against one event; `Decision`: all that follows from some events."""

from dataclasses import dataclass

from app.domain.call import Call
from app.domain.conference import Conference
from app.domain.event import Event


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


@dataclass(frozen=True, slots=True)
class Decision:
    """What follows from some events: the next state, a run for every rule that was looked at, the
    calls wanted in order, follow-up `trigger` events (decided already, for the record), and notes
    for the journal. Timers to set and cancel are the difference between the two states."""

    conference: Conference
    runs: tuple[Run, ...] = ()
    calls: tuple[Call, ...] = ()
    events: tuple[Event, ...] = ()
    notes: tuple[str, ...] = ()

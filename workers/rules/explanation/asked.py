"""The event that somebody asks about, and the state of its conference before it."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from app.domain.conference import Conference
from app.domain.event import Event, new_id
from app.errors import GavelError
from workers.rules.engine.index import Rules
from workers.rules.simulation.complete import lacks
from workers.rules.simulation.simulator import Simulator

JUST_BEFORE = 0.001


class NoEvent(GavelError):
    """There is no such event: give a JSON file, the id of a recorded event, or a kind of event."""


@dataclass(frozen=True, slots=True)
class Given:
    """Flags of the command: they make an event of a kind, or fill in what a file leaves out."""

    conference: str
    data: Mapping[str, Any]


def event_of_kind(kind: str, given: Given) -> Event:
    """An event out of flags alone. Raises NoEvent when they do not say which conference."""
    if not given.conference:
        raise NoEvent(f"say in which conference: gavel explain {kind} --conference NAME")
    data = {"data": {}, "chain": 0} if kind == "trigger" else {}
    event = Event(new_id(), kind, given.conference, time.time(), "", data | dict(given.data))
    if complaint := lacks(event):
        raise NoEvent(f"{kind}: {complaint}; say it by an option, or write the event in a file")
    return event


def state_after(events: Iterable[Event], rules: Rules, until: Event) -> Conference:
    """What the conference is like just before `until`, rebuilt from what was recorded."""
    simulator = Simulator(rules, until.at)
    simulator.answers_records = False
    own = {"timer", "schedule", "step.done", "action.failed", "rules.changed", "call.retry"}
    outside = [event for event in events if event.kind not in own]
    if outside:
        simulator.now = outside[0].at
    for event in outside:
        simulator.advance(event.at)
        simulator.feed(event)
    simulator.advance(until.at - JUST_BEFORE)
    return simulator.conferences.get(until.conference) or Conference.new(until.conference)

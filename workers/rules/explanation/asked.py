"""The event that somebody asks about, and the state of its conference before it."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from app.domain.conference import Conference
from app.domain.event import Event, new_id
from app.domain.suggest import did_you_mean
from app.errors import GavelError
from workers.rules.engine.index import Rules
from workers.rules.simulation.complete import lacks, needed
from workers.rules.simulation.simulator import Simulator
from workers.rules.vocabulary.triggers import EVENTS, KINDS

JUST_BEFORE = 0.001

NONE: Mapping[str, str] = {}

WANTED = {
    "member_id": "which member",
    "digits": "which digits were pressed",
    "name": "the name of the trigger",
}
"""What an event may need, as it is asked for."""


class NoEvent(GavelError):
    """There is no such event: give a JSON file, the id of a recorded event, or a kind of event."""


@dataclass(frozen=True, slots=True)
class Given:
    """Flags of the command: they make an event of a kind, or fill in what a file leaves out."""

    conference: str
    data: Mapping[str, Any]


def no_kind(said: str, asked: str) -> str:
    """What to say of a word that is no kind of event that comes by itself; `said` is how it is
    called in the sentence."""
    if asked in KINDS and asked not in EVENTS:
        whence = "the time" if KINDS[asked].since else "others, such as member.entered or .exited"
        return f"{said} is no event of its own, it follows from {whence}: play it with `gavel test`"
    known = [kind for kind, event in EVENTS.items() if not event.own]
    return f"{said} is no kind of event{did_you_mean(asked, known)}"


def event_of_kind(kind: str, given: Given, options: Mapping[str, str] = NONE) -> Event:
    """An event out of flags alone; `options` says how each is given. Raises NoEvent when they do
    not say enough."""
    if not given.conference:
        raise NoEvent(f"{kind}: say in which conference" + options.get("conference", ""))
    missing = next((name for name in needed(kind) if name not in given.data), "")
    if missing in WANTED:
        raise NoEvent(f"{kind}: say {WANTED[missing]}" + options.get(missing, ""))
    data = {"data": {}, "chain": 0} if kind == "trigger" else {}
    event = Event(new_id(), kind, given.conference, time.time(), "", data | dict(given.data))
    if complaint := lacks(event):
        raise NoEvent(f"{kind}: {complaint}; write the event in a file")
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

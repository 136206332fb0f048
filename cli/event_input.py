"""Where the event of `gavel explain` comes from, and the state of its conference before it."""

import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from redis import Redis

from app.domain.conference import Conference, UnreadableConference
from app.domain.event import Event, new_id
from app.domain.suggest import did_you_mean
from app.errors import GavelError
from app.plivo.parse import parse
from app.plivo.signature import PlivoRequest
from app.store import keys
from app.store.journal import Journal
from workers.rules.engine.index import Rules
from workers.rules.explanation.replay import UnreadableRecord, events_of
from workers.rules.simulation.complete import lacks
from workers.rules.simulation.simulator import Simulator
from workers.rules.vocabulary.triggers import EVENTS

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


def event_of_file(path: str, given: Given) -> Event:
    """An event out of a JSON file: an event (`kind`, `conference`, `data`), an entry of the
    journal, or the fields of a callback as Plivo sends them. Raises NoEvent or Unusable."""
    try:
        found = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise NoEvent(f"{path} can not be read: {error.strerror}") from None
    except ValueError as error:
        raise NoEvent(f"{path} is not JSON: {error}") from None
    if not isinstance(found, dict):
        raise NoEvent(f"{path} is not a JSON object")
    if "kind" not in found:
        fields = [(str(key), str(value)) for key, value in found.items()]
        event = replace(parse(PlivoRequest("POST", "", (), fields)), at=time.time())
    else:
        event = _recorded(_filled_in(found, given), path)
    if not event.conference and given.conference:
        event = replace(event, conference=given.conference)
    return replace(event, data={**event.data, **given.data})


def _filled_in(found: Mapping[str, Any], given: Given) -> Mapping[str, Any]:
    """An event, or an entry of the journal, with what only flags tell."""
    if "event" in found:
        return found
    data = found.get("data", {})
    told = {"at": time.time(), "conference": given.conference, **found}
    return {**told, "data": {**data, **given.data} if isinstance(data, dict) else data}


def _recorded(entry: Mapping[str, Any], path: str) -> Event:
    try:
        for event in events_of([entry]):
            if event.kind in EVENTS:
                return event
    except UnreadableRecord as error:
        raise NoEvent(f"{path}: {error}") from None
    kind = str(entry["kind"])
    raise NoEvent(f"{path}: {kind!r} is no kind of event{did_you_mean(kind, EVENTS)}")


def stored_event(redis: Redis, id: str, conference: str) -> tuple[Event, list[Event]]:
    """A recorded event by its id, and those that its conference had before it.

    Raises NoEvent. Looks through all journals unless `conference` says where.
    """
    journal = Journal(redis)
    names = [conference] if conference else [name for name, _ in journal.conferences()]
    for name in names:
        entries = (entry for entry in journal.of(name) if entry["kind"] == "event")
        events = list(events_of(entries))
        for place, event in enumerate(events):
            if event.id == id:
                return event, events[:place]
    raise NoEvent(f"no journal has an event {id}: journals are kept for a week, and bounded")


def state_after(events: Iterable[Event], rules: Rules, until: Event) -> Conference:
    """What the conference is like just before `until`, rebuilt from what was recorded."""
    simulator = Simulator(rules, until.at)
    own = {"timer", "schedule", "step.done", "action.failed", "rules.changed", "call.retry"}
    outside = [event for event in events if event.kind not in own]
    if outside:
        simulator.now = outside[0].at
    for event in outside:
        simulator.advance(event.at)
        simulator.feed(event)
    simulator.advance(until.at - JUST_BEFORE)
    return simulator.conferences.get(until.conference) or Conference.new(until.conference)


def live_state(redis: Redis, name: str) -> Conference:
    """The conference as it is now."""
    state = redis.get(keys.conference(keys.conference_key(name)))
    try:
        return Conference.from_json(state) if isinstance(state, bytes) else Conference.new(name)
    except UnreadableConference as error:
        raise NoEvent(f"the state of {name!r}: {error}") from None

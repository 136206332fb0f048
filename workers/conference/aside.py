"""Setting aside what can not be worked: kept for people, told in journal, log and metrics
(docs/decisions/0122)."""

import json
import logging
from dataclasses import replace

from redis import Redis

from app.domain.conference import Conference, NewerConference, UnreadableConference
from app.domain.event import Event
from app.logs import step
from app.metrics import catalogue as metrics
from app.store import keys
from workers.conference.unit import KEPT_ASIDE, Unit

log = logging.getLogger("gavel.decide")


def set_aside(unit: Unit, event: Event, error: str) -> None:
    """Keep an event that could not be decided; the last line of `error` says why."""
    last = error.strip().splitlines()[-1]
    known = {"event": event.id, "conference": unit.name}
    step(log, "event set aside", level=logging.ERROR, **known, reason=last)
    row = {"event": event.for_journal(), "conference": unit.name, "at": event.at, "error": error}
    unit.next.keep_for_people(keys.DEAD, KEPT_ASIDE, json.dumps(row))
    unit.write(event.at, "event", event=event.for_journal())
    unit.write(unit.lease.now(), "note", text=f"could not be decided, set aside: {last}")
    metrics.SET_ASIDE.add(unit.next.counters)


def begin_anew(unit: Unit, error: UnreadableConference, redis: Redis) -> Conference:
    """Set the unit's state aside for this error; Plivo's list fills the new one. Raises
    `NewerConference` again where another living worker reads that state, or RedisError."""
    what = "state"
    if isinstance(error, NewerConference):
        if redis.exists(keys.state_version(error.version)):
            raise error
        what = "newer state"
    unit.set_aside(what, unit.lease.taken.state or b"", str(error))
    new = Conference.new(unit.name)
    unit.next.state, unit.next.live, unit.next.look = new.to_json(), 0.0, unit.lease.now()
    return new


def without_timer(conference: Conference, event: Event) -> Conference:
    """The conference without the timer that this event was, which will not come again."""
    left = {id: t for id, t in conference.timers.items() if id != event.data.get("timer")}
    return conference if len(left) == len(conference.timers) else replace(conference, timers=left)

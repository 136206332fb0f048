"""Look for recordings whose file was never told of: Plivo's Recording API knows what it has.

A file that is there becomes `recording.ready`, accepted as its callback would have been: whichever
comes second is a duplicate. Then the conference is told that Plivo was asked, and what has not
come by then is missing. Where Plivo can not be asked nothing is told; it is asked again, each time
after twice as long, for a day.
"""

import logging
import threading
from concurrent.futures import ThreadPoolExecutor

from app.domain.event import Event, new_id
from app.domain.recording import Sought
from app.logs import step
from app.plivo.parse import identities
from app.store.recordings import Searches
from workers.ask import ask, ids
from workers.bootstrap import Context
from workers.conference.api import FoundRecording
from workers.conference.errors import CallError

log = logging.getLogger("gavel.seek")

AT_ONCE = 8
SOONEST, LATEST = 10.0, 3600.0
"""Seconds until Plivo is asked again."""

LONGEST = 86400.0
"""For so long; then it is said that nobody knows."""

DEDUPE_SECONDS = 7 * 86400.0


def seek(context: Context, stopping: threading.Event) -> None:
    """Ask for what is due, at most `AT_ONCE`. Raises RedisError."""
    now, due = Searches(context.redis).take(AT_ONCE)
    if due:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(lambda sought: _look(context, stopping, sought, now), due))


def _look(context: Context, stopping: threading.Event, sought: Sought, now: float) -> None:
    try:
        found = ask(context, stopping, lambda: context.api.find_recordings(sought, now))
    except CallError as error:
        known = {"conference": sought.conference, "error": error, "api_id": ids(error)}
        step(log, "recordings not found out", level=logging.WARNING, **known)
        _later(context, sought, now, str(error))
        return
    if found is None:
        return
    ready = [one for one in found if one.finished]
    for one in ready:
        _tell_ready(context, sought, one)
    if len(ready) < len(found):
        _later(context, sought, now, "a recording of it is not finished")
        return
    step(log, "recordings found out", conference=sought.conference, found=len(ready))
    said = f"it has {', '.join(one.id for one in ready)}" if ready else "it has none"
    _tell(context, sought, {"said": said})


def _tell_ready(context: Context, sought: Sought, one: FoundRecording) -> None:
    told = {
        "recording_id": one.id,
        "url": one.url,
        "format": one.format,
        "duration": one.duration,
        "started_at": one.started_at,
        "ended_at": one.ended_at,
    }
    data = {name: value for name, value in told.items() if value is not None}
    event = Event(new_id(), "recording.ready", sought.conference, 0.0, sought.uuid, data)
    same = identities(event, "", dedupe=DEDUPE_SECONDS, replay=DEDUPE_SECONDS)
    context.inbox.accept(event, identities=same)


def _later(context: Context, sought: Sought, now: float, why: str) -> None:
    """Asked again, or given up: then nothing is known, and so nothing is told as missing."""
    asked_for = now - sought.asked_at
    if asked_for < LONGEST:
        wait = min(max(asked_for, SOONEST), LATEST)
        Searches(context.redis).again(sought, now + wait)
        return
    _tell(context, sought, {"said": f"it could not be found out: {why}"[:300], "error": why[:300]})


def _tell(context: Context, sought: Sought, data: dict[str, str]) -> None:
    told = {"number": sought.number, **data}
    event = Event(new_id(), "recordings.sought", sought.conference, 0.0, sought.uuid, told)
    context.inbox.accept(event, identities=[])
    Searches(context.redis).end(sought)

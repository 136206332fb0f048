"""Copies of recordings that people ask for: each is handed to its unit, where it waits for a
process that copies."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from redis import Redis

from app.domain.call import Call
from app.domain.event import new_id
from app.domain.operator import Operator
from app.domain.recording import Recording
from app.operators.audit import Entry
from app.store import keys
from app.store.scripts import script


def seen(one: Recording) -> Mapping[str, Any]:
    """What an address may name of a recording, as rules see it."""
    recording = {
        "id": one.recording_id,
        "url": one.url,
        "duration": one.duration,
        "started_at": one.started_at,
        "ended_at": one.ended_at,
        "format": one.format,
        "archived_to": one.archived_to,
    }
    conference = {"name": one.conference, "uuid": one.uuid}
    return {
        "recording": {name: value for name, value in recording.items() if value not in (None, "")},
        "conference": {name: value for name, value in conference.items() if value},
    }


def ask_for_copy(redis: Redis, one: Recording, to: str, now: float, operator: Operator) -> bool:
    """Have this recording copied there. False when just that waits or is being done already."""
    event = new_id()
    call = Call(
        id=f"{event}.0",
        verb="archive",
        conference=one.conference,
        members=(),
        params={"to": to, "recording": dict(seen(one)["recording"])},
        run=event,
        rule=f"by hand ({operator.name})",
        step=0,
        event=event,
        at=now,
        expires_at=None,
        on_error="stop",
        uuid=one.uuid,
    )
    unit = keys.copy_of(keys.conference_key(one.conference), one.recording_id, to)
    entry = Entry.by(
        operator,
        "archive",
        f"{one.recording_id}: {to}",
        conference=one.conference,
        outcome="accepted",
        event=event,
    )
    text = json.dumps(call.to_json_dict(), ensure_ascii=False)
    handed = bool(script(redis, "hand")(unit, one.conference, text, entry.to_json()))
    if handed:
        entry.tell()
    return handed


def under_way(redis: Redis, copies: Sequence[tuple[Recording, str]]) -> Sequence[bool]:
    """For each whether it waits, is being made, or is to be tried again."""
    if not copies:
        return ()
    units = [
        keys.copy_of(keys.conference_key(one.conference), one.recording_id, to)
        for one, to in copies
    ]
    named: Any = redis.hmget(keys.NAMES, units)
    return [name is not None for name in named]

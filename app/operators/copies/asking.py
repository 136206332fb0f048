"""Copies of recordings that people ask for: each is handed to its unit, where it waits for a
process that copies.

Where to is what the rules say: a worker, which knows them, is asked (docs/decisions/0156).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from redis import Redis

from app.domain.call import Call
from app.domain.event import new_id
from app.domain.operator import Operator
from app.domain.recording import Recording
from app.errors import NotFound, Unusable
from app.operators.acts import reason_of
from app.operators.audit import Entry
from app.store import keys
from app.store.questions import ask, asked
from app.store.scripts import script

COPIES = "copies"
"""What a question is about."""
MOST_AT_ONCE = 50
STATES = ("asked", "under_way", "copied", "refused")


@dataclass(frozen=True, slots=True)
class CopyAsked:
    """One copy that was wished for: of the recording `id`, to the address `to`, "" where no rule
    says one. `state`: it was asked for; that waits or is being done already; it is there already;
    it can not be asked for, and `why`."""

    id: str
    to: str
    state: str
    why: str = ""

    def to_json_dict(self) -> dict[str, str]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Wish:
    """Recordings to be copied where the rules say, by whom and why; `together`: the id under which
    they were asked for with others, "" for those of one question."""

    ids: Sequence[str]
    operator: Operator
    reason: str = ""
    together: str = ""

    @classmethod
    def of(cls, question: Mapping[str, Any]) -> "Wish":
        """As a worker reads it."""
        operator, together = Operator(**question["operator"]), question.get("together", "")
        return cls(question["ids"], operator, question["reason"], together)


def wish(
    redis: Redis, ids: Sequence[str], operator: Operator, reason: str = "", together: str = ""
) -> str:
    """Have these recordings copied, once more or at last, where the rules copy those of their
    conference; the id by which `wished` tells what came of it. The audit has an entry for each copy
    that is then asked for. Raises Unusable, Busy and RedisError."""
    if not 1 <= len(ids) <= MOST_AT_ONCE:
        raise Unusable(f"ids: must be 1 to {MOST_AT_ONCE} recordings")
    wanted = Wish(list(ids), operator, reason_of(reason), together)
    return ask(redis, {"about": COPIES, **asdict(wanted)})


def wished(redis: Redis, id: str) -> tuple[Sequence[str], Sequence[CopyAsked] | None]:
    """The recordings that were meant, and what came of it; None while no worker has said. Raises
    NotFound when nothing is known of it (any more) and RedisError."""
    found = asked(redis, id)
    if found is None or found.question.get("about") != COPIES:
        raise NotFound("nothing is known of copies that were asked for by that id, or not any more")
    ids = found.question["ids"]
    if found.answer is None:
        return ids, None
    try:
        return ids, [CopyAsked(**one) for one in json.loads(found.answer)]
    except ValueError:  # the worker's own words
        return ids, [CopyAsked(one, "", "refused", found.answer) for one in ids]


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


def ask_for_copy(
    redis: Redis, one: Recording, to: str, now: float, operator: Operator, reason: str = ""
) -> bool:
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
        reason=reason,
        outcome="accepted",
        event=event,
    )
    text = json.dumps(call.to_json_dict(), ensure_ascii=False)
    handed = bool(script(redis, "hand")(unit, one.conference, text, entry.to_json()))
    if handed:
        entry.tell()
    return handed


def under_way(redis: Redis, copies: Sequence[tuple[Recording, str]]) -> Sequence[bool]:
    """For each whether it waits, is being made, or is to be tried again; or may come to: something
    is still to be decided in its conference."""
    if not copies:
        return ()
    units = [
        keys.copy_of(keys.conference_key(one.conference), one.recording_id, to)
        for one, to in copies
    ]
    with redis.pipeline(transaction=False) as together:
        for unit in units:
            together.hexists(keys.NAMES, unit)
            together.exists(keys.inbox(keys.conference_of(unit)))
        told = together.execute()
    return [bool(named or waits) for named, waits in zip(told[::2], told[1::2], strict=True)]

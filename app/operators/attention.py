"""What needs a person: calls that were given up and what was set aside; asking again, dropping."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from redis import Redis

from app.domain.event import Event, new_id
from app.domain.operator import Operator
from app.operators.audit import Entry
from app.store import keys
from app.store.inbox import Identity, Inbox
from app.store.scripts import script

REMEMBERED_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class GivenUp:
    """One of them. `stored` is its row as it is in the list; `at` when it was given up."""

    stored: bytes
    call: Mapping[str, Any]
    at: float
    error: str

    @property
    def id(self) -> str:
        return str(self.call["id"])


def given_up(redis: Redis) -> Sequence[GivenUp]:
    """All of them, oldest first."""
    rows: Any = redis.lrange(keys.GIVEN_UP, 0, -1)
    found = []
    for row in rows:
        entry = json.loads(row)
        found.append(GivenUp(row, entry["call"], entry["at"], entry["error"]))
    return found


@dataclass(frozen=True, slots=True)
class SetAside:
    """What could not be worked: an event, or a damaged row. `stored` is its row as it is in the
    list, `id` a digest of that; `what`, `event` and `kind` say what it was, as far as is known, and
    `error` why, in one line."""

    stored: bytes
    conference: str
    at: float
    what: str
    event: str
    kind: str
    error: str

    @property
    def id(self) -> str:
        return keys.digest(self.stored.decode("utf-8", "surrogateescape"))


def set_aside(redis: Redis) -> Sequence[SetAside]:
    """All that was set aside, oldest first."""
    rows: Any = redis.lrange(keys.DEAD, 0, -1)
    return [_set_aside(row) for row in rows]


def _set_aside(row: bytes) -> SetAside:
    try:
        entry = json.loads(row)
        at = float(entry.get("at") or 0.0)
    except (ValueError, TypeError, AttributeError):
        return SetAside(row, "", 0.0, "row", "", "", "it can not be read")
    event = entry.get("event")
    known = event if isinstance(event, Mapping) else {}
    error = str(entry.get("error", "")).strip().splitlines()
    return SetAside(
        row,
        str(entry.get("conference", "")),
        at,
        str(entry.get("row", "event")),
        str(known.get("id", "")),
        str(known.get("kind", "")),
        error[-1] if error else "",
    )


def for_people(redis: Redis) -> Sequence[GivenUp | SetAside]:
    """Both."""
    return [*given_up(redis), *set_aside(redis)]


def drop(redis: Redis, one: GivenUp | SetAside, operator: Operator, reason: str) -> bool:
    """Take it off its list: nobody needs it any more. False when it is not there any more."""
    if isinstance(one, GivenUp):
        kept, object, name = keys.GIVEN_UP, f"{one.id}: {one.call['verb']}", one.call["conference"]
    else:
        kept, object, name = keys.DEAD, f"{one.event or one.id}: {one.what}", one.conference
    entry = Entry.by(operator, "drop", object, conference=name, reason=reason)
    dropped = bool(script(redis, "drop")(kept, one.stored, entry.to_json()))
    if dropped:
        entry.tell()
    return dropped


def ask_again(redis: Redis, one: GivenUp, now: float, operator: Operator, reason: str = "") -> str:
    """Put the call into its conference's inbox as an event, and take it off the list; the event's
    id.

    It gets as much time as it had at first, from `now` (seconds since the epoch). Asking twice at
    the same time asks once: the row's own identity is remembered for an hour.
    """
    call = dict(one.call)
    if call["expires_at"] is not None:
        call["expires_at"] = now + call["expires_at"] - call["at"]
    event = Event(new_id(), "call.retry", call["conference"], now, call["uuid"], {"call": call})
    identity = Identity(f"retry:{one.id}:{one.at}", REMEMBERED_SECONDS)
    members = f" {','.join(call['members'])}" if call["members"] else ""
    entry = Entry.by(
        operator,
        "retry",
        f"{one.id}: {call['verb']}{members}",
        conference=event.conference,
        reason=reason,
        outcome="accepted",
        event=event.id,
    )
    accepted = Inbox(redis).accept(event, identities=[identity], audit=entry.to_json())
    redis.lrem(keys.GIVEN_UP, 1, one.stored.decode())
    if accepted.new:
        entry.tell()
    return accepted.event_id

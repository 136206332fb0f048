"""What needs a person: calls that were given up, and what was set aside; asking for calls again."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from redis import Redis

from app.domain.event import Event, new_id
from app.domain.operator import Operator
from app.operators.audit import Entry
from app.store import keys
from app.store.inbox import Identity, Inbox

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


def set_aside(redis: Redis) -> Iterator[Mapping[str, Any]]:
    """What could not be worked and was set aside, oldest first: where, when, and why; of an event
    its id and kind. Raw rows stay in Redis."""
    rows: Any = redis.lrange(keys.DEAD, 0, -1)
    for row in rows:
        try:
            entry = json.loads(row)
            event = entry.get("event", {})
            told = {name: entry.get(name, "") for name in ("conference", "at", "what")}
        except (ValueError, AttributeError):  # a damaged one is told as well
            yield {"conference": "", "at": 0.0, "what": "row", "error": "it can not be read"}
            continue
        error = str(entry.get("error", "")).strip().splitlines()
        known = event if isinstance(event, Mapping) else {}
        yield {
            **told,
            "event": str(known.get("id", "")),
            "kind": str(known.get("kind", "")),
            "error": error[-1] if error else "",
        }


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

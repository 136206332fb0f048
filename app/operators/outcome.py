"""What became of something that was asked for by hand, as the journal tells it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from redis import Redis

from app.store import keys
from app.store.journal import unfolded

STATES = ("waiting", "under_way", "done", "not_needed", "refused", "failed", "unknown")
"""Not decided yet; decided, and its calls are being made; all made; there was nobody or nothing
to do it for; it could not be decided as it was asked; a call was given up; nobody knows whether a
call was made."""

_BY_CALL = {"failed": "failed", "unknown": "unknown", "dropped": "not_needed", "gone": "not_needed"}
_BY_RUN = {"failed": "refused", "unknown": "refused", "skipped": "not_needed"}


@dataclass(frozen=True, slots=True)
class Outcome:
    """`state` is one of `STATES`, `reason` says why it is not simply done. `entries` are those of
    the journal that belong to it, oldest first."""

    state: str
    reason: str
    entries: Sequence[Mapping[str, Any]]


def outcome_of(redis: Redis, conference: str, id: str) -> Outcome | None:
    """What became of the event of that id; None when nothing is known of it (any more). Reads the
    conference's whole journal, which is bounded. Raises RedisError."""
    key, sought = keys.conference_key(conference), id.encode("utf-8", "replace")
    with redis.pipeline(transaction=True) as together:
        together.lrange(keys.inbox(key), 0, -1)
        together.get(keys.outbox(key))
        together.lrange(keys.journal(key), 0, -1)
        inbox, outbox, rows = together.execute()
    found = [json.loads(row) for row in rows if sought in row]
    entries = unfolded(redis, [entry for entry in found if _is_of(entry, id)])
    if not entries:
        waits = any(
            json.loads(row.partition(b" ")[2])["id"] == id for row in inbox if sought in row
        )
        return Outcome("waiting", "", ()) if waits else None
    calls = json.loads(outbox)["entries"] if outbox and sought in outbox else ()
    under_way = any(call["event"] == id for call, *_ in calls)
    return Outcome(*_state(entries, under_way), entries)


def _is_of(entry: Mapping[str, Any], id: str) -> bool:
    event = entry.get("event")
    own = event.get("id") if isinstance(event, Mapping) else event
    return own == id or id in entry.get("with", ())


def _state(entries: Sequence[Mapping[str, Any]], under_way: bool) -> tuple[str, str]:
    runs = [entry for entry in entries if entry["kind"] == "run"]
    if not runs:
        return "waiting", ""
    if runs[-1]["outcome"] in _BY_RUN:
        return _BY_RUN[runs[-1]["outcome"]], runs[-1]["reason"]
    if under_way:
        return "under_way", ""
    last = {entry["call"]: entry for entry in entries if entry["kind"] == "call"}
    for status, state in _BY_CALL.items():
        bad = next((call for call in last.values() if call["status"] == status), None)
        if bad is not None:
            return state, bad.get("error", "")
    return "done", ""

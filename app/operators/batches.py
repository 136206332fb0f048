"""Asking for many calls again at once, and how far that is: what became of each is kept for a week.

A call's end is read off the journal of its conference, behind the event by which it was asked for;
what has ended is remembered, so that a look costs as much as is still under way.
"""

import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from redis import Redis

from app.domain.operator import Operator
from app.operators.attention import GivenUp, ask_again
from app.operators.tally import tally
from app.store import keys

Fields = dict[str | bytes | bytearray | memoryview | int | float, Any]

KEPT_SECONDS = 7 * 86400
MOST = 20
"""So many batches are listed."""
LOOKED_INTO = 50
"""So many conferences one look goes through, and so many entries of each journal."""
TAIL = 200
LOST_SECONDS = 3600.0
"""What has no end in the journal by then is not waited for any more."""
ABOUT = "about"
UNDER_WAY = ("planned", "asked")
ENDS = {"done": "done", "dry_run": "done", "failed": "failed", "unknown": "unknown"}
ENDS |= {"gone": "not_needed", "dropped": "not_needed"}
EVERYBODY = ("",)
_WORST = ("done", "not_needed", "unknown", "failed", "")
WORDS = {
    "planned": "not asked yet",
    "asked": "left",
    "done": "done",
    "not_needed": "not needed any more",
    "failed": "given up again",
    "unknown": "of unknown outcome",
}
STATES = tuple(WORDS)
"""What becomes of a call, in the words that people read."""


@dataclass(frozen=True, slots=True)
class Item:
    """One call: its id, its verb, its members, and the event that it came of at first. `event` is
    the one by which it was asked for again, "" before; `state` one of `STATES`."""

    call: str
    conference: str
    verb: str
    members: Sequence[str]
    caused: str
    event: str = ""
    state: str = "planned"


@dataclass(frozen=True, slots=True)
class Batch:
    """`what` says in words what was asked for; `at` is in seconds since the epoch."""

    id: str
    what: str
    who: str
    at: float
    reason: str
    items: Sequence[Item] = ()

    @property
    def counts(self) -> Mapping[str, int]:
        return tally((one.state for one in self.items), STATES)

    @property
    def told(self) -> str:
        """The same in words: `3 left, 9 done`."""
        return ", ".join(f"{count} {WORDS[state]}" for state, count in self.counts.items())

    @property
    def left(self) -> int:
        return sum(one.state in UNDER_WAY for one in self.items)


def ask_all(
    redis: Redis,
    chosen: Sequence[GivenUp],
    now: float,
    operator: Operator,
    reason: str = "",
    what: str = "",
    least: int = 2,
) -> tuple[str, Mapping[str, str]]:
    """Ask for all of these again; the batch's id, "" for fewer than `least`, and the event of each
    by the id of its call. Should it end in between, the batch shows what was not asked for any
    more. `what` they are is, unless it is said, their verb where they have one. Raises
    RedisError."""
    if len(chosen) < max(least, 1):
        return "", {one.id: ask_again(redis, one, now, operator, reason) for one in chosen}
    id = "bat-" + secrets.token_hex(8)
    verbs = {str(one.call["verb"]) for one in chosen}
    what = what or (verbs.pop().replace("_", " ") if len(verbs) == 1 else "")
    about = {"what": what, "who": operator.name, "at": now, "reason": reason}
    items = {one.id: _item(one) for one in chosen}
    stored: Fields = {call: json.dumps(asdict(item)) for call, item in items.items()}
    with redis.pipeline(transaction=True) as together:
        together.hset(keys.batch(id), mapping={ABOUT: json.dumps(about), **stored})
        together.expire(keys.batch(id), KEPT_SECONDS)
        together.lpush(keys.BATCHES, id)
        together.ltrim(keys.BATCHES, 0, MOST - 1)
        together.execute()
    events = {}
    for one in chosen:
        events[one.id] = ask_again(redis, one, now, operator, reason)
        _keep(redis, id, [replace(items[one.id], event=events[one.id], state="asked")])
    return id, events


def batches(redis: Redis, now: float) -> Sequence[Batch]:
    """Those that are kept, the newest first, as far as they are. Raises RedisError."""
    ids: Any = redis.lrange(keys.BATCHES, 0, -1)
    found = (batch_of(redis, id.decode(), now) for id in ids)
    return [one for one in found if one is not None]


def batch_of(redis: Redis, id: str, now: float) -> Batch | None:
    """One by its id, None when it is not kept (any more). Raises RedisError."""
    rows: Any = redis.hgetall(keys.batch(id))
    if not rows:
        return None
    about = json.loads(rows.pop(ABOUT.encode()))
    items = [Item(**json.loads(row)) for row in rows.values()]
    open_ones = [one for one in items if one.state == "asked"]
    ended = list(_ended(redis, open_ones)) if open_ones else []
    if now - about["at"] > LOST_SECONDS:
        known = {one.call for one in ended}
        lost = (one for one in items if one.state in UNDER_WAY and one.call not in known)
        ended += [replace(one, state="unknown") for one in lost]
    if ended:
        _keep(redis, id, ended)
    by_call = {one.call: one for one in (*items, *ended)}
    return Batch(id, **about, items=list(by_call.values()))


def _item(one: GivenUp) -> Item:
    call = one.call
    members = tuple(call.get("members", ()))
    return Item(one.id, call["conference"], call["verb"], members, call.get("event", ""))


def _keep(redis: Redis, id: str, items: Sequence[Item]) -> None:
    rows: Fields = {one.call: json.dumps(asdict(one)) for one in items}
    if redis.exists(keys.batch(id)):  # else its week is over
        redis.hset(keys.batch(id), mapping=rows)


def _ended(redis: Redis, items: Sequence[Item]) -> Iterator[Item]:
    """Those whose call has ended since it was asked for."""
    names = list(dict.fromkeys(one.conference for one in items))[:LOOKED_INTO]
    with redis.pipeline(transaction=False) as together:
        for name in names:
            together.lrange(keys.journal(keys.conference_key(name)), -TAIL, -1)
        journals = dict(zip(names, together.execute(), strict=True))
    for one in items:
        state = _end(one, journals.get(one.conference, ()))
        if state:
            yield replace(one, state=state)


def _end(item: Item, journal: Sequence[bytes]) -> str:
    """Its state, by what stands behind its event for each of its members; "" while it goes on.
    Calls go out together, and a call for several members may be one for each."""
    asked, last = False, dict[str, str]()
    event, wanted = item.event.encode(), item.members or EVERYBODY
    for row in journal:
        if not asked:
            asked = event in row and _is_event(json.loads(row), item.event)
        elif item.caused.encode() in row and _is_of(entry := json.loads(row), item):
            last |= dict.fromkeys(entry["members"] or EVERYBODY, entry["status"])
    found = {ENDS.get(last.get(member, ""), "") for member in wanted}
    return max(found, key=_WORST.index)


def _is_of(entry: Mapping[str, Any], item: Item) -> bool:
    """Does this entry tell of a call that this one went out with?"""
    caused = (entry.get("event"), *entry.get("with", ()))
    return entry["kind"] == "call" and entry["verb"] == item.verb and item.caused in caused


def _is_event(entry: Mapping[str, Any], id: str) -> bool:
    event = entry.get("event")
    return isinstance(event, Mapping) and event.get("id") == id

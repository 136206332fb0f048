"""Copies of many recordings, asked for together: what is planned, and how far it is.

The wish for each is that of `asking`, so they go where the rules say. A worker writes
down what came of asking; how each copy ends is read off its recording, as that is at the time.
"""

import json
from collections.abc import Mapping, Sequence, Set
from dataclasses import asdict, dataclass
from typing import Any

from redis import Redis

from app.domain.operator import Operator
from app.domain.recording import Recording
from app.errors import Busy, Conflict, NotFound
from app.operators.acts import reason_of
from app.operators.copies.asking import MOST_AT_ONCE, CopyAsked, under_way, wish
from app.operators.tally import tally
from app.store import keys
from app.store.recordings import Recordings, Wanted
from app.store.server.clock import redis_time

MOST = 500
"""So many recordings are asked for at once."""
ANSWERS = 4
"""So many answers of a list, of 2,000 recordings looked at, are gone through for them."""
KEPT_SECONDS = 7 * 86400
LISTED = 10
UNHEARD_SECONDS = 900.0
"""A question that no worker has heard by then is over."""

WORDS = {
    "planned": "not asked yet",
    "left": "left",
    "done": "copied",
    "refused": "not asked for",
    "failed": "failed",
    "unheard": "not heard by a worker",
}
"""What becomes of a recording, in the words that people read."""
UNDER_WAY = ("planned", "left")
_FOUND = {"asked": "left", "under_way": "left", "copied": "done", "refused": "refused"}
_WORST = ("done", "refused", "failed", "left")
Fields = dict[str | bytes | bytearray | memoryview | int | float, Any]


@dataclass(frozen=True, slots=True)
class Plan:
    """`without` have no copy, `failed` one whose last attempt failed, the newest first; `more`: the
    list has others that were not looked at."""

    without: Sequence[str]
    failed: Sequence[str]
    more: bool

    @property
    def ids(self) -> Sequence[str]:
        return [*self.without, *self.failed]


@dataclass(frozen=True, slots=True)
class Item:
    """What became of one recording. `to` is where it goes, "" where no rule says; `why` it is not
    copied, or not yet."""

    id: str
    conference: str
    state: str
    to: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Together:
    """`at` is in seconds since the epoch."""

    id: str
    who: str
    at: float
    reason: str
    items: Sequence[Item] = ()

    @property
    def counts(self) -> Mapping[str, int]:
        return tally((one.state for one in self.items), WORDS)

    @property
    def left(self) -> int:
        return sum(one.state in UNDER_WAY for one in self.items)


def plan(redis: Redis, wanted: Wanted, most: int = MOST) -> Plan:
    """Which of those that a list shows can be copied, so many at most. Raises RedisError."""
    found: list[Recording] = []
    cursor = ""
    for _ in range(ANSWERS):
        part, cursor = Recordings(redis).find(wanted, cursor=cursor, most=most)
        found += filter(can_be_copied, part)
        if not cursor or len(found) > most:
            break
    these = found[:most]
    without = [one.id for one in these if not one.archive_error]
    failed = [one.id for one in these if one.archive_error]
    return Plan(without, failed, more=bool(cursor) or len(found) > most)


def can_be_copied(one: Recording) -> bool:
    """Is its file there, and has it no copy, or one whose last attempt failed?"""
    missing = not one.archived_to or bool(one.archive_error)
    return one.state == "ready" and bool(one.recording_id) and missing


def copy_together(
    redis: Redis, wanted: Wanted, expect: int, once: str, operator: Operator, reason: str = ""
) -> str:
    """Have all of a plan copied; the id by which `look` tells how far it is. `expect` is how many
    the plan had, `once` a word of whoever asks: what comes twice with it is asked once. Raises
    Conflict where it is another number now, Unusable, Busy and RedisError."""
    id = "cop-" + keys.digest(f"{operator.name} {once}")
    if redis.exists(keys.copies(id)):
        return id
    ids = plan(redis, wanted).ids
    if len(ids) != expect or not ids:
        raise Conflict(f"there are {len(ids)} to be copied now, not {expect}: look again")
    why = reason_of(reason)
    about = {"who": operator.name, "at": redis_time(redis), "reason": why, "ids": ids}
    if not redis.set(keys.copies(id), json.dumps(about), nx=True, ex=KEPT_SECONDS):
        return id
    with redis.pipeline(transaction=True) as together:
        together.lpush(keys.COPIES, id)
        together.ltrim(keys.COPIES, 0, LISTED - 1)
        together.execute()
    for first in range(0, len(ids), MOST_AT_ONCE):
        try:
            wish(redis, ids[first : first + MOST_AT_ONCE], operator, reason, id)
        except Busy:  # the page tells of the rest that nobody has heard of it
            if first == 0:
                redis.delete(keys.copies(id))
                raise
    return id


def keep(redis: Redis, id: str, found: Sequence[CopyAsked]) -> None:
    """What a worker answered to wishes of this id. Raises RedisError."""
    asked: dict[str, list[CopyAsked]] = {}
    for one in found:
        asked.setdefault(one.id, []).append(one)
    rows: Fields = {
        one: json.dumps([asdict(copy) for copy in copies]) for one, copies in asked.items()
    }
    with redis.pipeline(transaction=True) as together:
        together.hset(keys.copies_asked(id), mapping=rows)
        together.expire(keys.copies_asked(id), KEPT_SECONDS)
        together.execute()


def lately(redis: Redis) -> Sequence[Together]:
    """Those that are kept, the newest first, without what became of them. Raises RedisError."""
    ids: Any = redis.lrange(keys.COPIES, 0, -1)
    texts: Any = redis.mget([keys.copies(id.decode()) for id in ids]) if ids else []
    read = ((id.decode(), json.loads(text)) for id, text in zip(ids, texts, strict=True) if text)
    return [
        Together(
            id, told["who"], told["at"], told["reason"], [Item(one, "", "") for one in told["ids"]]
        )
        for id, told in read
    ]


def look(redis: Redis, id: str, now: float) -> Together:
    """One by its id, as far as it is. Raises NotFound and RedisError."""
    text: Any = redis.get(keys.copies(id))
    if text is None:
        raise NotFound("nothing is known of copies that were asked for by that id, or not any more")
    told = json.loads(text)
    unheard = "unheard" if now - told["at"] > UNHEARD_SECONDS else "planned"
    asked = _asked(redis, id)
    records = Recordings(redis).brief(told["ids"])
    waiting = [
        (records[one], copy.to)
        for one, copies in asked.items()
        for copy in copies
        if _FOUND[copy.state] == "left" and one in records
    ]
    busy = {
        (one.id, to)
        for (one, to), is_busy in zip(waiting, under_way(redis, waiting), strict=True)
        if is_busy
    }
    items = []
    for one in told["ids"]:
        of_it = [_item(copy, records.get(one), busy) for copy in asked.get(one, ())]
        worst = max(of_it, key=lambda item: _WORST.index(item.state), default=None)
        items.append(worst or Item(one, _name(records.get(one)), unheard))
    return Together(id, told["who"], told["at"], told["reason"], items)


def _asked(redis: Redis, id: str) -> Mapping[str, Sequence[CopyAsked]]:
    """By recording: what a worker answered so far."""
    rows: Any = redis.hgetall(keys.copies_asked(id))
    return {
        one.decode(): [CopyAsked(**copy) for copy in json.loads(row)] for one, row in rows.items()
    }


def _item(copy: CopyAsked, record: Recording | None, busy: Set[tuple[str, str]]) -> Item:
    state, why = _FOUND[copy.state], copy.why
    if state == "left" and record is None:
        state, why = "failed", "its record is gone"
    elif state == "left" and record is not None:
        why = record.archive_error
        if (copy.id, copy.to) not in busy:
            state = "failed" if why else "done"
    return Item(copy.id, _name(record), state, copy.to, why)


def _name(record: Recording | None) -> str:
    return "" if record is None else record.conference

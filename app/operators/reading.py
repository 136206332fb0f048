"""What is known of conferences, for people and their programs: lists, one of them, its story.

Read from what the workers commit; nothing is decided here. Every function raises RedisError.
"""

import json
import math
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from redis import Redis

from app.callers.search import has_number, is_in, whole_number
from app.domain.conference import Conference, Timer, UnreadableConference
from app.domain.redaction import mask_phones
from app.errors import Unusable
from app.store import keys
from app.store.journal import unfolded

LOOKED_AT = 2000
"""So many conferences one answer looks through, at most, for those that are asked for."""
LOOKED_INTO = 250
"""The same where their journals are looked into."""
SHORTEST_MENTIONED = 4
"""Characters of what is looked for in journals, at least."""
_BETWEEN_DIGITS = str.maketrans("", "", " ()-./")
_AT_ONCE = 50
_TIES = 50
_TAIL = 100

Row = tuple[str, float]


@dataclass(frozen=True, slots=True)
class Listed:
    """One conference of a list. `at` is when it began, of one that has ended when it was last heard
    of; `state` is None when it is not kept any more or can not be read. `last_at` is when it was
    last heard of, live or not."""

    key: str
    name: str
    live: bool
    at: float
    state: Conference | None
    last_at: float


@dataclass(frozen=True, slots=True)
class Story:
    """A part of a journal, oldest first; each entry with its id. `next` is where to go on, `more`
    tells whether something is there already. `gap`: what `after` named is not kept any more, so
    this is the oldest that is."""

    entries: Sequence[tuple[str, Mapping[str, Any]]]
    next: str
    more: bool = False
    gap: bool = False


def name_of(redis: Redis, key: str) -> str | None:
    """The name of the conference of that key; None when none is known."""
    name: Any = redis.hget(keys.NAMES, key) if len(key) == keys.KEY_LENGTH else None
    return None if name is None else name.decode("utf-8", "replace")


def state_of(redis: Redis, key: str) -> Conference | None:
    """Its state; None when it is not kept any more, or can not be read by this version."""
    text: Any = redis.get(keys.conference(key))
    return _state(text)


def timers_of(state: Conference) -> Sequence[Timer]:
    """What is due in it, soonest first."""
    return sorted(state.timers.values(), key=lambda timer: timer.due)


def conferences(
    redis: Redis,
    *,
    live: bool | None = None,
    containing: str = "",
    mentioned: bool = False,
    numbers: bool = False,
    since: float = 0.0,
    until: float = math.inf,
    cursor: str = "",
    limit: int = 50,
) -> tuple[list[Listed], str]:
    """Live conferences, newest first, or those that have ended, or all, last heard of first; and
    where to go on: "" at the end. `containing` is a part of the name, in any case; with `mentioned`
    also of what the journal tells: a number, the id of an event, of a call or of an instance.
    Unless `numbers` may be seen by who asks, what is looked for is what they are shown: of a
    number the last four digits; or the whole of one. `since` and `until` bound their `at`. Raises
    Unusable for a cursor that is none."""
    found: list[Listed] = []
    place, looked = "", 0
    most = LOOKED_INTO if mentioned and containing else LOOKED_AT
    for batch in _batches(redis, keys.LIVE if live else keys.KNOWN, cursor, until):
        rows = [one for one in _listed(redis, batch, bool(live)) if live in (None, one.live)]
        fits = _fitting(redis, rows, containing, mentioned=mentioned, numbers=numbers)
        for one in rows:
            if one.at < since:
                return found, ""
            place, looked = f"{one.at!r} {one.key}", looked + 1
            if one.key in fits:
                found.append(one)
            if len(found) == limit or looked == most:
                return found, urlsafe_b64encode(place.encode()).decode().rstrip("=")
    return found, ""


def story(redis: Redis, key: str, *, after: str = "", limit: int = 200) -> Story:
    """The journal after the entry of that id, from its beginning without one."""
    journal = keys.journal(key)
    if not after:
        return _part(redis, redis.lrange(journal, 0, limit), 0, limit)
    for newest in (1, _TAIL, 0):  # who follows a story asks for its end
        rows: Any = redis.lrange(journal, -newest, -1)
        ids = [_id(row) for row in rows]
        if after in ids:
            return _part(redis, rows, len(ids) - ids[::-1].index(after), limit, after)
    return replace(_part(redis, rows, 0, limit), gap=True)


def _part(redis: Redis, rows: Any, first: int, limit: int, after: str = "") -> Story:
    """Up to `limit` of these rows, from the place `first` on."""
    part = rows[first : first + limit]
    ids = [_id(row) for row in part]
    entries = unfolded(redis, [json.loads(row) for row in part])
    following = ids[-1] if ids else after
    return Story(list(zip(ids, entries, strict=True)), following, more=first + limit < len(rows))


def _fitting(
    redis: Redis, rows: Sequence[Listed], containing: str, *, mentioned: bool, numbers: bool
) -> Collection[str]:
    """The keys of those that are looked for."""
    fits = {one.key for one in rows if is_in(containing, one.name, numbers=numbers)}
    if not mentioned or len(containing) < SHORTEST_MENTIONED:
        return fits
    sought = containing if numbers else whole_number(containing) or containing.lstrip("…")
    text = json.dumps(_as_stored(sought), ensure_ascii=False)[1:-1]
    stored = text.encode("utf-8", "replace")
    rest = [one.key for one in rows if one.key not in fits]
    with redis.pipeline(transaction=False) as together:
        for key in rest:
            together.lrange(keys.journal(key), 0, -1)
        journals: Any = together.execute()
    return fits | {
        key
        for key, entries in zip(rest, journals, strict=True)
        if any(stored in one and (numbers or _is_shown(text, one)) for one in entries)
    }


def _is_shown(text: str, stored: bytes) -> bool:
    """Is that in an entry as it is told to who may not see numbers, or a whole number of it?"""
    entry = stored.decode("utf-8", "replace")
    return text in mask_phones(entry) or has_number(text, entry)


def _as_stored(text: str) -> str:
    """A telephone number without what people put between its digits."""
    plain = text.translate(_BETWEEN_DIGITS)
    return plain.lstrip("+") if plain.lstrip("+").isdecimal() else text


def _listed(redis: Redis, batch: Sequence[Row], live: bool) -> Iterator[Listed]:
    names: Any = redis.hmget(keys.NAMES, [key for key, _ in batch])
    states: Any = redis.mget([keys.conference(key) for key, _ in batch])
    heard: Any = redis.zmscore(keys.KNOWN, [key for key, _ in batch])
    for (key, at), name, text, last in zip(batch, names, states, heard, strict=True):
        if name is not None:
            state = _state(text)
            is_live = live if state is None else state.live
            last_at = at if last is None else float(last)
            yield Listed(key, name.decode("utf-8", "replace"), is_live, at, state, last_at)


def _batches(redis: Redis, zset: str, cursor: str, until: float = math.inf) -> Iterator[list[Row]]:
    """Its members with their scores, highest first, from the cursor on."""
    place = _place(cursor) if cursor else None
    while True:
        highest = repr(until) if place is None else repr(min(place[1], until))
        told: Any = redis.zrevrangebyscore(
            zset, highest, "-inf", start=0, num=_AT_ONCE + _TIES, withscores=True
        )
        rows = [(key.decode(), at) for key, at in told]
        if place is not None:
            rows = [row for row in rows if row[1] < place[1] or row[0] < place[0]]
        if not rows:
            return
        yield rows
        place = rows[-1]


def _place(cursor: str) -> Row:
    try:
        text = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
        at, key = float(text.partition(" ")[0]), text.partition(" ")[2]
    except ValueError:
        at, key = math.nan, ""
    if not math.isfinite(at):
        raise Unusable("cursor: must be one that an answer gave as `next`")
    return key, at


def _state(text: Any) -> Conference | None:
    try:
        return None if text is None else Conference.from_json(text)
    except UnreadableConference:
        return None


def _id(row: Any) -> str:
    """By what an entry is known: entries have no numbers, for the journal is bounded."""
    return keys.digest(row.decode("utf-8", "replace")) if isinstance(row, bytes) else ""

"""The records of recordings: each is one hash, listed by its start, kept for a while.

What callbacks and answers tell is written by the commit of the conference that decided it
(`lua/commit.lua`); what happens to a file afterwards is written here, in one step.
"""

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from redis import Redis

from app.callers.phones import plain_phone
from app.callers.search import SHOWN_DIGITS, is_in, is_of
from app.domain.recording import (
    LARGE,
    STORED,
    Recording,
    Sought,
    UnreadableRecording,
    stored_fields,
)
from app.store import keys
from app.store.scripts import script

AT_ONCE = 200
MOST = 500
LOOKS = 2000
"""So many records one answer looks at: 0.15 s, with numbers 0.3 s, on a busy machine."""
SEARCH_SECONDS = 60

_BRIEF = sorted(STORED - LARGE)

_SEPARATORS = b" ()-./"
STATES: Mapping[str, Callable[[Recording], bool]] = {
    "all": lambda one: True,
    "started": lambda one: one.state == "started",
    "ready": lambda one: one.state == "ready",
    "missing": lambda one: one.state == "missing",
    "archived": lambda one: bool(one.archived_to),
    "not_archived": lambda one: one.state == "ready" and not one.archived_to,
    "failed": lambda one: bool(one.archive_error),
}
"""What a list can be of: all; those that run; whose file is there; whose file never came; that have
a copy; that are ready and have none; whose last attempt at a copy failed."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Those that fit everything that is said. `conference` is a whole name; `q` a part of the name,
    of the recording's id, or of a member's number, however it is written; unless `numbers` may be
    seen by who asks, of numbers the last four digits or the whole. They started at `since` or
    later and before `until`, in seconds since the epoch."""

    conference: str = ""
    since: float = -math.inf
    until: float = math.inf
    state: str = "all"
    q: str = ""
    numbers: bool = False

    def holds(self, one: Recording, members: bytes) -> bool:
        """Does it fit, apart from conference and time? `members` as they are stored."""
        if not STATES[self.state](one):
            return False
        texts = (one.conference, one.id)
        named = any(is_in(self.q, text, numbers=self.numbers) for text in texts)
        return named or _was_there(self.q, members, numbers=self.numbers)


EVERY = Wanted()


class Recordings:
    """Reads and changes records. Every method raises `RedisError`."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._change = script(redis, "record")

    def get(self, id: str) -> Recording | None:
        """The whole record, None when there is none (any more). Raises UnreadableRecording."""
        with self._redis.pipeline(transaction=False) as together:
            together.hgetall(keys.recorded(id))
            together.get(keys.transcript(id))
            stored, said = together.execute()
        if not stored:
            return None
        texts = {name.decode(): text for name, text in stored.items()}
        return Recording.of(id, texts | ({"transcript": said} if said else {}))

    def brief(self, ids: Sequence[str]) -> Mapping[str, Recording]:
        """Those of them that there are, by id, without `LARGE` fields."""
        found = self._read([(id, 0.0) for id in ids], _BRIEF)
        return {one.id: one for _, one, _ in found if one is not None}

    def change(self, id: str, **fields: Any) -> bool:
        """Set fields of a record; False when there is none. Raises KeyError for no field."""
        parts = [part for pair in stored_fields(fields).items() for part in pair]
        return bool(self._change(keys.recorded(id), *parts))

    def find(
        self, wanted: Wanted = EVERY, *, cursor: str = "", most: int = 100, looks: int = LOOKS
    ) -> tuple[Sequence[Recording], str]:
        """The newest first, without `LARGE` fields, at most so many (`MOST`); and the `cursor` for
        those that follow, "" when there are none. It looks at no more records than `looks`, so a
        few or none, with a cursor, says that there may be more. Raises ValueError for what is no
        cursor."""
        most = min(most, MOST)
        found: list[Recording] = []
        for looked, (place, one, stored) in enumerate(self._from(wanted, cursor)):
            if len(found) == most or looked == looks:
                return found, place
            if one is not None and wanted.holds(one, stored.get("members", b"")):
                found.append(one)
        return found, ""

    def _from(
        self, wanted: Wanted, cursor: str
    ) -> Iterator[tuple[str, Recording | None, Mapping[str, bytes]]]:
        """Each with the cursor that begins with it, None for one that is gone or can not be read.
        A cursor is a start and an id: records that come or go in between move nothing."""
        key = keys.RECORDINGS
        if wanted.conference:
            key = keys.recordings_of(keys.conference_key(wanted.conference))
        newest, first = _place(cursor)
        if first is None or first[0] >= wanted.until:
            newest = f"({wanted.until!r}"
        passed = 0
        while True:
            rows: Any = self._redis.zrevrangebyscore(
                key, newest, repr(wanted.since), start=passed, num=AT_ONCE, withscores=True
            )
            placed = [(id.decode("utf-8", "replace"), at) for id, at in rows]
            fresh = [(id, at) for id, at in placed if not (first and (at, id) > first)]
            yield from self._read(fresh, _BRIEF if not wanted.q else [*_BRIEF, "members"])
            if len(rows) < AT_ONCE:
                return
            passed += len(rows)

    def _read(
        self, placed: Sequence[tuple[str, float]], names: Sequence[str]
    ) -> Iterator[tuple[str, Recording | None, Mapping[str, bytes]]]:
        with self._redis.pipeline(transaction=False) as together:
            for id, _ in placed:
                together.hmget(keys.recorded(id), names)
            answers: Any = together.execute()
        for (id, at), values in zip(placed, answers, strict=True):
            stored = {n: text for n, text in zip(names, values, strict=True) if text is not None}
            yield f"{at!r} {id}", _brief(id, stored), stored


def _was_there(q: str, members: bytes, *, numbers: bool) -> bool:
    """Is that of the number of somebody who was there? `…0177` is how numbers are shown."""
    part = str(plain_phone(q.strip().lstrip("…")))
    if not (part.isascii() and part.isdecimal()) or len(part) < SHOWN_DIGITS:
        return False
    if part.encode() not in members.translate(None, _SEPARATORS):
        return False  # looked at first, for most are not it, and reading takes long
    try:
        known = [str(member.get("from", "")) for member in json.loads(members)]
    except (ValueError, AttributeError, TypeError):  # damaged: its record is told all the same
        return False
    return any(is_of(q, number, numbers=numbers) for number in known)


def _brief(id: str, stored: Mapping[str, bytes]) -> Recording | None:
    """None for one that has expired just now and is still listed, or that can not be read."""
    kept = {name: text for name, text in stored.items() if name not in LARGE}
    with suppress(UnreadableRecording):
        return Recording.of(id, kept) if kept else None
    return None


def _place(cursor: str) -> tuple[str, tuple[float, str] | None]:
    if not cursor:
        return "+inf", None
    text, _, id = cursor.partition(" ")
    at = float(text)
    if not math.isfinite(at):
        raise ValueError("not a time")
    return repr(at), (at, id)


class Searches:
    """Which recordings Plivo is to be asked for. A search that was taken and not ended comes again:
    its worker may have died. Every method raises `RedisError`."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._take = script(redis, "seek")

    def take(self, most: int) -> tuple[float, Sequence[Sought]]:
        """Redis' time, and those that are due, for nobody else within `SEARCH_SECONDS`."""
        if not self._redis.zrange(keys.SOUGHT, 0, 0):
            return 0.0, ()
        now, rows = self._take(most, SEARCH_SECONDS)
        found = []
        for row in rows:
            try:
                found.append(Sought.from_json(row))
            except (ValueError, TypeError):  # of another version, or damaged
                self._redis.zrem(keys.SOUGHT, row)
        return float(now), found

    def again(self, sought: Sought, at: float) -> None:
        """Not before that time (s)."""
        self._redis.zadd(keys.SOUGHT, {sought.to_json(): at}, xx=True)

    def end(self, sought: Sought) -> None:
        """It has been answered."""
        self._redis.zrem(keys.SOUGHT, sought.to_json())

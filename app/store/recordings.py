"""The records of recordings: each is one hash, listed by its start, kept for a while.

What callbacks and answers tell is written by the commit of the conference that decided it
(`lua/commit.lua`); what happens to a file afterwards is written here, in one step.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

from redis import Redis

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
SEARCH_SECONDS = 60

_BRIEF = sorted(STORED - LARGE)


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

    def change(self, id: str, **fields: Any) -> bool:
        """Set fields of a record; False when there is none. Raises KeyError for no field."""
        parts = [part for pair in stored_fields(fields).items() for part in pair]
        return bool(self._change(keys.recorded(id), *parts))

    def find(
        self,
        *,
        conference: str | None = None,
        since: float | None = None,
        missing: bool = False,
        archived: bool | None = None,
        cursor: str = "",
        most: int = 100,
    ) -> tuple[Sequence[Recording], str]:
        """The newest first, without `LARGE` fields, at most so many (`MOST`); and the `cursor` for
        those that follow, "" when there are none. `since`: started then or later. `missing`: only
        those that never came; `archived`: only those that have a copy, or (False) that are ready
        and have none. Raises ValueError for what is no cursor."""
        most = min(most, MOST)
        found: list[Recording] = []
        for place, one in self._from(conference, since, cursor):
            if len(found) == most:
                return found, place
            if (one.state == "missing" or not missing) and _fits(one, archived):
                found.append(one)
        return found, ""

    def _from(
        self, conference: str | None, since: float | None, cursor: str
    ) -> Iterator[tuple[str, Recording]]:
        """Each with the cursor that begins with it. A cursor is a start and an id: records that
        come or go in between move nothing."""
        key = keys.RECORDINGS
        if conference is not None:
            key = keys.recordings_of(keys.conference_key(conference))
        newest, first = _place(cursor)
        least = "-inf" if since is None else f"{since:.6f}"
        passed = 0
        while True:
            rows: Any = self._redis.zrevrangebyscore(
                key, newest, least, start=passed, num=AT_ONCE, withscores=True
            )
            placed = [(id.decode("utf-8", "replace"), at) for id, at in rows]
            fresh = [(id, at) for id, at in placed if not (first and (at, id) > first)]
            yield from self._read(fresh)
            if len(rows) < AT_ONCE:
                return
            passed += len(rows)

    def _read(self, placed: Sequence[tuple[str, float]]) -> Iterator[tuple[str, Recording]]:
        with self._redis.pipeline(transaction=False) as together:
            for id, _ in placed:
                together.hmget(keys.recorded(id), _BRIEF)
            answers: Any = together.execute()
        for (id, at), values in zip(placed, answers, strict=True):
            stored = {n: text for n, text in zip(_BRIEF, values, strict=True) if text is not None}
            with suppress(UnreadableRecording):
                if stored:  # one that has expired just now is still listed
                    yield f"{at!r} {id}", Recording.of(id, stored)


def _fits(one: Recording, archived: bool | None) -> bool:
    if archived is None:
        return True
    return bool(one.archived_to) if archived else one.state == "ready" and not one.archived_to


def _place(cursor: str) -> tuple[str, tuple[float, str] | None]:
    if not cursor:
        return "+inf", None
    at, _, id = cursor.partition(" ")
    return at, (float(at), id)


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

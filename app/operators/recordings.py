"""Recordings for people and their programs: lists, and one of them."""

from collections.abc import Mapping, Sequence
from typing import Any

from redis import Redis

from app.domain.recording import Recording, UnreadableRecording
from app.errors import NotFound, Unusable
from app.operators import attention
from app.store.recordings import Recordings

MOST = 200
TRIED_SECONDS = 2 * 86400.0
"""A copy is tried for a day after its recording was ready."""

STATES: Mapping[str, Mapping[str, Any]] = {
    "all": {},
    "missing": {"missing": True},
    "copied": {"archived": True},
    "not_copied": {"archived": False},
}
"""What a list can be of: all, those whose file never came, those with a copy, and those that are
ready and have none."""


def recordings(
    redis: Redis,
    *,
    state: str = "all",
    conference: str = "",
    since: float = 0.0,
    cursor: str = "",
    limit: int,
) -> tuple[Sequence[Recording], str]:
    """The newest first, and where to look further, "" at the end. `conference` is a whole name, ""
    for any. Raises Unusable and RedisError."""
    try:
        return Recordings(redis).find(
            conference=conference or None,
            since=since or None,
            cursor=cursor,
            most=limit,
            **STATES[state],
        )
    except ValueError:
        raise Unusable("cursor: must be where the list before this one ended") from None


def failing_copies(redis: Redis, now: float) -> Sequence[Recording]:
    """Those whose copy has failed and is tried again, the newest first, at most `MOST`. Raises
    RedisError."""
    tried = Recordings(redis).find(since=now - TRIED_SECONDS, archived=False, most=MOST)[0]
    given_up = {
        one.call["params"].get("recording", {}).get("id")
        for one in attention.given_up(redis)
        if one.call["verb"] == "archive"
    }
    return [one for one in tried if one.archive_error and one.id not in given_up]


def recording(redis: Redis, id: str) -> Recording:
    """The whole of one. Raises NotFound and RedisError."""
    try:
        found = Recordings(redis).get(id)
    except UnreadableRecording as error:
        raise NotFound(str(error)) from None
    if found is None:
        raise NotFound("nothing is known of this recording, or not any more")
    return found

"""Recordings for people and their programs: lists, and one of them."""

import math
from collections.abc import Mapping, Sequence

from redis import Redis

from app.domain.moments import moment_of
from app.domain.recording import Recording, UnreadableRecording
from app.errors import NotFound, Unusable
from app.operators import attention
from app.store.recordings import STATES, Recordings, Wanted

MOST = 200
LOOKED_THROUGH = 5_000
"""So many recordings, at most, are looked at for copies that fail."""
TRIED_SECONDS = 2 * 86400.0
"""A copy is tried for a day after its recording was ready."""


def wanted_of(fields: Mapping[str, str], *, numbers: bool) -> Wanted:
    """What a form or an address asks for: `q`, `conference`, `state`, `from` and `to`; `numbers`
    says whether who asks may see telephone numbers. Raises Unusable, which names the field."""
    state = fields.get("state", "") or "all"
    if state not in STATES:
        raise Unusable(f"state: must be {' or '.join(STATES)}")
    return Wanted(
        fields.get("conference", "").strip(),
        moment_of(fields.get("from", ""), "from", -math.inf),
        moment_of(fields.get("to", ""), "to", math.inf),
        state,
        fields.get("q", "").strip(),
        numbers,
    )


def recordings(
    redis: Redis, wanted: Wanted, *, cursor: str = "", limit: int
) -> tuple[Sequence[Recording], str]:
    """The newest first, and where to look further, "" at the end: one answer looks at 2,000
    records at most. Raises Unusable and RedisError."""
    try:
        return Recordings(redis).find(wanted, cursor=cursor, most=limit)
    except ValueError:
        raise Unusable("cursor: must be where the list before this one ended") from None


def failing_copies(redis: Redis, now: float) -> Sequence[Recording]:
    """Those whose copy has failed and is tried again, the newest first, at most `MOST`. Raises
    RedisError."""
    failed = Wanted(since=now - TRIED_SECONDS, state="failed")
    tried = Recordings(redis).find(failed, most=MOST, looks=LOOKED_THROUGH)[0]
    given_up = {
        one.call["params"].get("recording", {}).get("id")
        for one in attention.given_up(redis)
        if one.call["verb"] == "archive"
    }
    return [one for one in tried if not one.archived_to and one.id not in given_up]


def recording(redis: Redis, id: str) -> Recording:
    """The whole of one. Raises NotFound and RedisError."""
    try:
        found = Recordings(redis).get(id)
    except UnreadableRecording as error:
        raise NotFound(str(error)) from None
    if found is None:
        raise NotFound("nothing is known of this recording, or not any more")
    return found

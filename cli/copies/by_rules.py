"""Copies to where the rules at work say: a worker is asked, as by the console and the admin API."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from redis import Redis

from app.domain.recording import Recording
from app.errors import NotYet
from app.operators.copies.asking import MOST_AT_ONCE, CopyAsked, wish, wished
from cli.operator import this_person

LOOK_SECONDS = 0.1
PATIENCE_SECONDS = 30.0
"""A worker answers within a second."""


@dataclass(frozen=True, slots=True)
class Copy:
    """One that is wanted. `state` is waiting, copied, trying, failed or skipped."""

    recording: Recording
    to: str
    state: str = "waiting"
    error: str = ""

    def told(self) -> Mapping[str, Any]:
        one = self.recording
        return {
            "id": one.recording_id,
            "conference": one.conference,
            "to": self.to,
            "state": self.state,
            "error": self.error,
        }


_STATES = {"asked": "waiting", "under_way": "waiting", "copied": "copied", "refused": "skipped"}


def by_rules(
    redis: Redis, chosen: Sequence[Recording], reason: str, *, patience: float = PATIENCE_SECONDS
) -> Iterator[Copy]:
    """Each with what came of asking for it. Raises NotYet when no worker answers, RedisError."""
    recordings = {one.id: one for one in chosen}
    ids = list(recordings)
    for first in range(0, len(ids), MOST_AT_ONCE):
        for copy in _answered(redis, ids[first : first + MOST_AT_ONCE], reason, patience):
            yield Copy(recordings[copy.id], copy.to, _STATES[copy.state], copy.why)


def _answered(
    redis: Redis, ids: Sequence[str], reason: str, patience: float
) -> Sequence[CopyAsked]:
    question, until = wish(redis, ids, this_person(), reason), time.monotonic() + patience
    while (found := wished(redis, question)[1]) is None:
        if time.monotonic() > until:
            raise NotYet("no worker has said where to: start `gavel worker`, or give --to")
        time.sleep(LOOK_SECONDS)
    return found

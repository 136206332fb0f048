"""How the rules fare, by what the journals of the conferences that were at work last tell."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from redis import Redis

from app.store import keys
from app.store.journal import unfolded

CONFERENCES = 100
ENTRIES = 5000
"""So many conferences, and entries of their journals, are looked through, the newest."""
RAN = ("applied", "dry_run")


@dataclass(slots=True)
class RuleTold:
    """One rule: when an event that it waits for came last, when it last did something, and when
    something last kept it from it, in seconds since the epoch, 0 for never; how often it ran,
    failed and did not run, and why not."""

    asked_at: float = 0.0
    ran_at: float = 0.0
    stopped_at: float = 0.0
    stopped_by: str = ""
    ran: int = 0
    failed: int = 0
    stopped: int = 0
    reasons: Counter[str] = field(default_factory=Counter)


def rules_told(redis: Redis) -> Mapping[str, RuleTold]:
    """By the name of a rule. Raises RedisError."""
    found: dict[str, RuleTold] = {}
    for entry in _entries(redis):
        at = float(entry["at"])
        if entry["kind"] == "run":
            _count_run(found.setdefault(entry["rule"], RuleTold()), entry, at)
        for group in entry.get("skipped", ()):
            for rule in group["rules"]:
                _count_stopped(found.setdefault(rule, RuleTold()), group["reason"], at)
    return found


def _count_run(told: RuleTold, entry: Mapping[str, Any], at: float) -> None:
    if entry["outcome"] in RAN:
        told.asked_at, told.ran_at = max(told.asked_at, at), max(told.ran_at, at)
        told.ran += 1
    else:
        _count_stopped(told, entry.get("reason", ""), at)
        told.failed += entry["outcome"] == "failed"


def _count_stopped(told: RuleTold, reason: str, at: float) -> None:
    told.asked_at = max(told.asked_at, at)
    told.stopped += 1
    told.reasons[reason] += 1
    if at >= told.stopped_at:
        told.stopped_at, told.stopped_by = at, reason


def _entries(redis: Redis) -> Iterator[Mapping[str, Any]]:
    known: Any = redis.zrevrange(keys.KNOWN, 0, CONFERENCES - 1)
    with redis.pipeline(transaction=False) as together:
        for key in known:
            together.lrange(keys.journal(key.decode()), -ENTRIES // 10, -1)
        journals: Iterable[Any] = together.execute()
    left = ENTRIES
    for rows in journals:
        yield from unfolded(redis, [json.loads(row) for row in rows[-left:]])
        left -= len(rows)
        if left <= 0:
            return

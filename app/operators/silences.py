"""Silencing rules: kept in Redis, read by the workers with each unit, so that it holds for what is
decided next on every host, through every restart, until its end."""

import secrets
from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

from redis import Redis

from app.domain.durations import format_duration
from app.domain.event import checked_name
from app.domain.operator import Operator
from app.domain.silence import MODES, Silence, read_silences
from app.domain.suggest import did_you_mean, quoted
from app.errors import Unusable
from app.operators.acts import reason_of
from app.operators.audit import Entry
from app.store import keys
from app.store.published_rules import Published
from app.store.scripts import script
from app.store.server.clock import redis_time

LONGEST = 7 * 86400.0
SHORTEST = 1.0
MOST = 200
KEPT = 86400.0
"""Seconds that one is kept after its end: what happened before may be decided late."""


_THERE = 2
_HOW = {"off": "", "dry_run": " as a dry run", "real": " for real"}


class Silences:
    """Every method raises RedisError."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._change = script(redis, "change")

    def kept(self) -> Sequence[Silence]:
        """All that are kept, also those that ended less than a day ago."""
        rows: Any = self._redis.hvals(keys.SILENCES)
        return read_silences(rows)

    def all(self) -> Sequence[Silence]:
        """Those that hold now, in the order in which they were made."""
        now = redis_time(self._redis)
        return [one for one in self.kept() if one.until > now]

    def add(
        self,
        operator: Operator,
        *,
        rule: str = "",
        conference: str = "",
        seconds: float,
        reason: str,
        rules: Published | None = None,
        key: str = "",
        mode: str = "off",
    ) -> Silence:
        """Silence a rule (all rules when it is empty) in a conference (everywhere when it is empty)
        for that long; or, by `mode`, have it run dry or for real. `rules` help to refuse a rule
        that there is not. Asked again with the same `key`, it is the silence that was made at
        first. Raises Unusable."""
        if not SHORTEST <= seconds <= LONGEST:
            raise Unusable(f"for: must be 1s to {format_duration(LONGEST)}")
        names = () if rules is None else tuple(rules.rules.values())
        if names and rule and rule not in names:
            raise Unusable(f"rule: there is no rule {quoted(rule)}{did_you_mean(rule, names)}")
        if mode not in MODES:
            raise Unusable(f"mode: must be one of {', '.join(MODES)}")
        if rule and not rule.isprintable():
            raise Unusable("rule: must be the name of a rule")
        why = reason_of(reason)
        if not why:
            raise Unusable("reason: must say why")
        now = redis_time(self._redis)
        self._forget(now)
        made = Silence(
            id=_id(operator, key),
            rule=rule,
            conference=checked_name(conference, "conference") if conference else "",
            until=round(now + seconds, 3),
            reason=why,
            who=operator.name,
            how=operator.how,
            made_at=round(now, 3),
            mode=mode,
        )
        entry = Entry.by(
            operator,
            "silence",
            f"{made.id}: {quoted(rule) if rule else 'every rule'}{_HOW[mode]} for "
            f"{format_duration(seconds)}",
            conference=made.conference,
            reason=why,
        )
        done = self._change(
            keys.SILENCES, made.id, made.to_json(), MOST, entry.to_json(), "new" if key else ""
        )
        if not done:
            raise Unusable(f"{MOST} silences are there already: end one first")
        if done == _THERE:
            return _same(self.find(made.id) or made, made)
        entry.tell()
        return made

    def find(self, id: str) -> Silence | None:
        """One by its id, also a day after its end."""
        row: Any = self._redis.hget(keys.SILENCES, id)
        return next(iter(read_silences([row] if row else [])), None)

    def end(self, operator: Operator, id: str, reason: str = "") -> bool:
        """End one now. False when there is none of that id. Raises Unusable."""
        found = next((one for one in self.kept() if one.id == id), None)
        if found is None:
            return False
        entry = Entry.by(
            operator,
            "unsilence",
            f"{id}: {quoted(found.rule) if found.rule else 'every rule'}",
            conference=found.conference,
            reason=reason_of(reason),
        )
        if not self._change(keys.SILENCES, id, "", MOST, entry.to_json()):
            return False
        entry.tell()
        return True

    def _forget(self, now: float) -> None:
        """Those that ended long ago, which changes nothing."""
        over = [one.id for one in self.kept() if one.until < now - KEPT]
        if over:
            self._redis.hdel(keys.SILENCES, *over)


def _same(stored: Silence, wanted: Silence) -> Silence:
    """The one that was made with that key. Raises Unusable when it was used for something else."""
    for name in ("rule", "conference", "mode"):
        if getattr(stored, name) != getattr(wanted, name):
            raise Unusable("Idempotency-Key was used before, for another silence")
    return stored


def _id(operator: Operator, key: str) -> str:
    if not key:
        return "sil-" + secrets.token_hex(8)
    told = f"{operator.how}:{operator.name}:{key}".encode("utf-8", "replace")
    return "sil-" + blake2b(told, digest_size=8).hexdigest()

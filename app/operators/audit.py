"""The audit: who changed what by hand, how, from where, why; append-only, kept for
`KEEP_AUDIT`.

An entry is written in the step that accepts the change (`lua/accept.lua`, `lua/change.lua`): there
is no change without its entry, and no entry of a change that was not made. Nothing changes one.
"""

import json
import logging
import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from redis import Redis

from app.domain.moments import moment_of
from app.domain.operator import Operator
from app.errors import Unusable
from app.logs import step
from app.metrics.catalogue import OPERATOR_ACTIONS
from app.store import keys
from app.store.scripts import script

log = logging.getLogger("gavel.audit")

AT_ONCE = 500
LOOKED_AT = 5000
"""So many entries one answer looks through, at most, for those that are asked for."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One change. `verb` is `act`, `retry`, `drop`, `archive`, `forget`, `snooze`, `silence`,
    `unsilence`, `token.new`, `token.revoke`, `link.new`, `session.end`, `number.show`,
    `recording.open`, `recording.play`, `sign_in`, `sign_in.refused` or `sign_out`; `object` says of
    what, in words; `event` is the id by which the journal tells what came of it. `outcome` is what
    the step that wrote it did: `accepted` or `done`. `at` is in seconds since the epoch; `id` grows
    with time."""

    who: str
    how: str
    address: str
    verb: str
    object: str
    conference: str = ""
    reason: str = ""
    outcome: str = "done"
    event: str = ""
    id: str = ""
    at: float = 0.0

    @classmethod
    def by(cls, operator: Operator, verb: str, object: str, **more: Any) -> Self:
        """What this person does."""
        return cls(operator.name, operator.how, operator.address, verb, object, **more)

    def to_json(self) -> str:
        """The stored form; Redis gives it its id and time."""
        kept = {key: value for key, value in asdict(self).items() if value and key != "at"}
        return json.dumps(kept, separators=(",", ":"), ensure_ascii=False)

    def tell(self) -> None:
        """Say it in the log as well, where it can be kept outside of Redis."""
        step(
            log,
            "audit",
            who=self.who,
            how=self.how,
            address=self.address or None,
            verb=self.verb,
            object=self.object,
            conference=self.conference or None,
            reason=self.reason or None,
            event=self.event or None,
        )


@dataclass(frozen=True, slots=True)
class Sought:
    """Which entries: "" is any; from `since` on and before `until`, in seconds since the epoch."""

    who: str = ""
    verb: str = ""
    conference: str = ""
    since: float = 0.0
    until: float = math.inf

    @classmethod
    def of(cls, fields: Mapping[str, str]) -> Self:
        """What a form or an address asks for. Raises Unusable for a time that is none."""
        return cls(
            fields.get("who", ""),
            fields.get("verb", ""),
            fields.get("conference", ""),
            moment_of(fields.get("from", ""), "from", 0.0),
            moment_of(fields.get("to", ""), "to", math.inf),
        )

    def fits(self, entry: Entry) -> bool:
        wanted = (self.who, self.verb, self.conference)
        told = (entry.who, entry.verb, entry.conference)
        in_time = self.since <= entry.at < self.until
        return in_time and all(one in ("", has) for one, has in zip(wanted, told, strict=True))


EVERYTHING = Sought()


class Audit:
    """Reads it, newest first, and notes what is a fact once it has happened: who came and went.
    Raises RedisError."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._once = script(redis, "once")

    def note(self, entry: Entry) -> None:
        """Write an entry of what no script does, and count it as scripts do."""
        with self._redis.pipeline(transaction=True) as together:
            together.xadd(keys.AUDIT, {"entry": entry.to_json()})
            together.hincrby(keys.METRICS, OPERATOR_ACTIONS.field(entry.verb), 1)
            together.execute()
        entry.tell()

    def note_once(self, key: str, seconds: int, entry: Entry) -> None:
        """Write an entry of what goes on, when it begins: not as long as it was told under this key
        within so many seconds before."""
        if self._once(key, seconds, entry.to_json()):
            entry.tell()

    def entries(
        self, sought: Sought = EVERYTHING, *, before: str = "", limit: int = 100
    ) -> tuple[list[Entry], str]:
        """Up to `limit` entries before the one of that id, and where to go on: "" at the end.
        Raises Unusable for an id that can be none."""
        found: list[Entry] = []
        last = before
        looked_at = 0
        for entry in self._from(before, sought):
            looked_at, last = looked_at + 1, entry.id
            if sought.fits(entry):
                found.append(entry)
            if len(found) == limit or looked_at == LOOKED_AT:
                return found, last
        return found, ""

    def _from(self, before: str, sought: Sought) -> Iterator[Entry]:
        """Those of that time, newest first. Ids are milliseconds and a number."""
        oldest = str(math.ceil(sought.since * 1000)) if sought.since > 0 else "-"
        at = f"({_checked(before)}" if before else "+"
        if math.isfinite(sought.until) and not before:
            at = f"({max(1, math.ceil(sought.until * 1000))}-0"
        while True:
            rows: Any = self._redis.xrevrange(keys.AUDIT, at, oldest, count=AT_ONCE)
            for id, fields in rows:
                yield _entry(id.decode(), fields[b"entry"])
            if len(rows) < AT_ONCE:
                return
            at = f"({rows[-1][0].decode()}"


def _entry(id: str, text: bytes) -> Entry:
    at = int(id.partition("-")[0]) / 1000
    return Entry(**{"who": "", "address": "", "object": "", **json.loads(text), "id": id, "at": at})


def _checked(id: str) -> str:
    first, dash, second = id.partition("-")
    parts = (first, second) if dash else (first,)
    if not all(part.isascii() and part.isdecimal() and len(part) < 20 for part in parts):
        raise Unusable("before: must be the id of an entry")
    return id

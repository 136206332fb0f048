"""Forgetting a caller: their number, name and calls are taken out of everything that is kept.

What goes on is left alone: a conference that is live needs to know who is in it. The audit keeps
that somebody was forgotten, not whom.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from redis import Redis

from app.domain.operator import Operator
from app.domain.recording import Recording, UnreadableRecording
from app.operators.audit import Audit, Entry
from app.operators.erasure import Erasure
from app.store import keys
from app.store.recordings import Recordings
from app.store.scripts import script

AT_ONCE = 200


@dataclass(slots=True)
class Forgotten:
    """What was found. `lines` of journals, in `conferences`; `states` of conferences that have
    ended; `waiting`: calls and events that waited for a person; `callbacks`: by which repeats of
    theirs were known. `recordings` name those whose audio, text and copies may have the person in
    them: these stay. `live` are conferences that go on and so still know the number; `rules`: the
    rules name it; `audit`: so many entries do, which stay for `KEEP_AUDIT`."""

    lines: int = 0
    conferences: int = 0
    states: int = 0
    waiting: int = 0
    callbacks: int = 0
    recordings: list[Recording] = field(default_factory=list)
    live: list[str] = field(default_factory=list)
    rules: bool = False
    audit: int = 0

    @property
    def nothing(self) -> bool:
        """The number was nowhere."""
        return not any((self.lines, self.states, self.waiting, self.recordings, self.live))


class Forgetting:
    """Looks through everything for one person, and takes them out unless `dry`. Raises RedisError:
    some of it is done then, and the rest when it is asked for again."""

    def __init__(self, redis: Redis, number: str, *, dry: bool = False) -> None:
        """Raises Unusable for what is no telephone number."""
        self._redis, self._dry = redis, dry
        self._erasure = Erasure(number)
        self._rewrite, self._swap = script(redis, "rewrite"), script(redis, "swap")
        self._found = Forgotten()

    def run(self, operator: Operator, reason: str) -> Forgotten:
        """All of it."""
        audit = Audit(self._redis)
        if not self._dry:
            told = Entry.by(operator, "forget", "a caller", reason=reason, outcome="accepted")
            audit.note(told)
        names = list(self._names())
        for key, _ in names:
            for row in self._rows(keys.journal(key)):
                self._erasure.learn(row)
        for key, name in names:
            self._forget_conference(key, name)
        self._found.waiting = sum(map(self._rewritten, (keys.GIVEN_UP, keys.DEAD)))
        self._forget_recordings()
        self._forget_callbacks()
        self._look_elsewhere()
        if not self._dry:
            audit.note(Entry.by(operator, "forget", self._in_words(), reason=reason))
        return self._found

    def _names(self) -> Iterator[tuple[str, str]]:
        known: Any = self._redis.hgetall(keys.NAMES)
        for key, name in known.items():
            if not keys.is_web(key.decode()):
                yield key.decode(), name.decode("utf-8", "replace")

    def _rows(self, key: str) -> Sequence[str]:
        rows: Any = self._redis.lrange(key, 0, -1)
        return [row.decode("utf-8", "surrogateescape") for row in rows]

    def _forget_conference(self, key: str, name: str) -> None:
        state: Any = self._redis.get(keys.conference(key))
        text = state.decode("utf-8", "surrogateescape") if state else ""
        is_live = self._redis.zscore(keys.LIVE, key) is not None
        if is_live and (self._erasure.holds_number(text) or self._erasure.holds_number(name)):
            self._found.live.append(name)
        if not is_live and self._erasure.holds_number(name):
            self._remove(key)
            return
        lines = self._rewritten(keys.journal(key))
        self._found.lines += lines
        self._found.conferences += bool(lines)
        if text and not is_live and (said := self._erasure.erased(text)) != text:
            done = self._dry or self._swap(key, state, _bytes(said))
            self._found.states += bool(done)
            if not done:
                self._found.live.append(name)

    def _remove(self, key: str) -> None:
        """A conference that has ended and whose name is the number: its story goes whole."""
        self._found.lines += len(self._rows(keys.journal(key)))
        self._found.conferences += 1
        if not self._dry:
            with self._redis.pipeline(transaction=True) as together:
                together.delete(keys.journal(key), keys.conference(key), keys.recordings_of(key))
                together.zrem(keys.KNOWN, key)
                together.hdel(keys.NAMES, key, key + keys.WEB)
                together.execute()

    def _rewritten(self, key: str) -> int:
        """How many rows of a list had the person in them."""
        pairs = [
            (row, said) for row in self._rows(key) if (said := self._erasure.erased(row)) != row
        ]
        for first in range(0, 0 if self._dry else len(pairs), AT_ONCE):
            part = pairs[first : first + AT_ONCE]
            self._rewrite(key, *(_bytes(text) for pair in part for text in pair))
        return len(pairs)

    def _forget_recordings(self) -> None:
        ids: Any = self._redis.zrange(keys.RECORDINGS, 0, -1)
        records = Recordings(self._redis)
        for id in (one.decode("utf-8", "replace") for one in ids):
            stored: Any = self._redis.hgetall(keys.recorded(id))
            said: Any = self._redis.get(keys.transcript(id))
            changed = {name: new for name, old in stored.items() if (new := self._new(old)) != old}
            transcript = self._new(said) if said else said
            if not changed and transcript == said:
                continue
            with suppress(UnreadableRecording):
                if found := records.get(id):
                    self._found.recordings.append(found)
            if not self._dry:
                parts = [part for pair in changed.items() for part in pair]
                script(self._redis, "record")(keys.recorded(id), *parts)
                if transcript != said:
                    self._redis.set(keys.transcript(id), transcript, keepttl=True, xx=True)

    def _new(self, stored: bytes) -> bytes:
        return _bytes(self._erasure.erased(stored.decode("utf-8", "surrogateescape")))

    def _forget_callbacks(self) -> None:
        if not self._erasure.events:
            return
        wanted = {id.encode() for id in self._erasure.events}
        pattern = keys.seen("")[: -keys.KEY_LENGTH] + "*"
        batch: list[bytes] = []
        for key in self._redis.scan_iter(match=pattern, count=1000):
            batch.append(key)
            if len(batch) == AT_ONCE:
                self._forget_seen(batch, wanted)
                batch = []
        self._forget_seen(batch, wanted)

    def _forget_seen(self, seen: Sequence[bytes], wanted: set[bytes]) -> None:
        values: Any = self._redis.mget(seen) if seen else []
        theirs = [key for key, value in zip(seen, values, strict=True) if value in wanted]
        if theirs and not self._dry:
            self._redis.delete(*theirs)
        self._found.callbacks += len(theirs)

    def _look_elsewhere(self) -> None:
        text: Any = self._redis.get(keys.RULES_TEXT)
        self._found.rules = self._erasure.holds_number((text or b"").decode("utf-8", "replace"))
        rows: Any = self._redis.xrange(keys.AUDIT)
        texts = (fields[b"entry"].decode("utf-8", "replace") for _, fields in rows)
        self._found.audit = sum(map(self._erasure.holds_number, texts))

    def _in_words(self) -> str:
        found = self._found
        return (
            f"a caller: {found.lines} lines of {_conferences(found.conferences)}, "
            f"{found.states} states, {len(found.recordings)} recordings, "
            f"{found.waiting} waiting, {found.callbacks} callbacks"
        )


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _conferences(count: int) -> str:
    return "1 conference" if count == 1 else f"{count} conferences"

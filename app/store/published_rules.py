"""What the receiver knows of the rules: a summary that the workers publish in Redis.

The receiver never reads the rules file. It asks for the digest each time, so a call that comes
after "rules taken" is answered by those rules, and goes on with the last summary it saw while Redis
is away or has lost it: a caller still gets into the conference then, as the rules say. One who has
never seen any refuses (503) to answer a call.
"""

import json
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from redis import Redis
from redis.exceptions import RedisError

from app.callers.joining import COUNT, Caller, Entry, first_for
from app.domain.globs import any_matches
from app.store import keys

ANY_DIGIT = tuple("0123456789*#")


@dataclass(frozen=True, slots=True)
class Published:
    """The summary. `answers`: the entries of `conferences`, in order. `by_hand`:
    the actions that a person may ask for; none where an older worker has published. `rules`: the
    names of all rules, by their ids, in the file's order; `about` what else people are told of
    each: `line`, `when`, `conferences`, `enabled`, `dry_run`. `lists`: the names of the file's
    lists. `words` and `said`: how an event of each kind and each verb of a call are told."""

    digest: str = ""
    trigger_names: frozenset[str] = frozenset()
    answers: tuple[Entry, ...] = ()
    digits: tuple[Mapping[str, Any], ...] = ()
    floor: tuple[str, ...] = field(default=())
    by_hand: tuple[str, ...] = ()
    rules: Mapping[str, str] = field(default_factory=dict)
    about: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    lists: tuple[str, ...] = ()
    words: Mapping[str, str] = field(default_factory=dict)
    said: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        return cls.from_mapping(json.loads(text))

    @classmethod
    def from_mapping(cls, found: Mapping[str, Any]) -> Self:
        """Of the summary as it is published."""
        return cls(
            digest=found.get("digest", ""),
            trigger_names=frozenset(found.get("trigger_names", ())),
            answers=tuple(map(Entry.from_json, found.get("joining") or found.get("answers", ()))),
            digits=tuple(found.get("digits", ())),
            floor=tuple(found.get("floor", ())),
            by_hand=tuple(found.get("by_hand", ())),
            rules=dict(found.get("rules", {})),
            about=found.get("about", {}),
            lists=tuple(found.get("lists", ())),
            words=found.get("words", {}),
            said=found.get("said", {}),
        )

    @property
    def asks_for_callers(self) -> bool:
        """Does some entry look at more than the conference?"""
        return any(entry.checks or "ask_pin" in entry.options for entry in self.answers)

    @property
    def asks_for_count(self) -> bool:
        """Does some entry look at how many are in the conference?"""
        return any(check.name == COUNT for entry in self.answers for check in entry.checks)

    def entry_for(self, conference: str, caller: Caller, now: float) -> Entry | None:
        """The entry that says how this caller joins at that time (seconds since the epoch); None
        when none does."""
        return first_for(self.answers, conference, caller, now)

    def digits_for(self, conference: str) -> tuple[str, ...]:
        """The digits that rules wait for; all twelve where a rule waits for any."""
        found: dict[str, None] = {}
        for entry in self.digits:
            if _matches(entry.get("conference", ()), conference):
                found.update(dict.fromkeys(entry.get("digits") or ANY_DIGIT))
        return tuple(found)

    def floor_for(self, conference: str) -> bool:
        """Does a rule wait for who is speaking?"""
        return bool(self.floor) and _matches(self.floor, conference)


class PublishedRules:
    """Reads the summary: again when its digest is another one, and after a second in any case,
    since a newer worker may tell more of the same rules. Safe for threads."""

    def __init__(
        self, redis: Redis, *, seconds: float = 1.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.redis = redis
        self._seconds = seconds
        self._clock = clock
        self._read = float("-inf")
        self._last: Published | None = None

    def current(self, *, stale: bool = False) -> Published | None:
        """The summary as it is now; the last one where Redis lost it; None when this process has
        never seen one.

        Raises RedisError when Redis is away, unless `stale` and an older one was seen.
        """
        try:
            return self._looked_up()
        except RedisError:
            if stale and self._last is not None:
                return self._last
            raise

    def _looked_up(self) -> Published | None:
        last, now = self._last, self._clock()
        digest: Any = self.redis.get(keys.RULES_DIGEST)
        if last is not None and digest == last.digest.encode() and now - self._read < self._seconds:
            return last
        text = self.redis.get(keys.RULES)
        if isinstance(text, bytes):  # else Redis lost it: a worker puts it back
            self._last = last = Published.from_json(text)
            self._read = now
        return last


def _matches(globs: Iterable[str], conference: str) -> bool:
    """Does any glob hold the name? No glob at all means every conference."""
    patterns = [globs] if isinstance(globs, str) else list(globs)
    return not patterns or any_matches(patterns, conference)

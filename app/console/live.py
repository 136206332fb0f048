"""Live: every conference that runs now, what needs a person first."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any

from redis import Redis

from app.callers.search import is_in
from app.console.access.guard import may_now
from app.console.conference.answer import EXPIRED, TRIED, is_given_up
from app.console.texts import whole_numbers
from app.domain.conference import Conference
from app.store import keys
from app.store.live import live_names, states_of
from app.store.published_rules import Published, PublishedRules
from app.story.telling import person

SHOWN = 100
LOOKED_BACK = 24
"""Entries of a journal that are looked through for the last rule and for trouble."""
BAD = {
    "failed": "a call was given up",
    "unknown": "the outcome of a call is unknown",
    "retry": "a call is being tried again",
}


@dataclass(frozen=True, slots=True)
class Room:
    """One row. Times are in seconds since the epoch; `trouble` is "" when all is well."""

    key: str
    conference: Conference
    trouble: str
    rule: str
    rule_at: float
    next_what: str
    next_at: float


@dataclass(frozen=True, slots=True)
class Overview:
    """`rooms` are the first `SHOWN` of `count`."""

    rooms: Sequence[Room]
    count: int
    last: str
    last_at: float


class Lately:
    """What was made last in this process, with its rows as they are shown: ten people who look at
    the same state cost about as much as one. Safe for threads."""

    def __init__(
        self, redis: Redis, rules: PublishedRules, render: Callable[[Overview, float], str]
    ) -> None:
        self._redis, self._rules, self._render = redis, rules, render
        self._lock = Lock()
        self._made: tuple[tuple[str, str, bool, bool], tuple[Overview, str]] | None = None

    def look(self, sought: str, seen: str, now: float) -> tuple[Overview, str]:
        """What is live, and its rows as `render` made them. It is made anew when `seen`, the look
        that the page's tag is made of, is another, or when the numbers are to be shown to one and
        not to the next. Whoever may not see them finds none by their parts. Raises RedisError."""
        numbers = may_now("operator")
        wanted = (sought, seen, whole_numbers(), numbers)
        with self._lock:
            if self._made is None or self._made[0] != wanted:
                found = overview(self._redis, self._rules, sought, numbers=numbers)
                self._made = (wanted, (found, self._render(found, now)))
            return self._made[1]


def overview(redis: Redis, rules: PublishedRules, sought: str, *, numbers: bool) -> Overview:
    """What is live, with `sought` in its name, as who may see `numbers` or not is shown it. Only
    what is shown is read. Raises RedisError."""
    given_up = _given_up(redis)
    names, count = _found(redis, sought, given_up, numbers=numbers)
    shown = list(states_of(redis, names))
    rooms = list(_rooms(redis, shown, given_up, rules.current(stale=True) or Published()))
    rooms.sort(key=lambda room: (not room.trouble, -room.conference.started_at))
    last, last_at = ("", 0.0) if count else _last(redis)
    return Overview(rooms, count, last, last_at)


def _found(
    redis: Redis, wanted: str, given_up: Mapping[str, float], *, numbers: bool
) -> tuple[list[str], int]:
    """The keys of those to show, of conferences with calls that were given up first, and how many
    there are in all."""
    if wanted:
        live = live_names(redis).items()
        names = [(k, name) for k, name in live if is_in(wanted, name, numbers=numbers)]
        names.sort(key=lambda one: one[1] not in given_up)
        return [key for key, _ in names[:SHOWN]], len(names)
    known = [keys.conference_key(name) for name in given_up]
    since: Any = redis.zmscore(keys.LIVE, known) if known else []
    troubled = [key for key, at in zip(known, since, strict=True) if at is not None]
    shown = list(dict.fromkeys((*troubled, *live_names(redis, SHOWN))))[:SHOWN]
    count: Any = redis.zcard(keys.LIVE)
    return shown, int(count)


def _rooms(
    redis: Redis, found: Sequence[Conference], given_up: Mapping[str, float], rules: Published
) -> Iterator[Room]:
    with redis.pipeline(transaction=False) as together:
        for one in found:
            together.lrange(keys.journal(keys.conference_key(one.name)), -LOOKED_BACK, -1)
        journals: list[Any] = together.execute()
    for one, rows in zip(found, journals, strict=True):
        rule, rule_at = _last_rule(rows, one.started_at)
        what, at = _next(one, rules)
        waits = given_up.get(one.name, 0.0) >= one.started_at
        trouble = "a call was given up and waits for you" if waits else _trouble(rows, one)
        key = keys.conference_key(one.name)
        yield Room(key, one, trouble, rule, rule_at, what, at)


def _last_rule(rows: Sequence[bytes], since: float) -> tuple[str, float]:
    for entry in _entries(reversed(rows), since):
        if entry["kind"] == "run" and entry["outcome"] == "applied" and not person(entry["rule"]):
            return str(entry["rule"]), float(entry["at"])
    return "", 0.0


def _trouble(rows: Sequence[bytes], one: Conference) -> str:
    if not any(status.encode() in row for row in rows for status in (*BAD, EXPIRED)):
        return ""
    entries = _entries(rows, one.started_at)
    last = {entry["call"]: _status(entry) for entry in entries if entry["kind"] == "call"}
    return next((told for status, told in BAD.items() if status in last.values()), "")


def _status(call: Mapping[str, Any]) -> str:
    if is_given_up(call):
        return "failed"
    if call["status"] == "retry" and call.get("attempt", 0) < TRIED:
        return ""
    return str(call["status"])


def _entries(rows: Iterable[bytes], since: float) -> Iterator[Mapping[str, Any]]:
    """Those of this instance. Reading them is what a page of many conferences costs."""
    return (entry for entry in map(json.loads, rows) if entry["at"] >= since)


def _next(one: Conference, rules: Published) -> tuple[str, float]:
    """What is due next, in words, and when; "" when nothing is."""
    timer = min(one.timers.values(), key=lambda timer: timer.due, default=None)
    if timer is None:
        return "", 0.0
    rule = rules.rules.get(timer.rule, "")
    return rule or TIMERS.get(timer.kind, timer.what.replace("_", " ")), timer.due


TIMERS = {"limit": "its time limit", "wait": "a rule goes on", "held": "a rule is given up"}


def _given_up(redis: Redis) -> Mapping[str, float]:
    """Conferences of which calls were given up, and when the last was."""
    rows: Any = redis.lrange(keys.GIVEN_UP, 0, -1)
    calls = map(json.loads, rows)
    return {row["call"]["conference"]: float(row["at"]) for row in calls}


def _last(redis: Redis) -> tuple[str, float]:
    """The conference that was at work last."""
    known: Any = redis.zrevrange(keys.KNOWN, 0, 0, withscores=True)
    if not known:
        return "", 0.0
    name: Any = redis.hget(keys.NAMES, known[0][0])
    return (name.decode() if name else "", float(known[0][1]))

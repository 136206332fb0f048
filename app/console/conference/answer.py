"""What came of a conference, in a sentence: first what went wrong and what is tried again."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from redis import Redis

from app.console.attention import cause
from app.store import keys
from app.store.published_rules import Published
from app.story.telling import Telling, person

MOST_TOLD = 3
"""So many kinds of what was given up are told by their cause."""
BY_NAME = "conference.name is "
EXPIRED = "expired"
"""The error of a call whose time was over before it was tried, or was tried again."""
TRIED = 2
"""So often a call has been made before it is trouble that it is made again: one who has just come
is often not known at once."""

Entries = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Trying:
    """A call that is tried again: `what`, how often it was made, when it is made next (seconds
    since the epoch), and how many calls wait behind it."""

    what: str
    tries: int
    at: float
    behind: int


@dataclass(frozen=True, slots=True)
class Answer:
    """`bad` is what went wrong and `rest` what came of it else, each a part of one sentence."""

    bad: str
    rest: str
    trying: Trying | None

    @property
    def trouble(self) -> bool:
        return bool(self.bad or self.trying)


def answer(entries: Entries, telling: Telling, rules: Published, trying: Trying | None) -> Answer:
    """Of the entries of one instance."""
    bad = ", ".join(_bad(entries, telling))
    return Answer(bad[:1].upper() + bad[1:], _rest(entries, telling, rules), trying)


def trying(redis: Redis, key: str, telling: Telling) -> Trying | None:
    """The call of that conference that is tried again, if one is. Raises RedisError."""
    stored: Any = redis.get(keys.outbox(key))
    rows = json.loads(stored)["entries"] if stored and stored != b"-" else []
    for number, (call, attempts, not_before, *_) in enumerate(rows):
        if attempts >= TRIED and not_before:
            what = telling.verb(call["verb"])
            return Trying(what, attempts, not_before, len(rows) - number - 1)
    return None


def _bad(entries: Entries, telling: Telling) -> Iterator[str]:
    last = {entry["call"]: entry for entry in entries if entry["kind"] == "call"}.values()
    given_up = [one for one in last if is_given_up(one)]
    if given_up:
        count = len(given_up)
        tried = {one["call"]: one for one in entries if one.get("status") == "retry"}
        whys = (_why(one, tried.get(one["call"]), telling) for one in given_up)
        causes = Counter(whys).most_common(MOST_TOLD)
        told = "; ".join(
            why if many in (1, count) else f"{why}, {many} times" for why, many in causes
        )
        yield f"{counted(count, 'call')} {'was' if count == 1 else 'were'} given up: {told}"
    if unknown := sum(one["status"] == "unknown" for one in last):
        yield f"the outcome of {counted(unknown, 'call')} is unknown"


def is_given_up(call: Mapping[str, Any]) -> bool:
    """Was it given up? One whose time was over is told as not sent."""
    return call["status"] == "failed" or (
        call["status"] == "dropped" and call.get("error") == EXPIRED
    )


def _why(call: Mapping[str, Any], tried: Mapping[str, Any] | None, telling: Telling) -> str:
    error = cause(call.get("error", ""))
    if error == EXPIRED:
        error = "its time was over before it could be sent"
        if tried is not None:
            tries = counted(tried.get("attempt", 1), "attempt")
            error = f"expired after {tries}: {cause(tried.get('error', ''))}"
    return telling.verb(call["verb"]) + (f" ({telling.clean(error)})" if error else "")


def _rest(entries: Entries, telling: Telling, rules: Published) -> str:
    ran = {one["rule"] for one in entries if one["kind"] == "run" and _ran(one)}
    people = Counter(
        who
        for one in entries
        if one["kind"] == "run" and _ran(one) and (who := person(one["rule"]))
    )
    ran = {rule for rule in ran if not person(rule)}
    parts = [f"{counted(len(ran), 'rule')} did something" if ran else "no rule did anything"]
    if people:
        who = " and ".join(telling.clean(one) for one in sorted(people))
        many = sum(people.values())
        parts.append(
            f"{counted(many, 'thing')} {'was' if many == 1 else 'were'} done by hand ({who})"
        )
    never = {
        rule: why
        for rule, why in _reasons(entries).items()
        if rule not in ran and not _is_off(rule, rules)
    }
    if never:
        parts.append(f"{counted(len(never), 'rule')} never applied: {_because(never, telling)}")
    told = ", ".join(parts)
    return told[:1].upper() + told[1:] + "."


def _reasons(entries: Entries) -> Mapping[str, str]:
    """Of each rule that did not run what kept it from it most often; that it is for another
    conference before all else."""
    found: dict[str, Counter[str]] = {}
    for entry in entries:
        for group in entry.get("skipped", ()):
            for rule in group["rules"]:
                found.setdefault(rule, Counter())[group["reason"]] += 1
    return {rule: max(why, key=lambda one: _weight(one, why[one])) for rule, why in found.items()}


def _because(never: Mapping[str, str], telling: Telling) -> str:
    """The reason of them all, or of most; else the one that says most, with its rule."""
    shared = Counter(never.values())
    why = max(shared, key=lambda one: _weight(one, shared[one]))
    said = telling.clean(why).replace("`", "")
    if shared[why] > 1 or len(never) == 1:
        if shared[why] == len(never):
            rule = next(iter(never)) if len(never) == 1 else ""
            return f"“{telling.clean(rule)}”: {said}" if rule else said
        return f"{'mostly ' if 2 * shared[why] > len(never) else ''}because {said}"
    rule = next(rule for rule, reason in never.items() if reason == why)
    return f"“{telling.clean(rule)}”: {said}; the others below"


def _weight(reason: str, count: int) -> tuple[bool, int]:
    return reason.startswith(BY_NAME), count


def _is_off(rule: str, rules: Published) -> bool:
    """Is it switched off in the file?"""
    return any(
        name == rule and not rules.about.get(id, {}).get("enabled", True)
        for id, name in rules.rules.items()
    )


def _ran(entry: Mapping[str, Any]) -> bool:
    return entry["outcome"] in ("applied", "dry_run", "failed")


def counted(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")

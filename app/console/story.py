"""One conference: what happened in it, in the words of `gavel why`, and why not; what is due."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from redis import Redis

from app.console.live import TIMERS
from app.domain.conference import Conference, Timer
from app.errors import NotFound
from app.operators.reading import name_of, state_of, story, timers_of
from app.store.published_rules import Published
from app.story.telling import Line, Telling, Words

MOST = 1000
"""As many entries as a journal keeps."""


@dataclass(frozen=True, slots=True)
class Told:
    """One entry of the journal. `skipped` are the rules that did not run for it."""

    id: str
    at: float
    lines: Sequence[Line]
    skipped: Sequence[Line]


@dataclass(frozen=True, slots=True)
class Page:
    """All of it, oldest entry first. `due` are timers with their words; `answer` is the story in
    one sentence, `trouble` whether it is a bad one."""

    name: str
    state: Conference | None
    told: Sequence[Told]
    due: Sequence[tuple[Timer, str]]
    answer: str
    trouble: bool


def page(redis: Redis, key: str, rules: Published) -> Page:
    """Raises NotFound for a conference of which nothing is known, and RedisError."""
    name = name_of(redis, key)
    if name is None:
        raise NotFound("nothing is known of such a conference; stories are kept for a week")
    entries = story(redis, key, limit=MOST).entries
    state = state_of(redis, key)
    telling = Telling(Words(rules.words, rules.said), everything=True)
    told = list(_told(entries, telling))
    answer, trouble = _answer([entry for _, entry in entries], telling)
    due = [(timer, _words(timer, rules)) for timer in timers_of(state)] if state else []
    return Page(name, state, told, due, answer, trouble)


def _told(entries: Sequence[tuple[str, Mapping[str, Any]]], telling: Telling) -> Iterator[Told]:
    for id, entry in entries:
        lines = list(telling.lines(entry))
        if lines:
            skipped = [line for line in lines if line.skipped]
            shown = [line for line in lines if not line.skipped]
            yield Told(id, entry["at"], shown, skipped)


def _answer(entries: Sequence[Mapping[str, Any]], telling: Telling) -> tuple[str, bool]:
    """What came of it, in one sentence, and whether something went wrong."""
    ran = {entry["rule"] for entry in entries if entry["kind"] == "run" and _ran(entry)}
    last = {entry["call"]: entry["status"] for entry in entries if entry["kind"] == "call"}
    calls = Counter(last.values())
    reasons: dict[str, Counter[str]] = {}
    for entry in entries:
        for group in entry.get("skipped", ()):
            for rule in group["rules"]:
                reasons.setdefault(rule, Counter())[group["reason"]] += 1
    parts = [f"{_count(len(ran), 'rule')} did something"] if ran else ["No rule did anything"]
    if bad := calls["failed"]:
        parts.append(f"{_count(bad, 'call')} {'was' if bad == 1 else 'were'} given up")
    if unknown := calls["unknown"]:
        parts.append(f"the outcome of {_count(unknown, 'call')} is unknown")
    never = {rule: why for rule, why in reasons.items() if rule not in ran}
    if never:
        told: Counter[str] = sum(never.values(), Counter())
        mostly = telling.clean(told.most_common(1)[0][0])
        parts.append(f"{_count(len(never), 'rule')} never applied: mostly because {mostly}")
    return ", ".join(parts) + ".", bool(calls["failed"] or calls["unknown"])


def _ran(entry: Mapping[str, Any]) -> bool:
    return entry["outcome"] in ("applied", "dry_run", "failed")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")


def _words(timer: Timer, rules: Published) -> str:
    """What it will do: its rule, else what kind of timer it is."""
    rule = rules.rules.get(timer.rule, "")
    return rule or TIMERS.get(timer.kind, timer.what.replace("_", " "))

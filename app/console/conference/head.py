"""What stands at the head of a conference's page: its time, what ended it, and how many were in."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.console.conference.instances import Instance, ended_at
from app.domain.conference import Conference
from app.story.telling import TIME_LIMIT, Telling, owner, person

HANGS_UP = ("hang_up", "hang_up_all")
SOON = 10.0
"""Seconds after a hang-up within which what ends was ended by it."""


@dataclass(frozen=True, slots=True)
class Head:
    """`ended` is 0 while it goes on; times in seconds since the epoch. `ended_by` in words, "" when
    that is not known. `total` members were in it, `peak` at the same time, as far as its story is
    kept."""

    began: float
    ended: float
    ended_by: str
    total: int
    peak: int


def head(shown: Instance, state: Conference | None, telling: Telling, *, live: bool) -> Head:
    """Of an instance that has entries."""
    total, peak = _members(shown, state if live else None)
    if live:
        began = state.started_at if state is not None else shown.began
        return Head(began, 0.0, "", total, peak)
    ended = ended_at(shown, state)
    return Head(shown.began, ended, _ended_by(shown, ended, telling), total, peak)


def _members(shown: Instance, state: Conference | None) -> tuple[int, int]:
    seen: set[str] = set()
    inside: set[str] = set()
    peak = 0
    for _, entry in shown.entries:
        kind, member = _moved(entry)
        if kind == "member.entered":
            inside.add(member)
            seen.add(member)
        elif kind == "member.exited":
            inside.discard(member)
            seen.add(member)
        peak = max(peak, len(inside))
    now = set(state.members) if state is not None else set()
    return len(seen | now), max(peak, len(now), bool(seen))


def _ended_by(shown: Instance, ended: float, telling: Telling) -> str:
    """By whose hang-up; else by the last who left."""
    by, left = "", False
    for _, entry in shown.entries:
        if _hung_up(entry) and abs(entry["at"] - ended) <= SOON:
            by = _whose(telling.clean(entry.get("rule", "")))
        left = left or _moved(entry)[0] == "member.exited"
    return by or ("the last who left" if left else "")


def _whose(rule: str) -> str:
    if who := person(rule):
        return f"{who}, by hand,"
    return f"the {rule}" if rule == TIME_LIMIT else owner(rule)


def _hung_up(entry: Mapping[str, Any]) -> bool:
    return entry["kind"] == "call" and entry["verb"] in HANGS_UP and entry["status"] == "done"


def _moved(entry: Mapping[str, Any]) -> tuple[str, str]:
    """Kind and member of an event that has one, else two empty texts."""
    event = entry.get("event")
    if not isinstance(event, Mapping):
        return "", ""
    member = str(event.get("data", {}).get("member_id") or "")
    return (str(event["kind"]), member) if member else ("", "")

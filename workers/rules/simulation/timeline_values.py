"""A test of rules as values: what happens when, and what is expected."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from workers.rules.vocabulary.triggers import EVENTS as KINDS_OF_EVENTS

WRITTEN: Mapping[str, str] = {"member_id": "member", "recording_id": "recording"}
"""Data of events that a test calls otherwise."""

EVENTS: Mapping[str, Mapping[str, str]] = {
    name: {
        WRITTEN.get(field, field): form for field, form in kind.data.items() if form[:6] != "number"
    }
    for name, kind in KINDS_OF_EVENTS.items()
    if kind.data and not kind.own
}
"""What each event may say beside `conference` and `uuid`; `!` must be there."""


@dataclass(frozen=True, slots=True)
class Moment:
    """One entry of a timeline: an event's `kind`, or one of restart, duplicate, swap, drop, plivo.
    `at` is in seconds since the start of the timeline."""

    at: float
    what: str
    data: Mapping[str, Any] = field(default_factory=dict)
    conference: str = ""
    uuid: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class Expected:
    """One entry of `expect`. `members` is None when any will do; of `params` and for the
    conference only what was written counts."""

    at: float
    verb: str
    members: tuple[str, ...] | None
    params: Mapping[str, Any]
    conference: str = ""
    line: int = 0
    column: int = 0


@dataclass(frozen=True, slots=True)
class Case:
    """One test. `start` is in seconds since the epoch."""

    name: str
    start: float
    moments: tuple[Moment, ...]
    expected: tuple[Expected, ...]
    nothing_else: bool = False
    until: float | None = None
    line: int = 0

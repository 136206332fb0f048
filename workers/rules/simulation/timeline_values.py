"""A test of rules as values: what happens when, and what is expected."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

EVENTS: Mapping[str, Mapping[str, str]] = {
    "member.entered": {
        "member": "text!", "from": "text", "to": "text", "caller_name": "text",
        "direction": "text", "call_uuid": "text", "first": "flag",
    },
    "member.exited": {
        "member": "text!", "from": "text", "to": "text", "call_uuid": "text", "last": "flag",
    },
    "member.digits": {"member": "text!", "digits": "text!", "call_uuid": "text"},
    "member.speaking": {"member": "text!", "call_uuid": "text"},
    "recording.started": {"recording": "text", "url": "text"},
    "recording.ready": {
        "recording": "text", "url": "text", "duration": "seconds", "format": "text",
    },
    "transcription.ready": {"recording": "text!", "text": "text!", "duration": "seconds"},
    "transcription.failed": {"recording": "text!", "error": "text!"},
    "trigger": {"name": "text!", "member": "text", "data": "mapping"},
    "conference.observed": {"gone": "flag", "run_time": "seconds", "members": "ids"},
}  # fmt: skip
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

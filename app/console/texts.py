"""How the console writes times, lengths, names and numbers. Times are UTC, which each page says."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from flask import g, has_app_context

from app.callers.phones import plain_phone
from app.domain.durations import format_duration
from app.domain.redaction import Redaction, mask_phone, safe
from app.story.telling import readable

_NUMBER = re.compile(r"\+?[0-9]+", re.ASCII)
redact, redact_secrets = Redaction(), Redaction(numbers=True)
"""Of numbers in texts the last four digits stay; secrets never show."""


def whole_numbers() -> bool:
    """Does the page of this request show telephone numbers? The guard says so (`NUMBERS`)."""
    return has_app_context() and bool(g.get("whole_numbers", False))


def clock(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%H:%M:%S}"


def day(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d}"


def moment(at: float) -> str:
    """For `<time datetime>`."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")


def length(seconds: float) -> str:
    """`1:02:03` or `2:03`."""
    whole = max(0, int(seconds))
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def roughly(seconds: float) -> str:
    """`12m`, `3h`, `2d`: one unit."""
    whole = max(0, round(seconds))
    for unit in (86400, 3600, 60):
        if whole >= unit:
            return format_duration(whole // unit * unit)
    return format_duration(whole)


def shown(text: object) -> str:
    """A text from outside: what can not be seen is written out, numbers are masked unless this
    page shows them."""
    return (redact_secrets if whole_numbers() else redact)(safe(str(text)))


def whole(text: object) -> str:
    """A text from outside with its numbers, where somebody asked for them."""
    return redact_secrets(safe(str(text)))


def caller(facts: Mapping[str, Any]) -> str:
    """Who a member is: the caller's name, else the end of the number."""
    name = str(facts.get("caller_name") or "")
    return shown(name) if name else masked(str(facts.get("from") or ""))


def masked(number: str) -> str:
    if not number:
        return "unknown"
    if whole_numbers():
        return whole(number)
    is_number = _NUMBER.fullmatch(str(plain_phone(number))) is not None
    return shown(mask_phone(number) if is_number else number)


TONES = {"": "", "good": "good", "bad": "bad", "warn": "warn", "main": "", "dim": "soft"}
"""Tones of a story -> classes of the stylesheet."""

FILTERS = {
    "clock": clock,
    "day": day,
    "moment": moment,
    "lasting": length,
    "roughly": roughly,
    "shown": shown,
    "caller": caller,
    "masked": masked,
    "whole": whole,
    "readable": readable,
}

"""Opening hours: on which days of the week, and from when to when by the clock of a time zone."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self
from zoneinfo import ZoneInfo

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
EXPECTED = "a window like mon-fri 09:00-17:00"
_WINDOW = re.compile(
    r"(?:(?P<days>[a-z,-]+)\s+)?(?P<h1>\d\d):(?P<m1>\d\d)\s*-\s*(?P<h2>\d\d):(?P<m2>\d\d)", re.ASCII
)
PATTERN = r"^([a-z,-]+ +)?[0-9][0-9]:[0-9][0-9] *- *[0-9][0-9]:[0-9][0-9]$"
_DAY = 24 * 60


@dataclass(frozen=True, slots=True)
class Window:
    """On `days` (0: Monday) from minute `start` of the day up to, not with, minute `end`; an end
    that is not after the start is on the next day."""

    days: tuple[int, ...]
    start: int
    end: int

    @classmethod
    def read(cls, text: str) -> Self:
        """`mon-fri 09:00-17:00`, `sat,sun 22:00-02:00`, `09:00-24:00` for every day. Raises
        ValueError with a sentence."""
        found = _WINDOW.fullmatch(text.strip().lower())
        if found is None:
            raise ValueError(f"expected {EXPECTED}, not {text[:40]!r}")
        start, end = _minute(found["h1"], found["m1"]), _minute(found["h2"], found["m2"])
        if start == _DAY:
            raise ValueError("a window begins at 23:59 at the latest")
        if start == end:
            raise ValueError(f"{text[:40]!r} begins when it ends; all day is 00:00-24:00")
        return cls(tuple(sorted(_days(found["days"] or "mon-sun"))), start, end)

    def holds(self, weekday: int, minute: int) -> bool:
        """Whether that minute of that day is within it."""
        if self.start < self.end:
            return weekday in self.days and self.start <= minute < self.end
        if weekday in self.days and minute >= self.start:
            return True
        return (weekday - 1) % 7 in self.days and minute < self.end


@dataclass(frozen=True, slots=True)
class Hours:
    """Windows by the clock of one time zone; any of them will do."""

    windows: tuple[Window, ...]
    zone: str

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> Self:
        windows = ((tuple(days), start, end) for days, start, end in found["windows"])
        return cls(tuple(Window(*one) for one in windows), found["zone"])

    def to_json(self) -> dict[str, Any]:
        rows = [[list(one.days), one.start, one.end] for one in self.windows]
        return {"windows": rows, "zone": self.zone}

    def holds(self, now: float) -> bool:
        """Whether that time (seconds since the epoch) is within one of them."""
        local = datetime.fromtimestamp(now, ZoneInfo(self.zone))
        minute = local.hour * 60 + local.minute
        return any(one.holds(local.weekday(), minute) for one in self.windows)


def _minute(hours: str, minutes: str) -> int:
    minute = int(hours) * 60 + int(minutes)
    if int(minutes) > 59 or minute > _DAY:
        raise ValueError(f"{hours}:{minutes} is no time of the day")
    return minute


def _days(text: str) -> Iterable[int]:
    for part in text.split(","):
        first, _, last = part.partition("-")
        for name in (first, last or first):
            if name not in DAYS:
                raise ValueError(f"{name!r} is no day; there is: {', '.join(DAYS)}")
        one, two = DAYS.index(first), DAYS.index(last or first)
        yield from range(one, two + 1) if one <= two else (*range(one, 7), *range(two + 1))

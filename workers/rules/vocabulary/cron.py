"""Schedule lines: five fields of cron, and when they are next due.

Minute, hour, day of month, month, day of week; `*`, numbers, names (`mon`, `jan`), ranges, steps
and lists. As in cron, when both days are given either will do. Clocks that are put forward skip
the times that do not exist; clocks that are put back run a time that comes twice once.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache

_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
_FIELDS: tuple[tuple[str, int, int, dict[str, int]], ...] = (
    ("minute", 0, 59, {}),
    ("hour", 0, 23, {}),
    ("day of month", 1, 31, {}),
    ("month", 1, 12, {name: number for number, name in enumerate(_MONTHS, 1)}),
    ("day of week", 0, 7, {name: number for number, name in enumerate(_DAYS)}),
)
_ITEM = re.compile(r"(\*|[a-z0-9]{1,3})(?:-([a-z0-9]{1,3}))?(?:/(\d{1,2}))?")
_DAYS_AHEAD = 366 * 8 + 3  # past every leap day


@dataclass(frozen=True, slots=True)
class Schedule:
    """A schedule line, read once. Days of the week count from Sunday = 0."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    either_day: bool

    def next_after(self, moment: float, zone: tzinfo) -> float | None:
        """The first due time after `moment` (both seconds since the epoch); None if there is none
        in the next eight years."""
        day = datetime.fromtimestamp(moment, zone).date()
        for _ in range(_DAYS_AHEAD):
            if self._on(day.month, day.day, day.isoweekday() % 7):
                for hour in self.hours:
                    for minute in self.minutes:
                        due = _instant(
                            datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone)
                        )
                        if due is not None and due > moment:
                            return due
            day += timedelta(days=1)
        return None

    def _on(self, month: int, day: int, weekday: int) -> bool:
        if month not in self.months:
            return False
        if self.either_day:
            return day in self.days or weekday in self.weekdays
        return day in self.days and weekday in self.weekdays


def _instant(local: datetime) -> float | None:
    """The moment of a wall-clock time, the first of two; None when the clocks skip it."""
    moment = local.timestamp()
    back = datetime.fromtimestamp(moment, UTC).astimezone(local.tzinfo)
    return moment if back.replace(tzinfo=None) == local.replace(tzinfo=None) else None


@lru_cache(maxsize=1024)
def parse_schedule(line: str) -> Schedule:
    """Raises `ValueError` with a sentence about the first field that is wrong."""
    words = line.lower().split()
    if len(words) != len(_FIELDS) or len(line) > 200:
        raise ValueError(
            "expected five fields: minute, hour, day of month, month, day of week, "
            f'such as "0 18 * * mon-fri", not {len(words)}'
        )
    values = [_values(word, *field) for word, field in zip(words, _FIELDS, strict=True)]
    minutes, hours, days, months, weekdays = values
    schedule = Schedule(
        minutes=tuple(sorted(minutes)),
        hours=tuple(sorted(hours)),
        days=frozenset(days),
        months=frozenset(months),
        weekdays=frozenset(day % 7 for day in weekdays),
        either_day=not words[2].startswith("*") and not words[4].startswith("*"),
    )
    if schedule.next_after(0.0, UTC) is None:
        raise ValueError(f"there is no such day: day of month {words[2]} in month {words[3]}")
    return schedule


def _values(word: str, field: str, low: int, high: int, names: dict[str, int]) -> set[int]:
    found: set[int] = set()
    for item in word.split(","):
        parts = _ITEM.fullmatch(item)
        if parts is None:
            raise ValueError(f"{item[:40]!r} is no {field}")
        first, last, step = parts.groups()
        if first == "*":
            start, end = low, high
        else:
            start = _number(first, field, low, high, names)
            end = _number(last, field, low, high, names) if last else (high if step else start)
        if (first == "*" and last) or start > end:
            raise ValueError(f"{item!r} is not a range of {field}: the smaller comes first")
        if step and int(step) == 0:
            raise ValueError(f"a step of 0 in {field}")
        found.update(range(start, end + 1, int(step or 1)))
    return found


def _number(word: str, field: str, low: int, high: int, names: dict[str, int]) -> int:
    number = names.get(word, int(word) if word.isascii() and word.isdigit() else -1)
    if not low <= number <= high:
        raise ValueError(f"{word!r} is no {field} ({low} to {high})")
    return number

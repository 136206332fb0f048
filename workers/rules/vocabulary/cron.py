"""Schedule lines: five fields of cron, read by cronsim, and the moments at which they are due.

Minute, hour, day of month, month, day of week; `*`, numbers, names (`mon`, `jan`), ranges, steps
and lists. When both days are restricted either will do. Changes of the clock are those of Debian's
cron: a line with a fixed minute and hour that the clocks skip is due right after the gap, and once
where its time comes twice; a line with `*` or `*/n` as its minute or hour follows the clock as it
shows. No function here reads a clock.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, tzinfo
from functools import lru_cache

from cronsim import CronSim, CronSimError
from cronsim.cronsim import Field

_FIELDS: tuple[tuple[Field, str, str], ...] = (
    (Field.MINUTE, "minute", "0 to 59"),
    (Field.HOUR, "hour", "0 to 23"),
    (Field.DAY, "day of month", "1 to 31"),
    (Field.MONTH, "month", "1 to 12, or jan to dec"),
    (Field.DOW, "day of week", "0 to 7, or sun to sat"),
)
_ITEM = re.compile(r"(\*|[a-z0-9]{1,3})(?:-([a-z0-9]{1,3}))?(?:/([0-9]{1,2}))?")
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Schedule:
    """A schedule line that was found to be right."""

    line: str

    @property
    def every_hour(self) -> bool:
        """Does it name no hour? It then follows the clock, however that is changed."""
        return self.line.split()[1] == "*"

    @property
    def fixed(self) -> bool:
        """Does it name minute and hour? It is then due once a day for each of its times."""
        minute, hour, *_ = self.line.split()
        return not minute.startswith("*") and not hour.startswith("*")

    def next_after(self, moment: float, zone: tzinfo) -> float | None:
        """The first due time after `moment` (both seconds since the epoch); None if there is none
        in the next fifty years."""
        for due in self.times(datetime.fromtimestamp(moment, zone)):
            # In the second pass of an hour that comes twice, cronsim answers with the first.
            if due.timestamp() > moment:
                return due.timestamp()
        return None

    def times(self, after: datetime) -> Iterator[datetime]:
        """The due times after `after`, in its time zone; without a zone, as if clocks never
        changed."""
        return CronSim(self.line, after)


@lru_cache(maxsize=1024)
def parse_schedule(line: str) -> Schedule:
    """Raises `ValueError` with a sentence about the first field that is wrong."""
    words = line.lower().split()
    if len(words) != len(_FIELDS) or len(line) > _LONGEST:
        raise ValueError(
            "expected five fields: minute, hour, day of month, month, day of week, "
            f'such as "0 18 * * mon-fri", not {len(words)}'
        )
    for word, (field, name, allowed) in zip(words, _FIELDS, strict=True):
        for item in word.split(","):
            _require_good(item, field, name, allowed)
    try:
        CronSim(line, datetime(2000, 1, 1))
    except CronSimError:  # each field is good by itself
        raise ValueError(
            f"there is no such day: day of month {words[2]} in month {words[3]}"
        ) from None
    return Schedule(" ".join(words))


def _require_good(item: str, field: Field, name: str, allowed: str) -> None:
    """Raises `ValueError` unless cronsim can read this item of a field, and a step in it is taken
    at least once."""
    parts = _ITEM.fullmatch(item)
    if parts is None:
        raise ValueError(f"{item[:40]!r} is no {name} ({allowed})")
    first, last, step = parts.groups()
    for word in (first, last):
        if word and not _reads(word, field):
            raise ValueError(f"{word!r} is no {name} ({allowed})")
    if last and (first == "*" or not _reads(f"{first}-{last}", field)):
        raise ValueError(f"{item!r} is not a range of {name}: the smaller comes first")
    if step and int(step) == 0:
        raise ValueError(f"a step of 0 in {name}")
    if step and (first == last or len(field.parse(item.upper())) == 1):
        raise ValueError(f"{item!r}: a step of {step} in {name} is never taken")


def _reads(word: str, field: Field) -> bool:
    """False also for what only cronsim knows: `L` and `#`."""
    try:
        found = field.parse(word.upper())
    except CronSimError:
        return False
    return all(isinstance(value, int) and value >= 0 for value in found)

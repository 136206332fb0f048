"""Schedule lines on the days on which the clocks change: what runs at another time than written.

The only finding that depends on the day on which it is asked for, so it is no part of a file's
warnings.
"""

from collections.abc import Iterator
from datetime import datetime, time, timedelta, tzinfo
from itertools import takewhile

from app.yaml.problems import Problem
from workers.rules.engine.index import Rules
from workers.rules.vocabulary.cron import Schedule, parse_schedule
from workers.rules.vocabulary.triggers import KINDS

_DAYS = 366
_SHOWN = 3


def clock_changes(rules: Rules, path: str, now: float) -> Iterator[Problem]:
    """A note for each schedule line and each day of the year from `now` (seconds since the epoch)
    on which the line does not run at its times."""
    changes = list(_changes(datetime.fromtimestamp(now, rules.timezone)))
    for rule in rules.rules:
        for trigger in rule.triggers:
            if KINDS[trigger.kind].parameter != "cron":
                continue
            for day in changes:
                if words := difference(parse_schedule(trigger.parameter), day, rules.timezone):
                    message = f"on {day:%Y-%m-%d} in {rules.timezone} {words}"
                    yield Problem(path, trigger.line, trigger.column, "note", message)


def difference(schedule: Schedule, day: datetime, zone: tzinfo) -> str:
    """What is unlike other days on the day that begins at `day` (without a zone); or nothing."""
    if schedule.every_hour:
        return ""
    due = [one.replace(tzinfo=None) for one in _times(schedule, day.replace(tzinfo=zone), 2)]
    skipped = [one for one in _times(schedule, day, 1) if one not in due]
    if skipped:
        after = next((one for one in due if one > skipped[-1]), None)
        then = f"it runs at {after:%H:%M}" if after and schedule.fixed else "it does not run then"
        return f"the clocks skip {_shown(skipped)}: {then}"
    twice = sorted({one for one in due if due.count(one) > 1})
    return f"{_shown(twice)} comes twice: it runs both times" if twice else ""


def _changes(now: datetime) -> Iterator[datetime]:
    """The days of the coming year on which the clocks change: their midnights, without a zone."""
    today = datetime.combine(now.date(), time())
    for days in range(_DAYS):
        day, following = today + timedelta(days), today + timedelta(days + 1)
        if _offset(day, now) != _offset(following, now):
            yield day


def _offset(local: datetime, now: datetime) -> timedelta | None:
    return local.replace(tzinfo=now.tzinfo).utcoffset()


def _times(schedule: Schedule, day: datetime, days: int) -> list[datetime]:
    end = day.replace(tzinfo=None) + timedelta(days)
    times = schedule.times(day - timedelta(seconds=1))
    return list(takewhile(lambda one: one.replace(tzinfo=None) < end, times))


def _shown(times: list[datetime]) -> str:
    more = ", ..." if len(times) > _SHOWN else ""
    return ", ".join(f"{one:%H:%M}" for one in times[:_SHOWN]) + more

"""The days on which the clocks change a schedule line."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from workers.rules.lint.clock_changes import clock_changes, difference
from workers.rules.load import load
from workers.rules.vocabulary.cron import parse_schedule

BERLIN = ZoneInfo("Europe/Berlin")
SPRING, AUTUMN = datetime(2026, 3, 29), datetime(2026, 10, 25)
RULES = """\
version: 1
timezone: Europe/Berlin
rules:
  - name: close
    when: {schedule: "30 2 * * *"}
    match: {conference: "*"}
    do: [hang_up: conference]
"""


@pytest.mark.parametrize(
    ("line", "day", "words"),
    [
        ("30 2 * * *", SPRING, "the clocks skip 02:30: it runs at 03:00"),
        ("0,30 2,3 * * *", SPRING, "the clocks skip 02:00, 02:30: it runs at 03:00"),
        ("*/15 2 * * *", SPRING, "the clocks skip 02:00, 02:15, 02:30, ...: it does not run then"),
        ("0 */2 * * *", SPRING, "the clocks skip 02:00: it does not run then"),
        ("0 */2 * * *", AUTUMN, "02:00 comes twice: it runs both times"),
        ("30 2 * * *", AUTUMN, ""),
        ("*/15 * * * *", SPRING, ""),
        ("*/15 * * * *", AUTUMN, ""),
        ("0 18 * * *", SPRING, ""),
        ("30 2 * * mon", SPRING, ""),
    ],
)
def test_what_is_unlike_other_days_is_told(line: str, day: datetime, words: str) -> None:
    assert difference(parse_schedule(line), day, BERLIN) == words


def test_each_day_of_the_coming_year_is_named_with_the_place_of_the_line() -> None:
    now = datetime(2026, 1, 1, tzinfo=BERLIN).timestamp()
    assert [str(note) for note in clock_changes(load(RULES, "r.yaml"), "r.yaml", now)] == [
        "r.yaml:5:22: note: on 2026-03-29 in Europe/Berlin the clocks skip 02:30: it runs at 03:00"
    ]


def test_utc_has_no_such_day() -> None:
    utc = load(RULES.replace("Europe/Berlin", "UTC"), "r.yaml")
    assert list(clock_changes(utc, "r.yaml", 0.0)) == []

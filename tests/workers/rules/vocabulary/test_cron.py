"""Schedule lines: when they are due next, also when the clocks change."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from workers.rules.vocabulary.cron import parse_schedule

BERLIN = ZoneInfo("Europe/Berlin")


def next_times(line: str, after: str, count: int = 1, zone: ZoneInfo = BERLIN) -> list[str]:
    moment = datetime.fromisoformat(after).replace(tzinfo=zone).timestamp()
    found = []
    for _ in range(count):
        due = parse_schedule(line).next_after(moment, zone)
        assert due is not None
        assert due > moment
        moment = due
        found.append(datetime.fromtimestamp(due, zone).isoformat(timespec="minutes")[:22])
    return [text[:16] for text in found]


@pytest.mark.parametrize(
    ("line", "after", "times"),
    [
        ("0 18 * * *", "2026-01-05T17:59", ["2026-01-05T18:00", "2026-01-06T18:00"]),
        ("0 18 * * *", "2026-01-05T18:00", ["2026-01-06T18:00"]),
        ("*/20 9 * * mon-fri", "2026-01-09T09:30",
         ["2026-01-09T09:40", "2026-01-12T09:00", "2026-01-12T09:20"]),
        ("0 0 1,15 * *", "2026-01-02T00:00", ["2026-01-15T00:00", "2026-02-01T00:00"]),
        ("0 0 29 feb *", "2026-01-01T00:00", ["2028-02-29T00:00", "2032-02-29T00:00"]),
        ("0 12 13 * fri", "2026-02-01T00:00", ["2026-02-06T12:00", "2026-02-13T12:00"]),
        ("0 12 * * 0", "2026-01-01T00:00", ["2026-01-04T12:00"]),
        ("0 12 * * 7", "2026-01-01T00:00", ["2026-01-04T12:00"]),
        ("5/20 * * * *", "2026-01-01T00:00", ["2026-01-01T00:05", "2026-01-01T00:25"]),
        ("59 23 31 DEC *", "2026-01-01T00:00", ["2026-12-31T23:59"]),
    ],
)  # fmt: skip
def test_a_line_is_due_at(line: str, after: str, times: list[str]) -> None:
    assert next_times(line, after, len(times)) == times


def test_a_time_that_the_clocks_skip_comes_right_after_the_gap() -> None:
    assert next_times("30 2 * * *", "2026-03-28T12:00", 2) == [
        "2026-03-29T03:00",
        "2026-03-30T02:30",
    ]


def test_times_that_the_clocks_skip_come_once_together() -> None:
    assert next_times("0,30 2,3 * * *", "2026-03-29T00:00", 3) == [
        "2026-03-29T03:00",
        "2026-03-29T03:30",
        "2026-03-30T02:00",
    ]


def test_every_quarter_of_an_hour_goes_on_through_the_hour_that_comes_twice() -> None:
    moment = datetime(2026, 10, 25, 1, 45, tzinfo=BERLIN).timestamp()
    schedule = parse_schedule("*/15 * * * *")
    for _ in range(9):
        due = schedule.next_after(moment, BERLIN)
        assert due == moment + 900
        moment = due


@pytest.mark.parametrize("fold", [0, 1])
def test_what_was_due_in_the_first_pass_of_an_hour_is_not_due_in_the_second(fold: int) -> None:
    second = datetime(2026, 10, 25, 2, 31, tzinfo=BERLIN, fold=fold).timestamp()
    due = parse_schedule("30 2 * * *").next_after(second, BERLIN)
    assert due == datetime(2026, 10, 26, 2, 30, tzinfo=BERLIN).timestamp()


def test_a_clock_that_skips_midnight_skips_no_day() -> None:
    havana = ZoneInfo("America/Havana")  # 2026-03-08: 0:00 becomes 1:00
    assert next_times("0 0 * * *", "2026-03-07T12:00", 2, havana) == [
        "2026-03-08T01:00",
        "2026-03-09T00:00",
    ]


def test_a_time_that_comes_twice_happens_once() -> None:
    assert next_times("30 2 * * *", "2026-10-24T12:00", 2) == [
        "2026-10-25T02:30",
        "2026-10-26T02:30",
    ]


def test_every_hour_goes_on_while_the_clocks_change() -> None:
    times = next_times("0 * * * *", "2026-03-29T00:30", 3)
    assert times == ["2026-03-29T01:00", "2026-03-29T03:00", "2026-03-29T04:00"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("", "expected five fields"),
        ("* * * *", "expected five fields"),
        ("* * * * * *", "expected five fields"),
        ("@daily", "expected five fields"),
        ("60 * * * *", "'60' is no minute"),
        ("* 24 * * *", "'24' is no hour"),
        ("* * 0 * *", "'0' is no day of month"),
        ("* * * foo *", "'foo' is no month"),
        ("* * * * 8", "'8' is no day of week"),
        ("*/0 * * * *", "a step of 0"),
        ("5-1 * * * *", "the smaller comes first"),
        ("*-5 * * * *", "the smaller comes first"),
        ("1,,2 * * * *", "'' is no minute"),
        ("a;b * * * *", "'a;b' is no minute"),
        ("*/90 * * * *", "'*/90': a step of 90 in minute is never taken"),
        ("0 */36 * * *", "a step of 36 in hour is never taken"),
        ("5-5/2 * * * *", "a step of 2 in minute is never taken"),
        ("0 12 l * *", "'l' is no day of month"),
        ("0 12 * * 1#2", "'1#2' is no day of week"),
        ("0 0 30 2 *", "no such day"),
        ("0 0 31 4,6,9,11 *", "no such day"),
        ("\u0663 * * * *", "is no minute"),
        ("* " * 300, "expected five fields"),
    ],
)
def test_a_wrong_line_is_refused_with_its_field(line: str, message: str) -> None:
    with pytest.raises(ValueError, match=r"^[^\n]+$") as caught:
        parse_schedule(line)
    assert message in str(caught.value)


def test_utc_works_as_well() -> None:
    assert parse_schedule("0 0 * * *").next_after(0.0, UTC) == 86400.0

"""Opening hours, by the clock of a time zone."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from app.callers.opening import Hours, Window

BERLIN = "Europe/Berlin"


def at(moment: str, zone: str = BERLIN) -> float:
    """Seconds since the epoch of a local time. 2026-01-05 is a Monday."""
    return datetime.fromisoformat(moment).replace(tzinfo=ZoneInfo(zone)).timestamp()


@pytest.mark.parametrize(
    ("window", "moment", "expected"),
    [
        ("mon-fri 09:00-17:00", "2026-01-05 09:00", True),
        ("mon-fri 09:00-17:00", "2026-01-05 08:59:59", False),
        ("mon-fri 09:00-17:00", "2026-01-09 16:59:59", True),
        ("mon-fri 09:00-17:00", "2026-01-09 17:00", False),
        ("mon-fri 09:00-17:00", "2026-01-10 12:00", False),
        ("sat,sun 10:00-12:00", "2026-01-11 11:00", True),
        ("fri-mon 10:00-12:00", "2026-01-05 11:00", True),
        ("fri-mon 10:00-12:00", "2026-01-06 11:00", False),
        ("00:00-24:00", "2026-01-06 23:59:59", True),
        ("fri 22:00-02:00", "2026-01-10 01:59", True),
        ("fri 22:00-02:00", "2026-01-09 01:59", False),
        ("sun 22:00-02:00", "2026-01-05 01:00", True),
        ("09:00-17:00", "2026-07-06 09:00", True),
    ],
)
def test_a_window_holds_from_its_beginning_to_before_its_end(
    window: str, moment: str, expected: bool
) -> None:
    assert Hours((Window.read(window),), BERLIN).holds(at(moment)) is expected


def test_the_clock_is_that_of_the_zone() -> None:
    hours = Hours((Window.read("09:00-10:00"),), "America/New_York")
    assert hours.holds(at("2026-01-05 15:30"))
    assert not hours.holds(at("2026-01-05 09:30"))


def test_hours_come_back_from_json_as_they_were() -> None:
    hours = Hours((Window.read("mon-fri 09:00-17:00"), Window.read("22:00-06:00")), BERLIN)
    assert Hours.from_json(hours.to_json()) == hours


@pytest.mark.parametrize(
    "text", ["", "9-17", "mon 9:00-17:00", "mon-fri", "09:00-09:00", "24:00-01:00", "10:61-11:00"]
)
def test_what_is_no_window_is_told(text: str) -> None:
    with pytest.raises(ValueError, match=r"window|begins|time of the day"):
        Window.read(text)

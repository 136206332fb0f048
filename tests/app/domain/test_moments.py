"""Moments as people read them."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from app.domain.moments import written

AT = datetime(2026, 7, 1, 12, 30, 5, 250_000, UTC).timestamp()


@pytest.mark.parametrize(
    ("zone", "text"),
    [
        ("UTC", "2026-07-01 12:30:05 UTC"),
        ("Europe/Berlin", "2026-07-01 14:30:05 +02:00"),
        ("Asia/Kolkata", "2026-07-01 18:00:05 +05:30"),
        ("America/St_Johns", "2026-07-01 10:00:05 -02:30"),
    ],
)
def test_a_moment_is_written_with_its_zone(zone: str, text: str) -> None:
    assert written(AT, ZoneInfo(zone)) == text


def test_a_moment_is_written_to_the_millisecond_where_that_is_asked_for() -> None:
    assert written(AT, UTC, milliseconds=True) == "2026-07-01 12:30:05.250 UTC"

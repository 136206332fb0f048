"""Durations, as settings and rules read them and everything shows them."""

import pytest

from app.domain.durations import format_duration, parse_duration, spoken_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30s", 30), ("5m", 300), ("1h30m", 5400), ("2d", 172800), ("500ms", 0.5), ("1.5m", 90),
     ("1d2h3m4s5ms", 93784.005), ("0s", 0)],
)  # fmt: skip
def test_a_duration_is_read_and_written(text: str, seconds: float) -> None:
    assert parse_duration(text) == pytest.approx(seconds)
    assert parse_duration(format_duration(seconds)) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "5",
        "m",
        "-5m",
        "5 m",
        "5min",
        "30s5m",
        "5m5m",
        "1e3s",
        "9" * 50 + "s",
        "400d",
        "\u0665m",
        "+5m",
    ],
)
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"expected|larger|longer"):
        parse_duration(text)


def test_a_number_alone_is_told_its_unit() -> None:
    with pytest.raises(ValueError, match=r"write 30s for seconds"):
        parse_duration("30")


def test_a_duration_is_spoken() -> None:
    assert spoken_duration(7325) == "2 hours 2 minutes 5 seconds"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "0s"),
        (0.25, "250ms"),
        (3.5, "3.5s"),
        (3600.0, "1h"),
        (90061.25, "1d1h1m1.25s"),
        (-65.0, "-1m5s"),
        (-0.0001, "0s"),
    ],
)
def test_a_duration_is_shown_one_way(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text

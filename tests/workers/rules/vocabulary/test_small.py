"""Durations, globs and suggestions."""

import pytest

from workers.rules.vocabulary.durations import format_duration, parse_duration, spoken_duration
from workers.rules.vocabulary.globs import any_matches, covers, glob_matcher, may_overlap
from workers.rules.vocabulary.suggest import did_you_mean


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
    ("glob", "text", "matches"),
    [
        ("sales-*", "sales-", True),
        ("sales-*", "xsales-1", False),
        ("*", "", True),
        ("a?c", "abc", True),
        ("a?c", "ac", False),
        ("a*c*e", "abcde", True),
        ("[ab]", "[ab]", True),
        ("[ab]", "a", False),
        ("[!a]*", "[!a]x", True),
        ("a*", "a\nb", True),
        ("a.c", "abc", False),
        ("*-eu", "sales-eu", True),
    ],
)
def test_a_glob_matches(glob: str, text: str, matches: bool) -> None:
    assert glob_matcher(glob)(text) is matches


def test_many_stars_do_not_take_long() -> None:
    assert not glob_matcher("*a" * 50 + "b")("a" * 2000)


@pytest.mark.parametrize(
    ("wide", "narrow", "covered", "together"),
    [
        ("*", "x?", True, True),
        ("a-*", "a-b-*", True, True),
        ("a-b-*", "a-*", False, True),
        ("a-*", "b-*", False, False),
        ("*-eu", "sales-eu", True, True),
        ("*-eu", "*-us", False, False),
        ("a*", "*b", False, True),
        ("a", "a", True, True),
        ("a", "b", False, False),
    ],
)
def test_globs_are_compared(wide: str, narrow: str, covered: bool, together: bool) -> None:
    assert covers(wide, narrow) is covered
    assert may_overlap(wide, narrow) is may_overlap(narrow, wide) is together


def test_any_of_several_globs() -> None:
    assert any_matches(["a", "b*"], "bc")
    assert not any_matches([], "bc")


def test_a_suggestion_is_near_or_a_list() -> None:
    assert did_you_mean("mut", ["mute", "deaf"]) == "; did you mean 'mute'?"
    assert did_you_mean("woman", ["MAN", "WOMAN"]) == "; did you mean 'WOMAN'?"
    assert did_you_mean("zzz", ["b", "a"]) == "; there is: a, b"
    assert did_you_mean("zzz", []) == ""

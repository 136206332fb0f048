"""Globs of conference names, as the rules and the receiver read them."""

import pytest

from app.domain.globs import any_matches, covers, glob_matcher, may_overlap


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

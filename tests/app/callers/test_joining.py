"""How a caller is held against the entries of `conferences:`."""

import pytest

from app.callers.joining import CallerCheck, Entry, contradiction, first_for, implies

NOW = 1767600000.0
HOSTS = CallerCheck("member.from", texts=("14155550100", "14155550101"), said="in hosts")
NO_HOST = CallerCheck("member.from", texts=HOSTS.texts, negated=True, said="in hosts")
ABROAD = CallerCheck("member.from", globs=("49*",), said="+49*")


@pytest.mark.parametrize("written", ["+14155550100", "14155550100"])
def test_a_number_is_the_same_with_and_without_its_plus(written: str) -> None:
    assert HOSTS.refuses({"member.from": written}) is None
    assert NO_HOST.refuses({"member.from": written}) is not None


def test_globs_of_numbers_hold_of_either_spelling() -> None:
    assert ABROAD.holds("+49301234567")
    assert CallerCheck("member.from", globs=("+4930*",)).holds("49301234567")
    assert not ABROAD.holds("+14155550100")


def test_what_is_absent_is_no_answer_even_to_not() -> None:
    assert HOSTS.refuses({}) == NO_HOST.refuses({}) == "member.from is absent"


def test_a_reason_shows_the_end_of_a_number_only() -> None:
    assert HOSTS.refuses({"member.from": "+4930123456"}) == "member.from is …3456, not in hosts"
    told = NO_HOST.refuses({"member.from": "+14155550100"})
    assert told == "member.from is …0100, wanted in hosts"


def test_the_first_entry_of_all_that_hold_is_the_callers() -> None:
    host = Entry(("board-*",), (HOSTS,), {"role": "host"})
    guest = Entry(("board-*",), (), {"role": "guest"})
    entries = (host, guest)
    assert first_for(entries, "board-1", {"member.from": "+14155550100"}, NOW) is host
    assert first_for(entries, "board-1", {"member.from": "+4930123456"}, NOW) is guest
    assert first_for(entries, "board-1", {}, NOW) is guest
    assert first_for(entries, "sales", {"member.from": "+14155550100"}, NOW) is None


def test_an_entry_comes_back_from_json_as_it_was() -> None:
    entry = Entry(("a*",), (HOSTS, NO_HOST, ABROAD), {"muted": True, "digits_match": ("1",)})
    again = Entry.from_json(entry.to_json())
    assert (again.conference, again.checks) == (entry.conference, entry.checks)
    assert again.options == {"muted": True, "digits_match": ["1"]}


@pytest.mark.parametrize(
    ("narrow", "wide", "expected"),
    [
        (HOSTS, HOSTS, True),
        (CallerCheck("member.from", texts=("14155550100",)), HOSTS, True),
        (HOSTS, CallerCheck("member.from", texts=("14155550100",)), False),
        (HOSTS, CallerCheck("member.from", globs=("1*",)), True),
        (ABROAD, ABROAD, True),
        (ABROAD, HOSTS, False),
        (HOSTS, NO_HOST, False),
        (CallerCheck("member.from", texts=("4930",)), NO_HOST, True),
        (ABROAD, NO_HOST, False),
        (NO_HOST, CallerCheck("member.from", texts=("14155550100",), negated=True), True),
        (CallerCheck("member.from", texts=("14155550100",), negated=True), NO_HOST, False),
        (HOSTS, CallerCheck("member.to", texts=HOSTS.texts), False),
    ],
)
def test_which_check_follows_from_which(
    narrow: CallerCheck, wide: CallerCheck, expected: bool
) -> None:
    assert implies(narrow, wide) is expected


def test_checks_that_no_caller_meets() -> None:
    assert contradiction((HOSTS, NO_HOST)) == "member.from"
    assert contradiction((HOSTS, ABROAD)) == "member.from"
    assert contradiction((HOSTS, CallerCheck("member.to", texts=("1",)))) == ""
    assert contradiction((NO_HOST, ABROAD)) == ""

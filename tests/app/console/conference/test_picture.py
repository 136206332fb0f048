"""The picture of a conference, by value: who was in, was muted, what was done; instances."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.console.conference.instances import Entry, chosen, instances
from app.console.conference.picture import MOST_ROWS, NAMES, RIGHT, SIGNS, WIDTH, Picture, picture

INSIDE = WIDTH - NAMES - RIGHT


def event(at: float, kind: str, member: str = "", uuid: str = "u", **data: Any) -> Entry:
    told = {"id": f"evt-{at}", "kind": kind, "uuid": uuid, "data": {"member_id": member} | data}
    return f"e{at}", {"at": at, "kind": "event", "event": told}


def call(at: float, verb: str, members: list[str], status: str = "done", of: str = "") -> Entry:
    told = {"at": at, "kind": "call", "verb": verb, "members": members, "status": status}
    return f"c{at}", told | {"call": f"c{at}", "event": of}


def run(at: float, of: str, outcome: str = "applied") -> Entry:
    return f"r{at}", {"at": at, "kind": "run", "rule": "R", "outcome": outcome, "event": of}


def drawn(*entries: Entry, until: float = 100.0, limit: float | None = None) -> Picture:
    def title(entry: Mapping[str, Any]) -> str:
        return f"{entry['kind']} {entry['at']}"

    found = picture(entries, until, limit, lambda data: str(data.get("name", "?")), title)
    assert found is not None
    return found


def places(found: Picture, row: int) -> list[tuple[str, float, float]]:
    """Bars of a row in shares of the time, to two places."""
    return [
        (bar.kind, round((bar.x - NAMES) / INSIDE, 2), round(bar.width / INSIDE, 2))
        for bar in found.rows[row].bars
    ]


def test_a_member_is_in_from_entry_to_exit_and_muted_between_two_calls() -> None:
    found = drawn(
        event(0, "member.entered", "1", name="Anna"),
        call(20, "mute", ["1"]),
        call(40, "unmute", ["all"]),
        event(60, "member.exited", "1"),
        event(100, "member.digits", ""),
    )
    assert found.rows[1].name == "Anna"
    assert places(found, 1) == [("in", 0.0, 0.6), ("mute", 0.2, 0.2)]


def test_a_call_that_failed_mutes_nobody_and_is_a_sign_that_matters() -> None:
    found = drawn(
        event(0, "member.entered", "1"),
        run(1, "evt-0"),
        call(1.5, "mute", ["1"], "retry"),
        call(2, "mute", ["1"], "failed"),
    )
    assert places(found, 1) == [("in", 0.0, 1.0)]
    assert [(mark.kind, mark.sign) for mark in found.rows[1].marks] == [("bad", SIGNS["bad"])]
    assert found.rows[1].marks[0].entry == "c2"


def test_the_floor_is_had_until_another_has_it() -> None:
    found = drawn(
        event(0, "member.entered", "1"),
        event(10, "member.entered", "2"),
        event(20, "member.speaking", "1"),
        event(50, "member.speaking", "2"),
    )
    assert ("floor", 0.2, 0.3) in places(found, 1)
    assert ("floor", 0.5, 0.5) in places(found, 2)


def test_the_recording_is_a_line_under_the_conference() -> None:
    found = drawn(
        event(0, "member.entered", "1"),
        call(10, "record", []),
        event(70, "recording.ready"),
    )
    assert places(found, 0) == [("rec", 0.1, 0.6)]


def test_what_is_for_all_and_what_people_do_stands_at_the_conference() -> None:
    found = drawn(
        event(0, "member.entered", "1"),
        event(30, "operator.acted"),
        call(60, "speak", ["all"]),
    )
    assert [mark.sign for mark in found.rows[0].marks] == [SIGNS["hand"], SIGNS["done"]]
    assert found.rows[1].marks == []


def test_many_signs_at_one_place_are_a_number_with_a_list() -> None:
    entries = [event(10 + number / 10, "member.digits", "1") for number in range(7)]
    found = drawn(event(0, "member.entered", "1"), *entries)
    mark = found.rows[1].marks[0]
    assert (mark.kind, mark.sign) == ("many", "7")
    assert mark.title.endswith("; and 3 more")


def test_the_limit_is_on_the_axis_and_more_members_than_rows_are_counted() -> None:
    entries = [event(number / 10, "member.entered", str(number)) for number in range(50)]
    found = drawn(*entries, until=50.0, limit=99.0)
    assert found.limit == WIDTH - RIGHT
    assert drawn(*entries, until=50.0, limit=1000.0).limit is None
    assert (len(found.rows), found.more, found.members) == (MOST_ROWS + 1, 50 - MOST_ROWS, 50)
    assert [at for _, at in found.ticks] == pytest.approx([0, 19.8, 39.6, 59.4, 79.2, 99])


def test_where_nobody_was_in_there_is_nothing_to_draw() -> None:
    assert picture([event(0, "recording.ready")], 1.0, None, str, str) is None


KINDS = ("member.entered", "member.exited", "member.speaking", "recording.started", "timer")
VERBS = ("mute", "unmute", "kick", "record", "stop_recording", "speak")
IDS = st.sampled_from(["", "1", "2", "all"])
TIMES = st.floats(0, 1000)


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("event"), TIMES, st.sampled_from(KINDS), IDS),
            st.tuples(st.just("call"), TIMES, st.sampled_from(VERBS), IDS),
        ),
        max_size=20,
    ),
    st.floats(0, 1000),
)
def test_whatever_the_order_everything_lies_inside(
    told: list[tuple[str, float, str, str]], until: float
) -> None:
    entries = [
        event(at, what, member) if kind == "event" else call(at, what, [member] if member else [])
        for kind, at, what, member in told
    ]
    found = picture(entries, until, None, lambda _: "?", lambda _: "t")
    for row in found.rows if found else ():
        assert all(NAMES <= bar.x <= WIDTH - RIGHT and bar.width > 0 for bar in row.bars)
        assert all(NAMES <= mark.x <= WIDTH - RIGHT for mark in row.marks)


def test_instances_are_told_apart_and_what_came_late_goes_to_its_own() -> None:
    entries = [
        event(1, "trigger", uuid=""),
        event(2, "member.entered", "1", uuid="a"),
        run(3, "evt-2"),
        event(10, "member.entered", "1", uuid="b"),
        event(11, "recording.ready", uuid="a"),
        run(12, "evt-11"),
        event(13, "timer", uuid=""),
        call(14, "speak", ["all"], of="evt-13"),
    ]
    found = instances(entries)
    assert [(one.uuid, [entry["at"] for _, entry in one.entries]) for one in found] == [
        ("a", [1, 2, 3, 11, 12]),
        ("b", [10, 13, 14]),
    ]
    assert chosen(found, "a").uuid == "a"
    assert chosen(found, "gone").uuid == "b"
    assert chosen([], "x").entries == []

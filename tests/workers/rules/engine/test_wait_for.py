"""`wait_for`: the rest of `do` when a trigger comes, or `else` after `timeout`."""

from typing import Any

import pytest

from app.domain.conference import Conference
from tests.workers.rules.engine.builders import NAME, OTHER_UUID, Timeline
from workers.rules.load import load
from workers.rules.published import published


def file_of(wait: str, otherwise: str = "", when: str = "member.entered", more: str = "") -> str:
    return (
        "version: 1\ntimezone: Europe/Berlin\nlimits: [{duration: 1h}]\nrules:\n"
        f"  - name: it\n    when: {when}\n{more}    do:\n      - log: begins\n"
        f"      - wait_for: {wait}\n{otherwise}      - log: goes on\n"
    )


CONSENT = file_of(
    '{when: {member.digits: "1"}, by: member, timeout: 30s}',
    "        else:\n          - hang_up: member\n          - log: leaves\n",
)


def room_of(text: str = CONSENT, enter: bool = True) -> Timeline:
    room = Timeline(load(text, "rules.yaml"), NAME)
    if enter:
        room.enter(1)
    return room


def press(room: Timeline, member: int, digits: str = "1") -> None:
    room.happen("member.digits", member_id=str(member), digits=digits)


def restart(room: Timeline) -> None:
    room.conference = Conference.from_json(room.conference.to_json())


def told(room: Timeline) -> list[str]:
    return [note.removeprefix("it: ") for note in room.notes]


def test_the_rest_goes_on_when_it_comes() -> None:
    room = room_of()
    restart(room)
    room.pass_time(29)
    press(room, 1)
    room.pass_time(60)
    assert told(room) == ["begins", "goes on"]
    assert room.calls == []


def test_after_the_timeout_the_else_is_taken_instead_of_the_rest_and_exactly_then() -> None:
    room = room_of()
    restart(room)
    room.pass_time(29.9)
    assert room.calls == []
    room.pass_time(0.2)
    assert room.calls == [("hang_up_member", "1")]
    assert room.decisions[-1].calls[0].at == room.decisions[0].conference.started_at + 30
    press(room, 1)
    assert told(room) == ["begins", "leaves"]


def test_another_member_and_other_digits_do_not_count() -> None:
    room = room_of()
    room.enter(2)
    press(room, 2)  # the run for member 2 goes on, not that for 1
    press(room, 1, "2")
    assert told(room) == ["begins", "begins", "goes on"]
    room = room_of(CONSENT.replace("by: member", "by: anybody"))
    room.enter(2)
    press(room, 2)
    assert told(room) == ["begins", "begins", "goes on", "goes on"]


def test_why_says_for_what_and_until_when() -> None:
    room = room_of()
    run = next(run for run in room.decisions[-1].runs if run.rule == "it")
    assert run.outcome == "applied"
    assert run.steps[1] == "waits for member.digits 1 of member 1 until 2027-01-15 09:00:30 +01:00"
    press(room, 1)
    assert room.decisions[-1].runs[0].steps[0] == "member.digits 1 came"
    room = room_of()
    room.pass_time(30)
    assert room.decisions[-1].runs[0].steps[0] == "member.digits 1 did not come"


def test_without_else_a_timeout_ends_the_run() -> None:
    room = room_of(file_of("{when: {trigger: go}, timeout: 5s}"))
    room.pass_time(6)
    room.happen("trigger", name="go", data={}, chain=0)
    assert told(room) == ["begins"]
    assert room.conference.waiting == {}


@pytest.mark.parametrize(
    ("asked", "data", "goes_on"),
    [
        ("match: {data.x: 1}", {"x": "1"}, True),
        ("match: {data.x: 1}", {"x": "2"}, False),
        ("match: {data.x: 1}", {}, False),
        ("if: data.x > 3", {"x": 4}, True),
        ("if: data.x > 3", {"x": 3}, False),
    ],
)
def test_match_and_if_are_about_what_comes(asked: str, data: Any, goes_on: bool) -> None:
    room = room_of(file_of(f"{{when: {{trigger: go}}, by: anybody, {asked}}}"))
    room.happen("trigger", name="go", data=data, chain=0)
    assert ("goes on" in told(room)) is goes_on


@pytest.mark.parametrize(
    ("when", "after"),
    [
        ("{conference.elapsed: 1m}", 60.0),
        ("{conference.every: 25s}", 25.0),
        ("{conference.time_left: 50m}", 600.0),
        ('{schedule: "*/5 * * * *"}', 300.0),
    ],
)
def test_it_waits_for_times(when: str, after: float) -> None:
    room = room_of(file_of(f"{{when: {when}}}", more='    match: {conference: "sales-*"}\n'))
    restart(room)
    room.pass_time(after - 0.1)
    assert told(room) == ["begins"]
    room.pass_time(0.2)
    assert told(room)[:2] == ["begins", "goes on"]


def test_it_waits_for_numbers_of_members_and_who_is_alone() -> None:
    room = room_of(file_of("{when: {conference.members: {above: 2}}}", when="conference.started"))
    room.enter(2)
    assert told(room) == ["begins"]
    room.enter(3)
    assert told(room) == ["begins", "goes on"]
    room = room_of(file_of("{when: {member.alone: 10s}}", when="conference.started"))
    room.pass_time(10)
    assert told(room) == ["begins", "goes on"]


def test_it_ends_with_its_conference_unless_it_waits_for_what_comes_later() -> None:
    room = room_of()
    room.exit(1)
    assert room.conference.waiting == {}
    room = room_of(file_of("{when: conference.ended}"))
    room.exit(1)
    assert told(room) == ["begins", "goes on"]
    room = room_of(file_of("{when: recording.ready, timeout: 1h}"))
    room.exit(1)
    restart(room)
    room.enter(2, uuid=OTHER_UUID)
    room.happen("recording.ready", recording_id="r1", url="https://x/r1.mp3")
    assert told(room).count("goes on") == 1


def test_what_came_is_seen_as_awaited() -> None:
    text = file_of("{when: member.digits, by: anybody}")
    room = room_of(text.replace("goes on", '"{{ awaited.digits }} of {{ awaited.member.id }}"'))
    press(room, 7, "42")
    assert told(room) == ["begins", "42 of 7"]


def test_it_may_wait_again_and_the_same_key_counts_once() -> None:
    wait = '{when: {member.digits: "1"}, by: member}'
    room = room_of(file_of(wait, f"      - log: once\n      - wait_for: {wait}\n"))
    press(room, 1)
    assert told(room) == ["begins", "once"]
    press(room, 1)
    assert told(room) == ["begins", "once", "goes on"]


def test_within_a_branch_the_rest_of_it_and_of_do_go_on() -> None:
    text = (
        "version: 1\nrules:\n  - name: it\n    when: member.entered\n    do:\n      - choose:\n"
        "          - if: member.id == '1'\n            do:\n"
        '              - wait_for: {when: {member.digits: "1"}, by: member, timeout: 5s}\n'
        "                else: [{log: late}]\n              - log: in time\n"
        "          - if: member.id == '2'\n            do: [{log: two}]\n      - log: last\n"
    )
    room = room_of(text)
    press(room, 1)
    assert told(room) == ["in time", "last"]
    room = room_of(text)
    room.pass_time(5)
    assert told(room) == ["late"]
    assert [s.action for s in room.rules.rules[0].steps][:2] == ["choose", "wait_for"]


def test_a_dry_run_waits_too() -> None:
    room = room_of(CONSENT.replace("    do:", "    dry_run: true\n    do:"))
    room.pass_time(30)
    assert room.calls == []
    assert room.runs[-1] == ("it", "dry_run")


def test_plivo_is_asked_for_the_digits_that_only_a_step_waits_for() -> None:
    assert published(load(CONSENT, "r"))["digits"] == [{"conference": ["*"], "digits": ["1"]}]


def test_a_rule_that_is_away_for_a_moment_takes_its_else_late() -> None:
    room = room_of()
    rules, room.rules = room.rules, load("version: 1\nrules: []", "r")
    room.pass_time(25)
    room.happen("member.speaking", member_id="1")
    room.pass_time(10)
    room.rules = rules
    room.happen("member.speaking", member_id="1")
    room.pass_time(1)
    assert room.calls == [("hang_up_member", "1")]

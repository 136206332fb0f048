"""What rules remember of a conference: `vars` and `set`."""

from typing import Any

import pytest

from app.domain.conference import Conference
from tests.workers.rules.builders import expression as compiled
from tests.workers.rules.engine.builders import NAME, OTHER_UUID, Timeline
from workers.rules.engine.index import Rules
from workers.rules.engine.lasting.memory import values
from workers.rules.load import load

HANDS = """
version: 1
vars:
  raised: {type: list}
  count: {type: number}
  stage: {type: text, start: waiting}
  open: {type: boolean}
rules:
  - name: Raise
    when: {member.digits: "1"}
    if: member.id not in vars.raised
    do:
      - set: {raised: "{{ vars.raised + [member.id] }}", count: "{{ vars.count + 1 }}"}
      - log: "{{ vars.count }} are raised, {{ vars.raised | join }}"
  - name: Lower
    when: {member.digits: "2"}
    do: [{set: {raised: "{{ vars.raised - [member.id] }}"}}]
  - name: Open
    when: {trigger: toggle}
    if: not vars.open
    do: [{set: {open: true, stage: "open {{ vars.stage }}"}}]
  - name: Close
    when: {trigger: toggle}
    match: {vars.open: true}
    do: [{set: {open: false}}]
  - name: Fill
    when: {trigger: fill}
    do:
      - set: {stage: "{{ data.text }}"}
      - unmute: all
  - name: Later
    when: {trigger: later}
    do:
      - set: {raised: ["a"]}
      - wait: 5s
      - log: "later {{ vars.raised | join }}"
      - set: {count: "{{ data.value }}"}
  - name: At the end
    when: conference.ended
    do: [{log: "in the end {{ vars.raised | join }}"}]
  - name: Late
    when: recording.ready
    do: [{log: "recorded {{ vars.raised | join }}"}]
"""


def hands(**changes: str) -> Timeline:
    text = HANDS
    for before, after in changes.items():
        text = text.replace(before, after)
    return Timeline(load(text, "rules.yaml"), NAME)


def press(room: Timeline, member: int, digits: str = "1") -> None:
    room.happen("member.digits", member_id=str(member), digits=digits)


def pull(room: Timeline, name: str, **data: Any) -> None:
    room.happen("trigger", name=name, data=data, chain=0)


def vars_of(room: Timeline) -> dict[str, Any]:
    return values(room.conference.vars, room.rules.vars)


def test_a_list_keeps_its_type_and_order_and_later_steps_see_it() -> None:
    room = hands()
    for member in (1, 2, 3):
        room.enter(member)
        press(room, member)
    press(room, 2)  # raised already
    press(room, 1, "2")
    assert vars_of(room)["raised"] == ["2", "3"]
    assert room.notes[-1] == "Raise: 3 are raised, 1, 2, 3"
    assert ("Raise", "skipped") in room.runs


def test_the_line_of_the_run_tells_what_was_set() -> None:
    room = hands()
    room.enter(1)
    press(room, 1)
    run = next(run for run in room.decisions[-1].runs if run.rule == "Raise")
    assert run.steps[0] == 'set raised to ["1"], count to 1'


def test_rules_of_one_event_see_the_vars_as_it_found_them() -> None:
    room = hands()
    room.enter(1)
    pull(room, "toggle")
    assert (vars_of(room)["open"], vars_of(room)["stage"]) == (True, "open waiting")
    pull(room, "toggle")
    assert vars_of(room)["open"] is False


def test_every_instance_begins_with_the_start_values() -> None:
    room = hands()
    room.enter(1)
    press(room, 1)
    room.exit(1)
    assert room.notes[-1] == "At the end: in the end 1"
    room.enter(2, uuid=OTHER_UUID)
    assert vars_of(room) == {"raised": (), "count": 0, "stage": "waiting", "open": False}


def test_a_late_recording_sees_those_of_its_instance_until_the_name_is_used_again() -> None:
    room = hands()
    room.enter(1)
    press(room, 1)
    room.exit(1)
    room.happen("recording.ready", recording_id="r1", url="https://x/r1.mp3")
    assert room.notes[-1] == "Late: recorded 1"
    room.enter(2, uuid=OTHER_UUID)
    room.happen("recording.ready", recording_id="r2", url="https://x/r2.mp3")
    assert room.runs[-1] == ("Late", "unknown")


def test_they_are_bounded_and_a_set_beyond_that_fails_with_words() -> None:
    room = hands()
    room.enter(1)
    pull(room, "fill", text="x" * 16_000)
    assert room.runs[-1] == ("Fill", "applied")
    pull(room, "fill", text="y" * 20_000)
    run = room.decisions[-1].runs[-1]
    assert (run.outcome, run.reason) == (
        "failed",
        "the vars of this conference would take 20047 bytes; at most 16384 fit",
    )
    assert vars_of(room)["stage"] == "x" * 16_000
    assert len(room.calls) == 1


def test_a_value_of_another_type_is_refused_when_only_its_event_can_tell() -> None:
    room = hands()
    room.enter(1)
    pull(room, "later", value="many")
    room.pass_time(5)
    run = room.decisions[-1].runs[-1]
    assert (run.outcome, run.reason) == ("failed", 'vars.count is a number, and "many" is none')


def test_after_a_wait_the_run_sees_what_was_set_meanwhile() -> None:
    room = hands()
    room.enter(1)
    pull(room, "later", value=4)
    press(room, 1)
    room.conference = Conference.from_json(room.conference.to_json())
    room.pass_time(5)
    assert "Later: later a, 1" in room.notes
    assert vars_of(room)["count"] == 4


def test_a_dry_run_changes_nothing() -> None:
    room = hands(**{"    when: {trigger: fill}": "    dry_run: true\n    when: {trigger: fill}"})
    room.enter(1)
    pull(room, "fill", text="no")
    assert room.runs[-1] == ("Fill", "dry_run")
    assert vars_of(room)["stage"] == "waiting"


def test_without_a_live_conference_nothing_is_set() -> None:
    room = hands()
    pull(room, "toggle")
    assert room.conference.vars == {}
    assert room.decisions[-1].runs[0].reason == "set: not done, no conference is live"


def test_a_var_whose_type_the_file_changes_begins_anew() -> None:
    room = hands()
    room.enter(1)
    press(room, 1)
    changes = {"count: {type: number}": "count: {type: list}", "count + 1": "count + [1]"}
    room.rules = hands(**changes).rules
    assert values(room.conference.vars, room.rules.vars)["count"] == ()


def test_state_without_vars_is_stored_as_before_and_read_by_this_version() -> None:
    assert '"va"' not in Conference.new("x").to_json()
    stored = '{"v":1,"name":"x","l":true,"n":1,"s":1.0,"m":[[{"id":"1"},1.0]]}'
    assert Conference.from_json(stored).vars == {}


def test_rules_without_vars_see_none_and_pay_for_none() -> None:
    rules: Rules = load("version: 1\nrules: [{name: a, when: member.entered, do: [record]}]", "r")
    room = Timeline(rules)
    room.enter(1)
    assert "vars" not in room.decisions[-1].conference.to_json()


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("[1, 2] + [3]", (1, 2, 3)),
        ("['a', 'b', 'a'] - ['a']", ("b",)),
        ("[] - [1]", ()),
        ("['14155550100'] - [member.from]", ()),
    ],
)
def test_lists_are_added_and_subtracted(expression: str, value: Any) -> None:
    assert compiled(expression).evaluate({"member": {"from": "+14155550100"}}) == value

"""`choose`: the first branch whose `if` holds, `else`, and what follows."""

from typing import Any

import pytest

from app.domain.conference import Conference
from tests.workers.rules.engine.builders import NAME, Timeline
from workers.rules.load import load

HEAD = "version: 1\nvars: {n: {type: number}}\nrules:\n"
CHOOSE = (
    HEAD
    + """
  - name: it
    when: {trigger: go}
    do:
      - log: first
      - choose:
          - if: data.a == 1
            do:
              - log: one
              - choose:
                  - if: data.b == 1
                    do:
                      - log: one-one
                      - wait: 5s
                      - set: {n: "{{ vars.n + 1 }}"}
                  - if: data.b == 2
                    do:
                      - webhook: {url: "https://crm.example.com/hook"}
          - if: data.a == 2
            do:
              - hang_up: conference
        else:
          - log: other
      - log: last {{ vars.n }}
"""
)


def room_of(text: str = CHOOSE) -> Timeline:
    room = Timeline(load(text, "rules.yaml"), NAME)
    room.enter(1)
    return room


def go(room: Timeline, **data: Any) -> None:
    room.happen("trigger", name="go", data=data, chain=0)


def told(room: Timeline) -> list[str]:
    return [note.removeprefix("it: ") for note in room.notes]


@pytest.mark.parametrize(
    ("data", "notes"),
    [
        ({"a": 1, "b": 3}, ["first", "one", "last 0"]),
        ({"a": 2}, ["first", "last 0"]),
        ({"a": 3}, ["first", "other", "last 0"]),
    ],
)
def test_one_branch_is_taken_and_then_the_rest(data: dict[str, Any], notes: list[str]) -> None:
    room = room_of()
    go(room, **data)
    assert told(room) == notes
    assert (("hang_up",) in room.calls) is (data["a"] == 2)


def test_a_wait_within_a_branch_goes_on_there_after_a_restart() -> None:
    room = room_of()
    go(room, a=1, b=1)
    assert told(room) == ["first", "one", "one-one"]
    room.conference = Conference.from_json(room.conference.to_json())
    room.pass_time(5)
    assert told(room)[3:] == ["last 1"]


def test_a_webhook_at_the_end_of_a_branch_is_awaited_before_the_rest() -> None:
    room = room_of()
    go(room, a=1, b=2)
    call = room.decisions[-1].calls[0]
    assert told(room) == ["first", "one"]
    room.conference = Conference.from_json(room.conference.to_json())
    room.happen("step.done", run=call.run, step=call.step + 1)  # not the one
    assert told(room) == ["first", "one"]
    room.happen("step.done", run=call.run, step=call.step)
    assert told(room)[2:] == ["last 0"]


def test_the_run_tells_which_branch() -> None:
    room = room_of()
    go(room, a=1, b=3)
    run = room.decisions[-1].runs[0]
    assert run.steps == (
        "log: first",
        "choose: data.a == 1",
        "log: one",
        "choose: nothing holds",
        "log: last 0",
    )
    go(room, a=4)
    assert "else" in room.decisions[-1].runs[0].steps


def test_a_condition_without_an_answer_stops_the_run_unless_it_may_go_on() -> None:
    room = room_of()
    go(room, b=1)
    assert room.runs[-1] == ("it", "unknown")
    assert told(room) == []
    room = room_of(CHOOSE.replace("        else:\n", "        on_error: continue\n        else:\n"))
    go(room, b=1)
    assert told(room) == ["first", "last 0"]


def test_a_dry_run_tells_the_branch_and_calls_nobody() -> None:
    room = room_of(CHOOSE.replace("    do:\n      - log: first", "    dry_run: true\n    do:\n"
                                  "      - log: first"))  # fmt: skip
    go(room, a=2)
    assert room.calls == []
    assert room.decisions[-1].runs[0].outcome == "dry_run"


def test_what_expires_within_a_branch_expires() -> None:
    room = room_of(
        CHOOSE.replace("- hang_up: conference", "- {speak: {to: all, text: x}, expires_in: 1s}")
    )
    room.feed(room.event("trigger", name="go", data={"a": 2}, chain=0), now=room.at + 2)
    assert room.calls == []
    assert "expires after 1s" in room.decisions[-1].runs[0].steps[-1]


def test_rules_without_choose_keep_their_ids() -> None:
    text = "version: 1\nrules: [{name: a, when: member.entered, do: [record, {wait: 5s}, record]}]"
    assert load(text, "r").rules[0].id == "003ed7d043d9"

"""A step's answer as data: `response` after a webhook, `recording` after `record`."""

import json
from typing import Any

import pytest

from app.domain.call import Call
from app.domain.conference import Conference
from tests.workers.rules.engine.builders import NAME, OTHER_UUID, Timeline
from workers.rules.engine.lasting.answers import MOST_KEPT, TOO_MANY
from workers.rules.load import load


def file_of(*after: str, when: str = "member.entered", more: str = "", ask: str = "") -> str:
    """A rule that asks the CRM, and does these steps after it."""
    ask = ask or 'webhook: {url: "https://crm.example.com/"}'
    steps = "".join(f"      - {step}\n" for step in (ask, *after))
    return (
        "version: 1\nvars: {tier: {type: text}, n: {type: number}}\nrules:\n"
        f"  - name: it\n    when: {when}\n{more}    do:\n{steps}"
    )


def room_of(*after: str, **how: str) -> Timeline:
    room = Timeline(load(file_of(*after, **how), "rules.yaml"), NAME)
    room.enter(1)
    return room


def last_call(room: Timeline) -> Call:
    return next(call for d in reversed(room.decisions) for call in reversed(d.calls))


def answer(room: Timeline, response: Any, error: str = "") -> None:
    call = last_call(room)
    data = {"run": call.run, "step": call.step, "call": call.id, "verb": call.verb}
    data |= {"response": response} if response is not None else {}
    if error:
        room.happen("action.failed", **data, error=error, rule="it")
    else:
        room.happen("step.done", **data)


def json_of(value: Any, **more: Any) -> dict[str, Any]:
    return {"status": 200, "size": 9, "json": value, **more}


def restart(room: Timeline) -> None:
    room.conference = Conference.from_json(room.conference.to_json())


def told(room: Timeline) -> list[str]:
    return [note.removeprefix("it: ") for note in room.notes]


SAYS = 'log: "{{ response.status }} {{ response.json.vip }}"'


def test_the_steps_after_a_webhook_see_its_answer_whatever_restarts() -> None:
    room = room_of(SAYS, "wait: 5s", SAYS)
    restart(room)
    assert last_call(room).asks
    answer(room, json_of({"vip": True}))
    restart(room)
    room.pass_time(6)
    assert told(room) == ["200 true", "200 true"]
    assert room.decisions[-2].runs[0].steps[0] == "answered 200, 9 bytes"


def test_the_answer_is_kept_no_longer_than_steps_ask_for_it() -> None:
    room = room_of(SAYS, "wait: 5s", "log: over")
    answer(room, json_of({"vip": "zebra"}))
    [waiting] = room.conference.waiting.values()
    assert "response" not in waiting.fields
    assert "zebra" not in room.conference.to_json()


def test_nobody_asks_where_no_step_does() -> None:
    room = room_of("log: over", 'webhook: {url: "https://crm.example.com/"}')
    assert not last_call(room).asks
    assert "asks" not in last_call(room).to_json_dict()


def test_the_last_webhook_counts() -> None:
    room = room_of(SAYS, 'webhook: {url: "https://crm.example.com/2"}', SAYS)
    answer(room, json_of({"vip": 1}))
    answer(room, {"status": 204, "size": 0, "left_out": "its body is empty"})
    assert told(room) == ["200 1"]
    reason = room.decisions[-1].runs[0].reason
    assert reason == "response.json.vip is absent (its body is empty)"


def test_one_that_could_not_be_sent_has_no_answer_nor_that_of_one_before() -> None:
    second = 'webhook: {url: "https://crm.example.com/{{ member.role }}", on_error: continue}'
    room = room_of(second, "log: \"{{ response.json.vip | default('none') }}\"")
    answer(room, json_of({"vip": 1}))
    assert told(room) == ["none"]


CHOICE = """choose:
          - if: response.json.vip | default(false)
            do: [log: vip]
        else: [log: "{{ response.status | default('none') }}"]
"""


@pytest.mark.parametrize(
    ("response", "error", "said"),
    [
        (json_of({"vip": True}), "", "vip"),
        (json_of({}), "", "200"),
        (json_of("text"), "", "200"),
        ({"status": 200, "size": 5, "left_out": "its body is no JSON"}, "", "200"),
        ({"status": 404}, "crm.example.com answered 404", "404"),
        ({}, "expired", "none"),
        (None, "expired", "none"),
    ],
)
def test_branches_decide_on_it(response: Any, error: str, said: str) -> None:
    ask = 'webhook: {url: "https://crm.example.com/", on_error: continue}'
    room = room_of(CHOICE, ask=ask)
    answer(room, response, error)
    assert told(room)[-1:] == [said]


def test_a_failure_stops_the_run_as_ever() -> None:
    room = room_of(CHOICE)
    answer(room, {"status": 404}, "crm.example.com answered 404")
    assert told(room) == ["the run of rule “it” does not go on: step 1 failed"]


@pytest.mark.parametrize(
    "step",
    [
        'set: {tier: "{{ response.json.tier }}"}',
        'set: {n: "{{ response.json.tier }}"}',
        'speak: {to: all, text: "{{ response.json.tier }}"}',
        'play: {to: all, url: "{{ response.json.tier }}"}',
        'play: {to: all, url: "https://x/{{ response.json.tier | round }}.mp3"}',
        "choose: [{if: response.json.tier < 3, do: [{log: less}]}]",
        "mute: {where: member.id == response.json.tier}",
        'trigger: x\n        data: {n: "{{ response.json.tier + 1 }}"}',
    ],
)
def test_no_line_tells_a_value_of_it(step: str) -> None:
    room = room_of(step)
    answer(room, json_of({"tier": "zebra"}))
    [run] = [one for one in room.decisions[-1].runs if one.rule == "it"]
    assert "zebra" not in json.dumps(run.for_journal())
    assert not [note for note in room.notes if "zebra" in note]


def test_a_var_can_keep_it() -> None:
    room = room_of('set: {tier: "{{ response.json.tier }}"}')
    answer(room, json_of({"tier": "gold"}))
    assert room.conference.vars == {"tier": "gold"}
    assert room.decisions[-1].runs[0].steps[1] == "set tier (by the response)"


def test_a_dry_run_ends_before_it_would_decide_on_what_nobody_answered() -> None:
    room = room_of("log: sent", CHOICE, "log: after", more="    dry_run: true\n")
    [run] = room.decisions[0].runs
    assert run.outcome == "dry_run"
    assert run.steps[-1] == "choose: asks for response, which a dry run does not get; it ends"
    assert room.conference.waiting == {}


def test_what_waiting_runs_keep_is_bounded_in_all() -> None:
    room = room_of("wait: 5s", SAYS)
    big = "x" * (MOST_KEPT // 4 - 100)
    for member in range(1, 7):
        if member > 1:
            room.enter(member)
        answer(room, json_of({"vip": big}))
        assert len(room.conference.to_json()) < MOST_KEPT + 10_000
    room.pass_time(6)
    assert [note[:6] for note in told(room)] == ["200 xx"] * 4
    reasons = {run.reason for d in room.decisions for run in d.runs if run.outcome == "unknown"}
    assert reasons == {f"response.json.vip is absent ({TOO_MANY})"}


def test_an_answer_waits_for_a_rule_that_is_away() -> None:
    room = room_of(SAYS)
    rules, room.rules = room.rules, load("version: 1\nrules: []", "r")
    room.happen("member.speaking", member_id="1")
    answer(room, json_of({"vip": "x"}))
    restart(room)
    room.rules = rules
    room.happen("member.speaking", member_id="1")
    room.pass_time(1)
    assert told(room)[-1] == "200 x"


def test_a_run_goes_on_after_its_conference_with_what_was_answered() -> None:
    room = room_of(SAYS, when="conference.ended")
    room.exit(1)
    room.enter(2, uuid=OTHER_UUID)
    answer(room, json_of({"vip": 5}))
    assert told(room) == ["200 5"]


def test_within_branches_it_is_known_where_it_was_asked() -> None:
    text = file_of(
        "set: {tier: \"{{ response.json.tier | default('unknown') }}\"}",
        ask="""choose:
          - if: member.id == "1"
            do:
              - webhook: {url: "https://crm.example.com/"}
              - log: "{{ response.status }}"
""",
    )
    room = Timeline(load(text, "r"), NAME)
    room.enter(2)
    assert room.conference.vars == {"tier": "unknown"}
    room.enter(1)
    answer(room, json_of({"tier": "gold"}))
    assert room.conference.vars == {"tier": "gold"}


RECORDS = 'log: "{{ recording.id }}"'


def recorded(*after: str, **how: str) -> Timeline:
    how.setdefault("when", "conference.started")
    return room_of(*after, **{"ask": "record", **how})


def test_after_record_the_id_of_the_recording_is_known() -> None:
    room = recorded(RECORDS, "wait: 5s", RECORDS)
    restart(room)
    room.happen("record.answered", call=last_call(room).id, recording_id="rec-7")
    room.pass_time(6)
    assert told(room) == ["rec-7", "rec-7"]
    assert room.conference.records["rec-7"].call == last_call(room).id


def test_the_answer_to_another_call_is_none() -> None:
    room = recorded(RECORDS)
    room.happen("record.answered", call="evt-9.0.0", recording_id="rec-7")
    assert told(room) == []


def test_a_recording_that_runs_already_is_known_at_once() -> None:
    room = recorded("log: begun", ask="log: none")
    room.happen("recording.started", recording_id="rec-1", url="https://m/rec-1.mp3")
    room.rules = load(file_of(RECORDS, ask="record"), "r")
    room.enter(2)
    assert told(room)[-1] == "rec-1"
    assert room.calls == []


def test_where_plivo_tells_no_id_it_is_absent() -> None:
    room = recorded(RECORDS)
    room.happen("record.answered", call=last_call(room).id, already=True)
    assert room.decisions[-1].runs[0].reason == "recording.id is absent"
    assert room.conference.records == {}


def test_it_does_not_wait_for_the_answer_where_no_step_asks() -> None:
    room = recorded("log: begun")
    assert told(room) == ["begun"]


def test_it_ends_with_its_conference() -> None:
    room = recorded(RECORDS)
    room.exit(1)
    assert told(room) == ["the run of rule “it” does not go on: the conference has ended"]
    assert room.conference.waiting == {}


def test_the_recording_of_the_trigger_stays_that() -> None:
    room = recorded(RECORDS, when="recording.ready")
    room.happen("recording.ready", recording_id="rec-1", url="https://m/rec-1.mp3", duration=1.0)
    assert told(room) == ["rec-1"]
    assert not last_call(room).asks

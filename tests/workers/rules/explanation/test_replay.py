import json
from collections.abc import Mapping
from typing import Any

import pytest

from app.domain.call import Call
from app.domain.conference import Conference
from app.domain.event import Event
from app.store.commit import journal_line
from tests.workers.rules.simulation.books import STANDUP, asking, standup
from workers.conference.outbox import outcome
from workers.rules.explanation.explain import explain
from workers.rules.explanation.explain_text import render_explanation
from workers.rules.explanation.replay import UnreadableRecord, events_of, read_lines, replay
from workers.rules.explanation.replay_text import render_diff
from workers.rules.load import load
from workers.rules.vocabulary.triggers import EVENTS

AT = 1_800_000_000.0


def event(number: int, kind: str, after: float, **data: Any) -> Event:
    told = {"member_id": "7", "call_uuid": "call-7", "from": "+4930", **data}
    return Event(f"evt-{number}", kind, "standup-eu", AT + after, "uuid-1", told)


RECORDED = [
    event(1, "member.entered", 0.0),
    Event("tmr-1", "timer", "standup-eu", AT + 600, "", {"timer": "1.old.1", "due": AT + 600}),
    event(2, "member.exited", 700.0),
]


def test_the_same_rules_decide_the_same() -> None:
    diff = replay(RECORDED, standup(), standup())
    assert (diff.events, diff.changes) == (2, ())


def test_what_changes_is_told_with_calls_and_reasons() -> None:
    other = STANDUP.replace("mute: member", "deaf: member").replace(
        "{not_in: hosts}", "{in: hosts}"
    )
    diff = replay(RECORDED, standup(), load(other, "new.yaml"))
    (change,) = diff.changes
    assert (change.event, change.kind) == ("evt-1", "member.entered")
    assert change.only_before == ("mute 7",)
    assert change.only_after == ()
    (name, before, after) = change.runs[0]
    assert (name, before) == ("Guests join muted", "applied")
    assert after.startswith("skipped (")


def test_timers_are_those_of_each_set_of_rules() -> None:
    other = STANDUP.replace("duration: 15m", "duration: 10m")
    text = render_diff(replay(RECORDED, standup(), load(other, "new.yaml")))
    assert "+ hang_up" in text
    assert '- speak all {"text": "This call ends in 5 minutes."}' in text
    assert text.endswith("2 events replayed, 3 decided differently\n")


def test_events_are_read_from_the_journal_and_from_lines() -> None:
    told = {"id": "evt-1", "kind": "member.entered", "uuid": "u", "data": {"member_id": "1"}}
    journal = [
        {"at": AT, "conference": "a", "kind": "event", "event": told},
        {"at": AT, "conference": "a", "kind": "run", "event": "evt-1", "rule": "x"},
        {"at": AT, "conference": "a", "kind": "note", "text": "x"},
    ]
    (from_journal,) = events_of(journal)
    (from_lines,) = read_lines(json.dumps({"at": AT, "conference": "a", **told}) + "\n\n")
    assert (
        from_journal == from_lines == Event("evt-1", "member.entered", "a", AT, "u", told["data"])
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "line 1 is not JSON"),
        ("[]", "line 1 is not a JSON object"),
        ('{"kind": "trigger", "conference": "a"}', "record 1 is not an event"),
    ],
)
def test_a_record_that_cannot_be_read_is_told(text: str, problem: str) -> None:
    with pytest.raises(UnreadableRecord, match=problem):
        list(read_lines(text))


def test_what_webhooks_were_answered_is_said_to_be_unknown() -> None:
    diff = replay(RECORDED, standup(), asking())
    assert diff.unanswered == 1
    text = render_diff(diff)
    assert "1 webhook asks for an answer that is not recorded" in text
    assert "response.json.vip is absent (what it was answered is not known here)" in text
    assert replay(RECORDED, asking(), standup()).unanswered == 0


ASKS = """
version: 1
rules:
  - name: Two at once
    when: member.entered
    if: account.conference_count == 2
    do: [{mute: member}]
"""


def test_other_conferences_are_played_along_where_rules_ask_what_else_is_live() -> None:
    other = Event("evt-9", "member.entered", "sales-1", AT - 5, "uuid-9", {"member_id": "1"})
    asks, none = load(ASKS, "new.yaml"), load("version: 1\nrules: []", "old.yaml")
    diff = replay([*RECORDED, other], none, asks, only="standup-eu")
    assert diff.events == 2
    assert [one.only_after for one in diff.changes if one.only_after] == [("mute 7",)]
    alone = replay(RECORDED, none, asks, only="standup-eu")
    assert not [one for one in alone.changes if one.only_after]


def test_what_was_recorded_with_an_event_counts() -> None:
    entry = {
        "at": AT,
        "conference": "standup-eu",
        "kind": "event",
        "event": {
            "id": "evt-1",
            "kind": "member.entered",
            "data": {"member_id": "7"},
            "account": {"count": 1, "others": ["sales-1"]},
        },
    }
    none = load("version: 1\nrules: []", "old.yaml")
    diff = replay(events_of([entry]), none, load(ASKS, "new.yaml"))
    assert diff.changes[0].only_after == ("mute 7",)


def test_what_is_ensured_is_replayed_against_what_plivos_lists_showed() -> None:
    rows = [{"member_id": "7", "call_uuid": "call-7", "muted": False}]
    listed = event(3, "conference.observed", 60.0, members=rows)
    ensured = "version: 1\nrules: [{name: Muted, ensure: {muted: true}}]"
    without = "version: 1\nrules: [{name: Muted, when: member.entered, do: [{mute: member}]}]"
    told = [event(1, "member.entered", 0.0), listed]
    diff = replay(told, load(without, "old.yaml"), load(ensured, "new.yaml"))
    assert [(one.event, one.only_before, one.only_after) for one in diff.changes] == [
        ("evt-3", (), ("mute 7",))
    ]
    assert diff.changes[0].runs[0][2].startswith("applied (Plivo's list shows member 7 not muted)")


def test_other_conferences_are_played_along_where_rules_reach_into_others() -> None:
    text = """
version: 1
rules:
  - name: Call the others
    when: member.entered
    match: {conference: sales-1}
    do: [{trigger: back, conference: standup-eu}]
  - name: Back
    when: {trigger: back}
    do: [{speak: {to: all, text: "Come back."}}]
"""
    other = Event("evt-9", "member.entered", "sales-1", AT + 5, "uuid-9", {"member_id": "1"})
    rules, none = load(text, "new.yaml"), load("version: 1\nrules: []", "old.yaml")
    diff = replay([*RECORDED, other], none, rules, only="standup-eu")
    (calls,) = [one.only_after for one in diff.changes if one.only_after]
    assert calls[0].startswith("speak all")


ALARM = """
version: 1
rules:
  - {name: Record, when: conference.started, do: [record]}
  - {name: Alarm, when: {recording.missing: 1m}, do: [webhook: {url: "https://ops.example.com/"}]}
"""
QUIET = ALARM.replace("name: Alarm,", "name: Alarm, enabled: false,")
READY = {"recording_id": "r1", "url": "https://media.plivo.com/r1.mp3", "duration": 30}


def sought(number: int, after: float, uuid: str = "uuid-1", **data: Any) -> Event:
    """What Plivo's Recording API said."""
    told = {"number": 1, "said": "it has none", **data}
    return Event(f"evt-{number}", "recordings.sought", "standup-eu", AT + after, uuid, told)


@pytest.mark.parametrize(
    ("came", "told"),
    [
        ([], True),
        ([sought(3, 91)], True),
        ([event(3, "recording.ready", 91, **READY), sought(4, 92, said="it has r1")], False),
        ([event(3, "recording.ready", 700, **READY)], False),
        ([sought(3, 91), event(4, "recording.ready", 700, **READY)], True),
        ([sought(3, 150), event(4, "recording.ready", 700, **READY)], True),
        ([sought(3, 91, "uuid-0"), event(4, "recording.ready", 700, **READY)], False),
        ([sought(3, 86_491, said="it could not be found out: 503", error="503")], False),
        ([sought(3, 91, error="503"), event(4, "recording.ready", 700, **READY)], False),
    ],
    ids=[
        *("never", "Plivo has none", "healed", "by a callback that was late"),
        *("none at first", "none later", "none of another", "not found out", "asked in vain"),
    ],
)
def test_a_recording_is_told_as_missing_where_plivo_had_none(came: list[Event], told: bool) -> None:
    begun = event(2, "recording.started", 1.0, recording_id="r1")
    later = Event(
        "evt-9", "member.entered", "standup-eu", AT + 90_000, "uuid-2", {"member_id": "8"}
    )
    over = event(8, "member.exited", 30.0, last=True)
    happened = [event(1, "member.entered", 0.0), begun, over, *came, later]
    diff = replay(happened, load(QUIET, "old.yaml"), load(ALARM, "new.yaml"))
    calls = [call for one in diff.changes for call in one.only_after]
    assert [call.partition(" ")[0] for call in calls] == (["webhook"] if told else [])


CALL = Call(
    *("call-1", "webhook", "standup-eu", ("7",), {"url": "https://crm.example.com/"}),
    *("run-1", "rul-1", 0, "evt-1", AT, AT + 9, "continue", "uuid-1"),
    asks=True,
)
PRESENT: Mapping[str, Any] = {
    **{"text": "x", "flag": True, "mapping": {"a": 1}, "seconds": 1.5, "number": 2},
    "rows": [{"member_id": "7", "muted": False}],
}
WRITTEN: Mapping[str, Mapping[str, Any]] = {
    **{
        kind: {n: PRESENT[f.rstrip("!")] for n, f in one.data.items()}
        for kind, one in EVENTS.items()
    },
    "call.retry": {"call": CALL.to_json_dict()},
    "step.done": outcome(CALL, "", {"response": {"status": 200, "size": 2, "json": {}}}).data,
    "action.failed": outcome(CALL, "its receiver answered 500", {"response": {"status": 500}}).data,
    "record.answered": {"call": "call-1", "recording_id": "r1", "api_id": "api-1"},
    "conference.observed": {"gone": True, "as_of": AT, "api_id": "api-1"},
    "recordings.sought": {"number": 1, "said": "it could not be found out", "error": "away"},
    "callback.unknown": {
        "action": "",
        "fields": {"Event": "New", "duration": "?"},
        "unreadable": [],
    },
}
"""What the makers of these events put into them, beside what the catalogue names."""


@pytest.mark.parametrize("kind", EVENTS)
def test_every_kind_is_read_again_as_the_journal_keeps_it(kind: str) -> None:
    written = Event("evt-1", kind, "standup-eu", AT, "uuid-1", WRITTEN[kind])
    entry = json.loads(journal_line("standup-eu", AT, "event", event=written.for_journal()))
    left_out: list[str] = []
    (read,) = events_of([entry], left_out)
    assert not left_out
    assert (read.id, read.kind, read.at) == ("evt-1", kind, AT)
    found = explain(read, Conference.new("standup-eu"), standup(), AT, "https://gavel.example.com")
    assert render_explanation(found)


def test_a_long_value_of_the_wrong_type_is_not_told_cut() -> None:
    wrong = {"id": "evt-1", "kind": "member.digits", "data": {"member_id": "7", "digits": [1] * 99}}
    left_out: list[str] = []
    entry = {"at": AT, "conference": "a", "kind": "event", "event": wrong}
    assert list(events_of([entry], left_out)) == []
    assert left_out == [
        "record 1 can not be decided: `digits` in `data` must be a text, not a list"
    ]

import re
from dataclasses import replace
from typing import Any

from app.domain.conference import Conference
from app.domain.event import Event, OthersLive
from tests.workers.rules.simulation.books import asking, standup
from workers.rules.engine.decide import decide
from workers.rules.explanation.asked import state_after
from workers.rules.explanation.explain import Explanation, explain
from workers.rules.explanation.explain_text import render_explanation
from workers.rules.load import load

AT = 1_800_000_000.0
RULES = standup()


def entered(conference: str = "standup-eu", **data: Any) -> Event:
    told = {"member_id": "7", "call_uuid": "call-7", **data}
    return Event("evt-1", "member.entered", conference, AT, "uuid-1", told)


def explained(event: Event, state: Conference | None = None) -> Explanation:
    room = state or Conference.new(event.conference)
    return explain(event, room, RULES, AT, "https://gavel.example.com")


def reasons(explanation: Explanation) -> dict[str, tuple[str, str]]:
    return {v.rule: (v.outcome, v.reason) for v in explanation.verdicts}


def test_every_rule_says_whether_it_applies_and_why_not() -> None:
    told = reasons(explained(entered(**{"from": "+14155550100"})))
    assert told["Guests join muted"][0] == "skipped"
    assert "hosts" in told["Guests join muted"][1]
    assert told["Warn"] == ("not asked", "it waits for conference.time_left")
    assert told["Nobody is at home"] == ("not asked", "it is not enabled")
    assert told["The host opens the floor"] == ("not asked", "it waits for member.digits")


def test_an_absent_field_is_named() -> None:
    assert reasons(explained(entered()))["Guests join muted"] == (
        "unknown",
        "member.from is absent",
    )


def test_another_conference_is_named() -> None:
    outcome, reason = reasons(explained(entered("board", **{"from": "+1"})))["Guests join muted"]
    assert outcome == "not asked"
    assert "board" in reason


def test_other_digits_are_named() -> None:
    state = decide(Conference.new("standup-eu"), [entered()], RULES, AT).conference
    data = {"member_id": "7", "digits": "9"}
    event = Event("evt-2", "member.digits", "standup-eu", AT, "uuid-1", data)
    assert reasons(explained(event, state))["The host opens the floor"] == (
        "not asked",
        "member.digits was 9, it waits for *1",
    )


def test_the_exact_requests_are_told() -> None:
    state = decide(Conference.new("standup-eu"), [entered()], RULES, AT).conference
    data = {"member_id": "7", "digits": "*1"}
    event = Event("evt-2", "member.digits", "standup-eu", AT, "uuid-1", data)
    text = render_explanation(explained(event, state), account="MA1")
    assert "DELETE /v1/Account/MA1/Conference/standup-eu/Member/all/Mute/" in text
    assert "POST https://crm.example.com/floor" in text
    assert '{"n": 1}' in text


def test_timers_that_are_set_and_cancelled_are_told() -> None:
    explanation = explained(entered())
    assert explanation.meant == ("conference.started", "member.entered", "conference.members")
    assert [round(timer.due - AT) for timer in explanation.timers_set] == [600, 840, 900]
    data = {"member_id": "7", "call_uuid": "call-7"}
    exit_event = Event("evt-2", "member.exited", "standup-eu", AT + 5, "uuid-1", data)
    after = explained(exit_event, explanation.decision.conference)
    assert len(after.timers_cancelled) == 3
    assert "(cancelled)" in render_explanation(after)


def test_a_request_that_would_never_be_sent_says_why() -> None:
    event = entered("standup-eu", **{"member_id": "seven", "from": "+1"})
    assert "never sent: 'seven' is not a member id" in render_explanation(explained(event))


def test_an_ignored_event_says_why() -> None:
    explanation = explained(entered())
    again = explained(entered(), explanation.decision.conference)
    assert "in already" in render_explanation(again)
    assert not again.wanted


INTERNAL = re.compile(r"\d+\.[a-z_]+\.[0-9a-f]{6,}|evt-\w+\.\d|[0-9a-f]{12}")


def test_a_repeat_is_called_one() -> None:
    again = explained(entered(), explained(entered()).decision.conference)
    assert reasons(again)["Guests join muted"] == (
        "not asked",
        "member 7 is in already: a repeat; `--state empty` to ask anew",
    )
    assert "means: nothing new: member 7 is in already" in render_explanation(again)


def test_an_event_of_an_earlier_instance_is_no_repeat() -> None:
    ended = Event("evt-2", "member.exited", "standup-eu", AT + 5, "uuid-1", entered().data)
    before = explained(entered()).decision.conference
    after = explained(ended, before).decision.conference
    late = explained(entered(), after)
    assert reasons(late)["Guests join muted"][1] == (
        "its conference has ended; `--state empty` to ask anew"
    )


def test_timers_are_told_by_what_they_are_for_and_no_id_is_shown() -> None:
    text = render_explanation(explained(entered()))
    assert "the limit: everybody is hung up" in text
    assert "conference.time_left, for “Warn”" in text
    assert not INTERNAL.search(text)


def test_a_timer_that_is_late_is_told_without_its_id() -> None:
    before = explained(entered()).decision.conference
    timer = next(one for one in before.timers.values() if one.kind == "conference.time_left")
    due = Event("evt-3", "timer", "standup-eu", timer.due, "", {"timer": timer.id})
    late = decide(before, [due], RULES, timer.due + 5)
    assert late.notes[0] == "the timer “time left” was 5s late"
    assert "event: the timer “time left” in standup-eu" in render_explanation(
        explained(due, before)
    )


def test_what_is_remembered_is_told_before_and_after() -> None:
    rules = load(
        "version: 1\nvars: {raised: {type: list}, open: {type: boolean}}\nrules:\n"
        "  - name: Raise\n    when: member.entered\n    if: not vars.open\n"
        "    do: [{set: {raised: '{{ vars.raised + [member.id] }}', open: false}}]\n",
        "rules.yaml",
    )
    found = explain(entered(), Conference.new("standup-eu"), rules, AT)
    assert found.vars == (("raised", (), ["7"]), ("open", False, False))
    text = render_explanation(found)
    assert '  + raised is ["7"] (was [])\n    open is false\n' in text


def test_it_is_said_that_steps_wait_for_an_answer() -> None:
    found = explain(entered(), Conference.new("standup-eu"), asking(), AT)
    line = "webhook: https://crm.example.com/; the steps after it wait for the answer"
    assert found.verdicts[0].steps == (line,)


def test_the_state_before_an_event_has_what_record_was_answered_as_recorded() -> None:
    rules = load(
        """
version: 1
rules:
  - name: Record
    when: conference.started
    do: [record, {wait: 1h}, {log: "{{ recording.id }}"}]
""",
        "rules.yaml",
    )
    first = entered()
    later = replace(entered(), id="evt-3", at=AT + 9)
    [run] = state_after([first], rules, later).waiting
    answer = Event("evt-2", "record.answered", first.conference, AT + 1, "uuid-1",
                   {"call": f"{run}.0", "recording_id": "rec-7"})  # fmt: skip
    before = state_after([first, answer], rules, later)
    assert [one.fields["recording"] for one in before.waiting.values()] == [{"id": "rec-7"}]
    assert list(before.records) == ["rec-7"]


def test_a_recorded_event_is_explained_by_what_else_was_live_then() -> None:
    rules = load(
        """
version: 1
rules:
  - name: Two at once
    when: member.entered
    match: {account.conference_count: 2}
    do: [{mute: member}]
""",
        "rules.yaml",
    )
    for account, outcome in ((OthersLive(("sales-1",), 1), "applied"), (OthersLive(), "skipped")):
        event = replace(entered(), account=account)
        found = explain(event, Conference.new("standup-eu"), rules, AT)
        assert found.verdicts[0].outcome == outcome


ENSURED = load(
    "version: 1\nrules:\n"
    "  - {name: Muted, ensure: {muted: {where: member.id == '7'}}}\n"
    "  - {name: If, if: conference.member_count > 5, ensure: {recording: true}}\n"
    "  - {name: Elsewhere, match: {conference: board}, ensure: {recording: true}}\n"
    "  - {name: Asleep, enabled: false, ensure: {recording: true}}\n",
    "rules.yaml",
)


def test_what_is_ensured_says_what_was_otherwise_or_why_nothing_is_done() -> None:
    before = Conference.new("standup-eu")
    found = explain(entered(), before, ENSURED, AT, "https://gavel.example.com")
    assert reasons(found) == {
        "Muted": ("applied", ""),
        "If": ("skipped", "`conference.member_count > 5` is false"),
        "Elsewhere": ("skipped", "conference.name is 'standup-eu', not board"),
        "Asleep": ("not asked", "it is not enabled"),
    }
    assert [r.path for w in found.wanted for r in w.requests] == [
        "/Conference/standup-eu/Member/7/Mute/"
    ]
    after = found.decision.conference
    again = explain(entered(member_id="8", call_uuid="call-8"), after, ENSURED, AT)
    assert reasons(again)["Muted"] == ("skipped", "all is as it shall be")


def test_nothing_is_ensured_where_nobody_is() -> None:
    event = Event("evt-1", "trigger", "standup-eu", AT, "", {"name": "x"})
    outcome, reason = reasons(explain(event, Conference.new("standup-eu"), ENSURED, AT))["Muted"]
    assert (outcome, "which it is not" in reason) == ("not asked", True)


def test_what_was_undone_is_told_as_a_timer() -> None:
    state = decide(Conference.new("standup-eu"), [entered()], ENSURED, AT).conference
    rows = [{"member_id": "7", "call_uuid": "call-7", "muted": False}]
    for at in (AT + 100, AT + 200):
        data = {"members": rows}
        listed = Event(f"evt-{at}", "conference.observed", "standup-eu", at, "", data)
        found = explain(listed, state, ENSURED, at)
        state = found.decision.conference
    text = render_explanation(found)
    assert "(in 1m) what is ensured and was undone is tried again" in text
    assert (
        "note: “Muted”: somebody else unmutes member 7 again and again; trying again in 1m" in text
    )

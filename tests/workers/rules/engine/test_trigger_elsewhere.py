"""A trigger for another conference."""

from tests.workers.rules.engine.builders import Timeline
from workers.rules.engine.decide import Decision
from workers.rules.engine.inner_steps import MOST_DESCENDANTS
from workers.rules.load import load
from workers.rules.simulation.simulator import Made, Simulator

RULES = """
version: 1
rules:
  - name: Call back
    when: {member.digits: "9"}
    do:
      - trigger: back
        conference: "{{ data_of }}"
        data: {who: "{{ member.id }}"}
  - name: Back
    when: {trigger: back}
    do:
      - log: "{{ data.who }} from elsewhere"
      - speak: {to: all, text: "Come back."}
      - trigger: again
  - name: Again
    when: {trigger: again}
    do: [{mute: all}]
"""


def called_back(to: str) -> Decision:
    room = Timeline(load(RULES.replace('"{{ data_of }}"', to), "rules.yaml"), "red")
    room.enter(1)
    return room.happen("member.digits", member_id="1", digits="9")


def test_it_is_sent_there_without_member_and_instance_and_decided_there_only() -> None:
    decision = called_back("blue")
    (sent,) = decision.sent
    assert (sent.kind, sent.conference, sent.uuid) == ("trigger", "blue", "")
    assert (sent.data["name"], sent.data["data"]) == ("back", {"who": "1"})
    assert "member_id" not in sent.data
    assert (decision.calls, decision.events) == ((), ())
    assert decision.runs[0].steps == ("trigger back in blue",)


def test_the_other_conference_does_what_its_rules_say_and_triggers_nothing_more() -> None:
    decision = called_back("blue")
    other = Timeline(load(RULES.replace('"{{ data_of }}"', "blue"), "rules.yaml"), "blue")
    other.enter(7)
    found = other.feed(*decision.sent)
    assert [call.verb for call in found.calls] == ["speak"]
    assert found.runs[-1].outcome == "failed"
    assert found.runs[-1].reason == "trigger again refused: another conference has triggered this"


def test_its_own_name_is_this_conference() -> None:
    decision = called_back("'{{ conference.name }}'")
    assert decision.sent == ()
    assert [call.verb for call in decision.calls] == ["speak", "mute"]


def test_a_name_that_no_conference_can_have_fails() -> None:
    decision = called_back("'{{ \"..\" }}'")
    assert decision.runs[0].outcome == "failed"
    assert "it would become another address" in decision.runs[0].reason
    assert decision.sent == ()


def test_a_dry_run_sends_nothing() -> None:
    text = RULES.replace('"{{ data_of }}"', "blue").replace(
        "    when: {member", "    dry_run: true\n    when: {member"
    )
    room = Timeline(load(text, "rules.yaml"), "red")
    room.enter(1)
    assert room.happen("member.digits", member_id="1", digits="9").sent == ()


def test_one_event_sends_no_more_than_it_may_trigger() -> None:
    steps = "\n".join(["      - {trigger: back, conference: blue}"] * (MOST_DESCENDANTS + 1))
    text = f"version: 1\nrules:\n  - name: Flood\n    when: member.entered\n    do:\n{steps}\n"
    room = Timeline(load(text, "rules.yaml"), "red")
    decision = room.enter(1)
    assert len(decision.sent) == MOST_DESCENDANTS
    assert "one event has led to 256 triggers already" in decision.runs[0].reason


def test_on_the_virtual_clock_both_conferences_take_part() -> None:
    outside = Simulator(
        load(RULES.replace('"{{ data_of }}"', "blue"), "rules.yaml"), 1_800_000_000.0
    )
    for name in ("red", "blue"):
        data = {"member_id": "1", "call_uuid": f"call-{name}"}
        outside.feed(outside.event("member.entered", name, name, data))
    outside.advance(outside.now + 5.0)
    outside.feed(outside.event("member.digits", "red", "red", {"member_id": "1", "digits": "9"}))
    made = [one for one in outside.happened if isinstance(one, Made)]
    assert [(one.call.conference, one.call.verb, one.at) for one in made] == [
        ("blue", "speak", outside.now)
    ]


def test_rooms_that_call_each_other_back_are_no_circle() -> None:
    text = """
version: 1
rules:
  - name: Back
    when: {trigger: back}
    do: [{trigger: back, conference: blue}]
"""
    assert load(text, "rules.yaml").warnings == ()
    (warning,) = load(text.replace("[{trigger: back,", "[{trigger: bck,"), "rules.yaml").warnings
    assert "no rule waits for the trigger 'bck'" in str(warning)

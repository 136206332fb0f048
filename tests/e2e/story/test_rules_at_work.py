"""The three rules of the mission, with real processes, seen where Plivo would see them."""

from tests.e2e.story.conftest import NO_COPIES, RULES, Start
from tests.e2e.story.processes import disabled, shorter
from tests.waiting import until

CANARY = "\n  - name: Canary\n    when: member.exited\n    do: [log: out]\n"


def test_a_conference_is_recorded_muted_warned_and_hung_up_and_others_are_left_alone(
    start: Start,
) -> None:
    gavel = start(shorter(RULES) + CANARY, **NO_COPIES)
    gavel.until_ready()
    gavel.sandbox.call_in("demo-story", caller_name="Zoë")
    call = gavel.sandbox.call_in("board-meeting")
    gavel.sandbox.until_asked("demo-story", "hang_up")
    asked = gavel.sandbox.asked("demo-story")
    assert [entry["operation"] for entry in asked] == ["record", "mute", "speak", "hang_up"]
    assert asked[2]["params"]["text"] == "This call ends in 2 seconds."
    gavel.up.until_said("rule “Everyone joins muted”")
    gavel.up.until_said(" ms, API ")
    until(lambda: "entered" in gavel.ask("why", "board-meeting"), "the entry to be accepted")
    gavel.sandbox.hang_up(call)
    until(lambda: "Canary" in gavel.ask("why", "board-meeting"), "the exit to be decided")
    gavel.up.until_said("(no rule was meant: ")
    assert "rule “Everyone joins muted”: skipped" in gavel.ask("why", "board-meeting")
    assert gavel.sandbox.operations("board-meeting") == []


def test_disabled_rules_do_nothing(start: Start) -> None:
    gavel = start(disabled(RULES), **NO_COPIES)
    gavel.until_ready()
    gavel.sandbox.call_in("demo-story")
    gavel.sandbox.until_asked("demo-story", "deaf")
    assert gavel.sandbox.operations("demo-story") == ["deaf"]


LATER = """
version: 1
rules:
  - name: Once
    when: member.entered
    once: conference
    do: [mute: member]
  - name: Later
    when: member.entered
    do:
      - wait: 6s
      - unmute: member
"""


def test_an_edit_that_changes_nothing_and_a_rule_that_is_away_for_a_moment_lose_nothing(
    start: Start,
) -> None:
    gavel = start(LATER, **NO_COPIES)
    gavel.until_ready()
    gavel.sandbox.call_in("demo-story")
    gavel.sandbox.until_asked("demo-story", "mute")
    rules = gavel.folder / "rules.yaml"
    rules.write_text(LATER.partition("  - name: Later")[0])
    gavel.up.until_said("is held: its rule was changed or removed")
    gavel.up.until_said("rules taken: 1 rule; removed Later")
    edited = LATER.replace("once: conference", "once: conference\n    description: in words")
    rules.write_text(edited.replace("wait: 6s", "wait: 6000ms"))
    gavel.up.until_said("is no longer held: its rule is back")
    gavel.sandbox.call_in("demo-story")
    gavel.sandbox.until_asked("demo-story", "unmute")
    assert gavel.sandbox.operations("demo-story").count("mute") == 1
    good = rules.read_text()
    rules.write_text(LATER.replace("when: member.entered", "when: member.enterd"))
    gavel.up.until_said("the last good ones stay: 2 problems")
    rules.write_text(LATER.replace("member.entered", "member.enterd").replace("unmute", "unmut"))
    gavel.up.until_said("the last good ones stay: 3 problems")
    rules.write_text(good)
    gavel.up.until_said("the rules file is good again")
    assert gavel.up.output.count("unknown trigger 'member.enterd'") == 2 + 2
    assert gavel.up.output.count("unknown action 'unmut'") == 1

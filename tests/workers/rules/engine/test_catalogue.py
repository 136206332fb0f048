"""Every trigger and every action of the language's catalogue means something to `decide`."""

from typing import Any

import pytest

from tests.workers.rules.engine.builders import START, Timeline, book, rule, speak, step
from tests.workers.rules.simulation.books import STANDUP
from workers.rules.load import load
from workers.rules.vocabulary.actions import ACTIONS, VERBS
from workers.rules.vocabulary.model import Limit, Rule
from workers.rules.vocabulary.triggers import KINDS

PARAMETERS: dict[str, Any] = {
    "member.digits": "*1",
    "member.alone": 60.0,
    "conference.elapsed": 60.0,
    "conference.time_left": 60.0,
    "conference.every": 60.0,
    "conference.members": ("above", 1),
    "recording.missing": 60.0,
    "trigger": "go",
    "schedule": "* * * * *",
}


def rules_for_every_kind() -> list[Rule]:
    return [rule((kind, PARAMETERS.get(kind)), step("log", text=kind), name=kind) for kind in KINDS]


@pytest.fixture(scope="module")
def life() -> Timeline:
    """A conference in which everything happens."""
    room = Timeline(book(*rules_for_every_kind(), limits=(Limit(500.0),)))
    room.enter(1)
    room.pass_time(100)
    room.enter(2)
    room.happen("member.digits", member_id="1", digits="*1")
    room.happen("member.speaking", member_id="1")
    room.happen("trigger", uuid="", name="go", data={})
    room.happen("recording.started", recording_id="r1")
    room.happen("recording.started", recording_id="r2")
    room.happen("action.failed", run="evt-0.0", step=0, call="x", verb="mute", error="e", rule="r")
    room.pass_time(600)
    room.exit(1)
    room.exit(2)
    room.pass_time(100)
    room.happen("recording.ready", recording_id="r1", url="https://x/1.mp3", duration=9.0)
    room.happen("transcription.ready", uuid="", recording_id="r1", text="Hello")
    room.happen("transcription.failed", uuid="", recording_id="r2", error="too long")
    return room


@pytest.mark.parametrize("kind", KINDS)
def test_every_trigger_fires(kind: str, life: Timeline) -> None:
    assert (kind, "applied") in life.runs


@pytest.mark.parametrize("action", [name for name in ACTIONS if name in VERBS])
def test_every_action_that_is_a_call_becomes_one(action: str) -> None:
    assert VERBS[action].members in ("none", "single", "list")


@pytest.mark.parametrize("name", sorted(set(ACTIONS) - set(VERBS)))
def test_the_actions_that_are_no_calls_are_known(name: str) -> None:
    assert name in {"extend", "wait", "trigger", "log", "set", "choose", "wait_for"}


def test_rules_of_a_file_are_decided_as_written() -> None:
    room = Timeline(load(STANDUP, "rules.yaml"), name="standup-eu")
    room.enter(1, **{"from": "+14155550100"})
    room.enter(2, **{"from": "+4930"})
    room.happen("member.digits", member_id="1", digits="*1")
    room.pass_time(900)
    assert room.calls == [
        ("mute", "2"),
        ("unmute", "all"),
        ("webhook",),
        ("speak", "all"),
        ("speak", "all"),
        ("hang_up",),
    ]
    texts = [c.params["text"] for d in room.decisions for c in d.calls if c.verb == "speak"]
    assert texts == ["This call ends in 5 minutes.", "This call ends in 1 minute."]


def test_every_step_of_a_run_that_came_too_late_is_told() -> None:
    steps = speak(expires_in=5.0, on_error="continue"), step("hang_up", what="conference")
    room = Timeline(book(rule(("conference.elapsed", 10.0), *steps, name="late")))
    room.enter(1)
    room.pass_time(11, late=8.0)
    assert room.calls == [("hang_up",)]
    (run,) = room.decisions[-1].runs
    assert run.outcome == "applied"
    assert "8s late" in run.steps[0]
    assert room.conference.started_at == START

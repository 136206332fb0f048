"""A step that a person asks for: the same schemas as a rule's, and no template is evaluated."""

from typing import Any

import pytest

from app.yaml.document import parse
from app.yaml.json_nodes import json_of, nodes_of
from app.yaml.problems import Report
from workers.rules.expressions.scope import Scope
from workers.rules.language.steps.by_hand import NotAStep, read_step
from workers.rules.vocabulary.actions import ACTIONS, BY_HAND
from workers.rules.vocabulary.model import Target


@pytest.mark.parametrize(
    ("asked", "action", "target"),
    [
        ({"mute": "all"}, "mute", Target("all")),
        ({"kick": 7}, "kick", Target("ids", ("7",))),
        ({"kick": ["7", 8]}, "kick", Target("ids", ("7", "8"))),
        ({"hang_up": "conference"}, "hang_up", None),
        ({"record": None}, "record", None),
        ({"record": {"format": "wav", "transcribe": True}}, "record", None),
        ("stop_recording", "stop_recording", None),
        ({"extend": "5m"}, "extend", None),
        ({"trigger": "vip", "data": {"n": 1, "text": "1"}}, "trigger", None),
    ],
)
def test_a_step_is_read(asked: Any, action: str, target: Target | None) -> None:
    step = read_step(asked)
    assert (step.action, step.target) == (action, target)


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({}, "expected an action"),
        (None, "expected an action"),
        (7, "unknown action '7'"),
        ([{"mute": "all"}], "expected an action"),
        ({"mut": "all"}, "unknown action 'mut'; did you mean 'mute'?"),
        ({"mute": "everyone"}, "did you mean 'all'?"),
        ({"mute": "member"}, "what is asked by hand is not about a member"),
        ({"kick": "others"}, "what is asked by hand is not about a member"),
        ({"kick": "{{ conference.name }}"}, "expected a member id"),
        ({"mute": "all", "kick": "7"}, "two actions in one step"),
        ({"speak": {"to": "all"}}, "'text' is missing"),
        ({"speak": {"to": "all", "text": "x", "volume": "9"}}, "unknown key 'volume'"),
        ({"play": {"to": "all", "url": "{{ data.url }}.mp3"}}, "expected an http or https address"),
        ({"play": {"to": "all", "url": "file:///etc/passwd.mp3"}}, "expected an http or https"),
        ({"hang_up": "every_conference"}, "confirm: true"),
        ({"wait": "5s"}, "wait is for rules"),
        ({"webhook": {"url": "http://169.254.169.254/"}}, "webhook is for rules"),
        ({"kick": {"where": "member.from.__class__"}}, ""),
        ({"speak": {"to": "all", "text": "a\x00b"}}, "U+0000"),
        ({"speak": {"to": "all", "text": "x" * 10_001}}, "at most 10000 characters"),
    ],
)
def test_what_is_no_step_is_refused_with_the_reason(asked: Any, why: str) -> None:
    with pytest.raises(NotAStep) as refused:
        read_step(asked)
    assert why in str(refused.value)


def test_braces_are_said_as_they_stand() -> None:
    text = "{{ conference.name }} {% raw %} }}"
    step = read_step({"speak": {"to": "all", "text": text}})
    assert step.params["text"].render({"conference": {"name": "x"}}) == text


def test_a_where_sees_members_and_the_lists_of_the_rules() -> None:
    asked = {"mute": {"where": "member.from not in lists.hosts"}}
    assert read_step(asked, Scope(lists={"hosts": ("+1",)})).target is not None
    with pytest.raises(NotAStep, match="lists"):
        read_step(asked)


@pytest.mark.parametrize("name", ACTIONS)
def test_the_example_of_every_action_is_read_or_refused_in_words(name: str) -> None:
    node = parse(ACTIONS[name].example, Report(""))
    assert node is not None
    asked = json_of(node)
    if name in BY_HAND and not any(who in str(asked) for who in ("'member'", "'others'")):
        assert read_step(asked).action == name
    else:
        with pytest.raises(NotAStep, match=r"for rules|about a member"):
            read_step(asked)


def test_yaml_json_and_nodes_are_the_same() -> None:
    text = 'trigger: go\ndata: {a: 1, b: "1", c: [true, "true", null], d: 007, e: +4930}\n'
    node = parse(text, Report(""))
    assert node is not None
    asked = json_of(node)
    assert asked["data"] == {"a": 1, "b": "1", "c": [True, "true", None], "d": "007", "e": "+4930"}
    assert json_of(nodes_of(asked)) == asked

"""What the loader makes of a good file."""

from typing import Any

import pytest

from tests.workers.rules.builders import fields, file_of, problems_of, rule_of, rules_of
from workers.rules.expressions.templates import PlainText
from workers.rules.load import load
from workers.rules.vocabulary.actions import ACTIONS, VERBS
from workers.rules.vocabulary.model import Step, Template


def step_of(do: str, when: str = "member.entered") -> Step:
    return rule_of(when=when, do=f"[{do}]").steps[0]


def shown(value: Any) -> Any:
    """Parameters with their templates rendered."""
    if isinstance(value, dict):
        return {key: shown(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [shown(inner) for inner in value]
    return value.render(fields(data={})) if hasattr(value, "render") else value


@pytest.mark.parametrize(
    ("when", "kind", "parameter"),
    [
        ("member.entered", "member.entered", None),
        ("{member.entered: }", "member.entered", None),
        ("member.digits", "member.digits", None),
        ("{member.digits: '*1'}", "member.digits", "*1"),
        ("{member.digits: 12}", "member.digits", "12"),
        ("{member.alone: 10m}", "member.alone", 600.0),
        ("{conference.members: 5}", "conference.members", ("is", 5)),
        ("{conference.members: {above: 5}}", "conference.members", ("above", 5)),
        ("{trigger: vip-arrived}", "trigger", "vip-arrived"),
        ("{schedule: '0  18 * * mon-fri'}", "schedule", "0 18 * * mon-fri"),
    ],
)
def test_a_trigger_is_typed(when: str, kind: str, parameter: Any) -> None:
    rule = rule_of(when=when, do="[log: x]", extra="match: {conference: '*'}")
    assert [(t.kind, t.parameter) for t in rule.triggers] == [(kind, parameter)]


@pytest.mark.parametrize(
    ("do", "params"),
    [
        ("mute: all", {}),
        ("speak: {to: all, text: 'Hi {{ member.id }}'}", {"text": "Hi 10"}),
        ("speak: {to: all, text: Hi, voice: MAN}", {"text": "Hi", "voice": "MAN"}),
        ("play: {to: all, url: 'https://e.com/a.mp3'}", {"url": "https://e.com/a.mp3"}),
        ("record", {}),
        ("record: {}", {}),
        ("record: {format: wav, transcribe: yes}", {"format": "wav", "transcribe": True}),
        ("hang_up: conference", {"what": "conference"}),
        ("{hang_up: every_conference, confirm: true}", {"what": "every_conference"}),
        ("extend: 5m", {"duration": 300.0}),
        ("wait: 10s", {"duration": 10.0}),
        (
            "{trigger: go, data: {n: 5, who: '{{ member.id }}'}}",
            {"name": "go", "data": {"n": 5, "who": "10"}},
        ),
        (
            "webhook: {url: 'https://e.com', json: [1, '1', 01, true, {a: null}], "
            "headers: {X-A: '{{ member.id }}'}, secret: {env: KEY}}",
            {
                "url": "https://e.com",
                "json": [1, "1", "01", True, {"a": None}],
                "headers": {"X-A": "10"},
                "secret_env": "KEY",
            },
        ),
        ("log: '{{ member.id }}'", {"text": "10"}),
    ],
)  # fmt: skip
def test_the_parameters_of_an_action(do: str, params: dict[str, Any]) -> None:
    when = "{trigger: x}" if "extend" in do else "member.entered"
    step = step_of(do, when)
    assert step.action in ACTIONS
    assert shown(dict(step.params)) == params


@pytest.mark.parametrize(
    ("do", "kind", "ids"),
    [
        ("mute: member", "member", ()),
        ("mute: all", "all", ()),
        ("mute: others", "others", ()),
        ("mute: ['10', 11]", "ids", ("10", "11")),
        ("mute: 10", "ids", ("10",)),
        ("speak: {to: others, text: x}", "others", ()),
        ("hang_up: member", "member", ()),
    ],
)
def test_the_target_of_an_action(do: str, kind: str, ids: tuple[str, ...]) -> None:
    target = step_of(do).target
    assert target is not None
    assert (target.kind, target.ids) == (kind, ids)


def test_ids_can_be_templates() -> None:
    target = step_of("mute: ['{{ data.who }}', '5']", "{trigger: x}").target
    assert target is not None
    assert target.ids == ("5",)
    assert [t.render({"data": {"who": "7"}}) for t in target.id_templates] == ["7"]


def test_a_where_asks_about_each_member_even_if_the_trigger_has_none() -> None:
    target = step_of("mute: {where: not member.muted}", "conference.started").target
    assert target is not None
    assert target.where is not None
    assert target.where.evaluate({"member": {"muted": False}}) is True


def test_what_people_hear_expires_and_the_rest_does_not() -> None:
    assert {name for name, entry in ACTIONS.items() if entry.expires_in is None} == {
        "archive", "extend", "wait", "trigger", "webhook", "log", "set", "choose", "wait_for",
    }  # fmt: skip
    assert step_of("mute: all").expires_in == 60.0
    assert step_of("{mute: all, expires_in: never}").expires_in is None
    assert step_of("speak: {to: all, text: x, expires_in: 5s, on_error: continue}") == Step(
        "speak", step_of("mute: all").target, {"text": PlainText("x")}, 5.0, "continue", 7
    )


def test_every_call_is_of_one_action() -> None:
    verbs = [verb for entry in ACTIONS.values() for verb in entry.calls]
    assert len(verbs) == len(VERBS) == len({verb.name for verb in verbs})


def test_limits_are_for_the_conferences_they_match() -> None:
    text = (
        "version: 1\nlimits:\n  - match: {conference: 'a*'}\n    duration: 30m\n"
        "    hang_up: false\n  - duration: 1h\nrules: []\n"
    )
    first, second = load(text, "x").limits
    assert (first.duration, first.hang_up, second.duration, second.hang_up) == (
        1800,
        False,
        3600,
        True,
    )
    assert first.match is not None
    assert first.match.refuses({"conference": {"name": "abc"}}) is None
    assert first.match.refuses({"conference": {"name": "b"}}) is not None
    assert second.match is None


def test_answer_options_are_typed() -> None:
    text = (
        "version: 1\nconferences:\n  - match: {conference: [a, 'b*']}\n    muted: true\n"
        "    time_limit: 1h\n    max_members: 5\n    digits_match: ['*1']\n  - wait_sound: http://e.com\n"
        "rules: []\n"
    )
    first, second = load(text, "x").answers
    assert first.conference == ("a", "b*")
    assert first.options == {
        "muted": True, "time_limit": 3600.0, "max_members": 5, "digits_match": ("*1",),
    }  # fmt: skip
    assert (second.conference, dict(second.options)) == (("*",), {"wait_sound": "http://e.com"})


def test_the_digest_follows_the_text() -> None:
    assert rules_of().digest == rules_of().digest
    assert rules_of().digest != rules_of(name="two").digest
    assert len(rules_of().digest) == 16


def test_with_several_triggers_only_common_names_can_be_used() -> None:
    text = file_of(when="[member.entered, conference.started]", do="[log: '{{ member.id }}']")
    assert problems_of(text) == ["member.id is not known for conference.started"]


def test_a_template_is_what_the_model_says() -> None:
    text: Template = step_of("log: x").params["text"]
    assert text.render({}) == "x"


@pytest.mark.parametrize("nothing", ["", " []", " # - name: x"])
@pytest.mark.parametrize("section", ["rules", "limits", "conferences"])
def test_a_section_with_nothing_in_it_is_warned_of(section: str, nothing: str) -> None:
    others = "" if section == "rules" else file_of().partition("rules:")[2]
    text = f"version: 1\n{section}:{nothing}\n" + (others and "rules:" + others)
    warnings = [str(one) for one in load(text, "rules.yaml").warnings]
    assert any("2:" in one and f"warning: {section} is empty: " in one for one in warnings)

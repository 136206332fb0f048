"""Whatever is in a rules file: rules, or `FileError` with positions; never anything else."""

import json
import re
from contextlib import suppress
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.durations import parse_duration
from app.yaml.problems import FileError
from tests.workers.rules.builders import LISTS, expression, fields
from workers.rules.engine.index import Rules
from workers.rules.expressions.filters import FILTERS, TESTS
from workers.rules.expressions.scope import Scope
from workers.rules.expressions.syntax import ExpressionError
from workers.rules.expressions.templates import compile_template
from workers.rules.language.entries import AnswerEntry, File, LimitEntry, RuleEntry
from workers.rules.language.matching.matched_key import OPERATORS
from workers.rules.load import load
from workers.rules.vocabulary.actions import ACTIONS
from workers.rules.vocabulary.cron import parse_schedule
from workers.rules.vocabulary.model import Unknown
from workers.rules.vocabulary.names import GROUPS, SINGLE
from workers.rules.vocabulary.triggers import KINDS

GOOD = [path.read_text() for path in sorted((Path(__file__).parent / "good").glob("*.yaml"))]
NAMES = [
    *SINGLE,
    *GROUPS,
    *(f"{group}.{name}" for group, known in GROUPS.items() for name in known),
]
SCOPE = Scope(lists=LISTS)
many = settings(max_examples=150)


def loaded(text: str) -> Rules | None:
    """What `load` makes of it; anything but rules or positions is a failure of the test."""
    try:
        return load(text, "rules.yaml")
    except FileError as error:
        problems = error.problems
    lines = len(re.split("\r\n|[\r\n\x85\u2028\u2029]", text))
    assert problems
    for problem in problems:
        assert 1 <= problem.line <= lines + 1
        assert problem.column >= 1
        assert problem.message
        assert len(str(problem).splitlines()) == 1
    return None


@many
@given(st.text() | st.text(alphabet="abc:-[]{}#&*!|>'\"%@`,? \n\t\r\u2028{}"))
def test_any_text(text: str) -> None:
    loaded(text)


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """A good file with a few pieces replaced, doubled or dropped."""
    text = draw(st.sampled_from(GOOD))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 25)))
        piece = draw(
            st.sampled_from(
                ["", text[start:end] * 2, "{{", "}}", ": ", "- ", "\n", "[", "}", "#", "*"]
            )
            | st.text(max_size=5)
        )
        text = text[:start] + piece + text[end:]
    return text


@many
@given(mutated())
def test_good_files_gone_wrong(text: str) -> None:
    loaded(text)


words = st.sampled_from(
    [
        *KINDS, *ACTIONS, *OPERATORS, *NAMES, "5m", "5", "-1", "true", "member", "all", "hosts",
        "*", "sales-*", "{{ member.id }}", "{{ now | minutes }}", "member.first", "* * * * *",
        "mp3",
        "https://e.com/a.mp3", "s3://b/k", "where", "above", "env", "to", "text", "url", "data",
        "never", "stop", "",
    ]
) | st.text(max_size=6)  # fmt: skip
keys = (
    st.sampled_from(
        [
            field.data_key or name
            for schema in (File, RuleEntry, LimitEntry, AnswerEntry)
            for name, field in schema().fields.items()
        ]
    )
    | words
)
trees = st.recursive(
    words,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=15,
)
rules_like = st.fixed_dictionaries(
    {"name": words, "when": st.sampled_from(sorted(KINDS)) | trees, "do": st.lists(trees) | trees},
    optional={"match": trees, "if": words, "once": words, "cooldown": words, "enabled": words},
)
steps = st.dictionaries(st.sampled_from(sorted(ACTIONS)), trees, min_size=1, max_size=2)
good_looking = st.fixed_dictionaries(
    {"version": st.just("1")},
    optional={
        "lists": st.dictionaries(words, trees, max_size=3) | st.just({"hosts": ["a"]}),
        "limits": trees | st.just([{"duration": "1h"}]),
        "conferences": trees,
        "timezone": words,
        "rules": st.lists(
            rules_like | st.fixed_dictionaries({
                "name": words, "when": st.sampled_from(sorted(KINDS)),
                "match": st.dictionaries(st.sampled_from(NAMES), trees, min_size=1, max_size=3),
                "do": st.lists(steps, min_size=1, max_size=3),
            }),
            max_size=3,
        ),
    },
)  # fmt: skip


@many
@given(good_looking | trees)
def test_any_structure(tree: Any) -> None:
    loaded(json.dumps(tree, ensure_ascii=False))


tokens = st.lists(
    st.sampled_from(
        [
            *NAMES, *FILTERS, *TESTS, "data.x", "data.y.z", "lists.hosts", "1", "0", "2.5", "'a'",
            '"b"', "and", "or", "not", "in", "is", "if", "else", "==", "!=", "<", ">=", "+", "-",
            "*", "/", "//", "%", "**", "~", "(", ")", "[", "]", ",", ".", "|", "{", "}", "=",
            "none",
            "true", "(1)", "|", "default(0)",
        ]
    )
    | st.text(max_size=3),
    max_size=12,
).map(" ".join)  # fmt: skip

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=5,
)
events = st.fixed_dictionaries({}, optional={"x": json_values, "y": json_values})


@settings(many, max_examples=400)
@given(tokens, events)
def test_any_expression(text: str, data: dict[str, Any]) -> None:
    with suppress(ExpressionError, Unknown):
        expression(text).evaluate(fields(data=data))


values = st.sampled_from(
    ["data.x", "data.y", "data.y.z", "now", "member.from", "conference.members"]
)


@settings(many, max_examples=400)
@given(values, st.sampled_from(sorted(FILTERS)), st.lists(values, max_size=2), events)
def test_any_filter_on_any_value(
    value: str, name: str, arguments: list[str], data: dict[str, Any]
) -> None:
    called = f"{value} | {name}({', '.join(arguments)})"
    with suppress(ExpressionError, Unknown):
        compile_template(f"{{{{ {called} }}}}", SCOPE).render(fields(data=data))


@many
@given(
    st.sampled_from(
        ["==", "!=", "<", ">=", "in", "not in", "+", "-", "*", "/", "%", "//", "~", "and"]
    ),
    values,
    values,
    events,
)
def test_any_operator_on_any_values(sign: str, left: str, right: str, data: dict[str, Any]) -> None:
    with suppress(ExpressionError, Unknown):
        expression(f"({left}) {sign} ({right})").evaluate(fields(data=data))


@many
@given(
    st.lists(tokens.map(lambda text: f"{{{{ {text} }}}}") | st.text(max_size=5)).map("".join),
    events,
)
def test_any_template(text: str, data: dict[str, Any]) -> None:
    with suppress(ExpressionError, Unknown):
        compile_template(text, SCOPE).render(fields(data=data))


@many
@given(st.sampled_from(["data.x", "data.y.z", "conference", "member.from"]), trees, events)
def test_any_match_on_any_event(name: str, condition: Any, data: dict[str, Any]) -> None:
    rule = {"name": "x", "when": {"trigger": "x"}, "match": {name: condition}, "do": ["record"]}
    text = json.dumps({"version": "1", "lists": {"hosts": ["a"]}, "rules": [rule]})
    rules = loaded(text)
    if rules is None or rules.rules[0].match is None:
        return
    with suppress(Unknown):
        rules.rules[0].match.refuses(fields(data=data))


cron_fields = st.lists(
    st.sampled_from(["*", "*/5", "1", "0-5", "mon", "feb", "1,2", "31", "59", "7", "?", "l", "-"])
    | st.text(max_size=3),
    min_size=4,
    max_size=6,
).map(" ".join)


@many
@given(cron_fields, st.floats(0, 4e9), st.sampled_from(["UTC", "Europe/Berlin", "Asia/Kathmandu"]))
def test_any_schedule_line(line: str, moment: float, zone: str) -> None:
    with suppress(ValueError):
        due = parse_schedule(line).next_after(moment, ZoneInfo(zone))
        assert due is None or due > moment


@many
@given(st.text(max_size=12) | st.from_regex(r"([0-9]{1,3}(ms|[dhms]))+", fullmatch=True))
def test_any_duration(text: str) -> None:
    with suppress(ValueError):
        assert parse_duration(text) >= 0

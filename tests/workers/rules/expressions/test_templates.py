"""Texts with `{{ }}`: compiled once, typed, never rendered again."""

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.workers.rules.builders import LISTS, fields
from workers.rules.expressions.filters import FILTERS
from workers.rules.expressions.scope import Scope
from workers.rules.expressions.syntax import ExpressionError
from workers.rules.expressions.templates import compile_template
from workers.rules.vocabulary.model import Unknown

SCOPE = Scope(lists=LISTS, zone=ZoneInfo("Europe/Berlin"))


def rendered(text: str, *, typed: bool = False, **more: Any) -> Any:
    return compile_template(text, SCOPE, typed=typed).render(fields(**more))


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("plain", "plain"),
        ("a { b } c %} #}", "a { b } c %} #}"),
        ("In {{ conference.name }}.", "In sales-eu."),
        ("{{ conference.elapsed }}", "90"),
        ("{{conference.elapsed}}{{- 1 }}", "901"),
        ("{{ member.first }} {{ member.muted }}", "true false"),
        ("{{ data.none }}|{{ data.list }}|{{ data.map }}", '|1, 2|{"a": 1}'),
        ("{{ 'a' }} }} {{ 'b' }}\n", "a }} b\n"),
        ("line\n{{ member.id }}\n", "line\n10\n"),
        ("{{ lists.hosts | first }}", "+14155550100"),
    ],
)
def test_a_text_becomes(text: str, result: str) -> None:
    data = {"none": None, "list": [1, 2], "map": {"a": 1}}
    if "}} }}" in text:
        with pytest.raises(ExpressionError):
            rendered("}} only")
    assert rendered(text, data=data) == result


FILTERED = {
    "minutes": [("300", "5 minutes"), ("60", "1 minute"), ("299.6", "5 minutes"),
                ("20", "less than a minute")],
    "seconds": [("45", "45 seconds"), ("1", "1 second")],
    "duration": [("3900", "1 hour 5 minutes"), ("0", "0 seconds"), ("61", "1 minute 1 second")],
    "time": [("now", "01:00")],
    "date": [("now", "2026-01-01")],
    "last4": [("member.from", "0100")],
    "spell": [("'a-12'", "a 1 2")],
    "default('x')": [("data.gone", "x"), ("data.gone.deeper", "x"), ("'y'", "y")],
    "upper": [("'ab'", "AB")],
    "lower": [("'AB'", "ab")],
    "capitalize": [("'ab'", "Ab")],
    "trim": [("' a '", "a")],
    "replace('a', 'bb')": [("'aa'", "bbbb")],
    "weekday": [("now", "thursday"), ("(now - 3601)", "wednesday")],
    "truncate(2)": [("'abc'", "ab")],
    "urlencode": [("'a/b ü'", "a%2Fb%20%C3%BC")],
    "json": [("data.list", '["a", "é"]')],
    "number": [("'12'", "12"), ("'1.5'", "1.5"), ("3", "3")],
    "round": [("1.6", "2")],
    "round(1)": [("1.66", "1.7")],
    "abs": [("-3", "3")],
    "length": [("data.list", "2"), ("'abc'", "3")],
    "first": [("data.list", "a")],
    "last": [("data.list", "é")],
    "join": [("data.list", "a, é")],
    "join('-')": [("data.list", "a-é")],
    "sum": [("[1, 2]", "3")],
    "where('muted') | length": [("conference.members", "0")],
    "where_not('muted') | length": [("conference.members", "1")],
    "matching('?')": [("data.list", "a, é"), ("['ab', 'a', 3, none]", "a")],
    "matching('sales-*')": [("['sales-eu', 'Sales-us', 'x-sales-']", "sales-eu")],
    "pluck('from') | first": [("conference.members", "14155550100")],
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value", "result"),
    [(name, value, result) for name, cases in FILTERED.items() for value, result in cases],
)
def test_a_filter_gives(name: str, value: str, result: str) -> None:
    text = f"{{{{ {value} | {name} }}}}"
    assert rendered(text, data={"list": ["a", "é"]}) == result


def test_every_filter_has_a_case() -> None:
    tried = {name.split("(")[0].split(" ")[0] for name in FILTERED}
    assert tried == set(FILTERS)


def test_an_absent_field_makes_the_text_unknown() -> None:
    with pytest.raises(Unknown, match=r"data\.name is absent"):
        rendered("Hello {{ data.name }}", data={})


def test_what_comes_out_is_not_rendered_again() -> None:
    attack = "{{ lists.hosts }}{% for x in y %}{{ 7 * 7 }}"
    assert rendered("<{{ data.x }}>", data={"x": attack}) == f"<{attack}>"
    assert rendered("{{ data.x }}", typed=True, data={"x": attack}) == attack


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{{ conference.member_count }}", 1),
        ("{{ data.list }}", ["a"]),
        ("{{ data }}", {"list": ["a"]}),
        ("{{ lists.hosts }}", ["+14155550100", "sip:anna@phone.plivo.com"]),
        (" {{ conference.member_count }}", " 1"),
        ("{{ 1 }}{{ 2 }}", "12"),
    ],
)
def test_in_json_a_text_of_one_expression_keeps_its_type(text: str, value: Any) -> None:
    assert rendered(text, typed=True, data={"list": ["a"]}) == value


@pytest.mark.parametrize(
    ("text", "message", "offset"),
    [
        ("a {{ member.form }}", "unknown name member.form; did you mean 'member.from'?", 5),
        ("{{ 1 }} {{ 2 | uper }}", "unknown filter 'uper'; did you mean 'upper'?", 15),
        ("{{ 1 }} {{ 2 3 }}", "not an expression", 13),
        ("a {{ 1 ", "this {{ is never closed", 2),
        ("a {{ {{ 1 }}", "this {{ is never closed", 2),
        ("a }}", "}} without {{", 2),
        ("a {% if x %}", "only {{ }} can be used, no {% %}", 2),
        ("{{ }}", "not an expression", 0),
        ("{{ 1 }}" * 51, "a text has at most 50 {{ }}", 0),
    ],
)
def test_a_mistake_is_told_with_its_place(text: str, message: str, offset: int) -> None:
    with pytest.raises(ExpressionError) as caught:
        compile_template(text, SCOPE)
    assert str(caught.value).startswith(message)
    assert caught.value.offset == offset


def address(text: str, **fields: Any) -> Any:
    made = compile_template(text, SCOPE, schemes=("http://", "https://"))
    return made.render({"data": fields})


@pytest.mark.parametrize(
    ("text", "value", "rendered"),
    [
        ("https://a.example/{{ data.x }}", "../b?c=d#e", "https://a.example/..%2Fb%3Fc%3Dd%23e"),
        ("https://a.example{{ data.x }}", "@evil.example/", "https://a.example%40evil.example%2F"),
        ("https://a.example/?q={{ data.x }}&r=1", "1&r=2", "https://a.example/?q=1%26r%3D2&r=1"),
        ("https://a.example/{{ data.x | urlencode }}", "a b", "https://a.example/a%20b"),
        ("https://a.example/{{ data.x }}.mp3", 5, "https://a.example/5.mp3"),
        ("{{ data.x }}", "https://b.example/c?d=e", "https://b.example/c?d=e"),
        ("{{ data.x }}/{{ data.x }}", "https://b", "https://b/https%3A%2F%2Fb"),
        ("https://a.example/x", "", "https://a.example/x"),
    ],
)
def test_in_an_address_a_value_stays_the_part_that_it_is(
    text: str, value: Any, rendered: str
) -> None:
    assert address(text, x=value) == rendered


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("https://a.example/{{ data.x }}/b", ".."),
        ("{{ data.x }}", "file:///etc/passwd"),
        ("{{ data.x }}", "//evil.example"),
    ],
)
def test_what_makes_no_good_address_is_unknown(text: str, value: str) -> None:
    with pytest.raises(Unknown):
        address(text, x=value)

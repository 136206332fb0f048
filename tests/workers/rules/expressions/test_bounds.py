"""What data may make of an expression: never much memory, never more than one rule's failure."""

import tracemalloc
from typing import Any

import pytest

from tests.workers.rules.builders import expression, fields
from workers.rules.expressions.filters import FILTERS, TESTS
from workers.rules.expressions.scope import Scope
from workers.rules.expressions.templates import compile_template
from workers.rules.vocabulary.comparing.values import LIMIT, MAX_TEXT
from workers.rules.vocabulary.model import Unknown

LONG = "a" * 30_000
WIDE = "\U0001f600" * 30_000
MEGABYTE = 1 << 20
DATA = {
    "a": LONG,
    "b": "b" * 30_000,
    "wide": WIDE,
    "quotes": '"' * 60_000,
    "many": ["x" * 30] * 2_000,
    "deep": {"l": [{"t": LONG}]},
    "big": 10**400,
    "huge": int("9" * 4300),
    "bigs": [int("9" * 4300)] * 20,
    "zero": 0,
}

GROWING = [
    "data.a | replace('a', data.b)",
    "data.a ~ data.a ~ data.a ~ data.a",
    "data.a + data.a + data.a + data.a",
    "[data.a, data.a, data.a, data.a] | join",
    "data.many | join(data.a)",
    "[data.a, data.a, data.a, data.a] | json",
    "[data.a, data.a, data.a, data.a] | spell",
    "[data.a, data.a, data.a, data.a] | urlencode",
    "data.wide | urlencode",
    "data.quotes | json",
    "(data.a | spell) ~ (data.a | spell)",
    f"[{', '.join(['data.many'] * 60)}] | json",
    f"[{', '.join(['data.deep'] * 60)}] | json",
    f"{' ~ '.join(['data.many'] * 60)}",
]


def peak_of(evaluate: Any) -> int:
    tracemalloc.start()
    try:
        evaluate()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("text", GROWING)
def test_a_text_that_grows_too_long_is_refused_before_it_takes_memory(text: str) -> None:
    compiled, given = expression(text), fields(data=DATA)

    def evaluate() -> None:
        with pytest.raises(Unknown, match="too long"):
            compiled.evaluate(given)

    assert peak_of(evaluate) < 4 * MEGABYTE


@pytest.mark.parametrize(
    "text",
    [
        "data.big + 1",
        "data.big - 0.5",
        "data.big * 1.5",
        "data.big / 3",
        "data.big // 1.5",
        "data.big % 1.5",
        "1.5 - data.big",
        "-data.big",
        "data.huge * data.huge",
        "data.bigs | sum",
        "data.big | abs",
        "data.big | round",
        "data.big | round(2)",
        "data.bigs | first",
    ],
)
def test_a_number_of_400_digits_is_too_large_in_words(text: str) -> None:
    with pytest.raises(Unknown, match="the number grows too large"):
        expression(text).evaluate(fields(data=DATA))


@pytest.mark.parametrize("name", FILTERS)
@pytest.mark.parametrize("value", [f"data.{name}" for name in DATA])
def test_no_filter_makes_more_than_it_may_or_fails_otherwise(name: str, value: str) -> None:
    fewest = FILTERS[name].arguments[0]
    for argument in ("data.b", "data.big", "'a'"):
        given = ", ".join([argument] * fewest)
        result = answer_of(f"{value} | {name}" + (f"({given})" if given else ""))
        if isinstance(result, str) and value not in ("data.deep",):
            assert len(result) <= MAX_TEXT
        if isinstance(result, int | float) and name != "default":
            assert abs(result) <= LIMIT


@pytest.mark.parametrize("name", TESTS)
@pytest.mark.parametrize("value", [f"data.{name}" for name in DATA])
def test_no_test_fails_in_another_way(name: str, value: str) -> None:
    given = "('a')" if TESTS[name].arguments[0] else ""
    answer_of(f"{value} is {name}{given}")


def answer_of(text: str) -> Any:
    try:
        return expression(text).evaluate(fields(data=DATA))
    except Unknown:
        return None


@pytest.mark.parametrize("typed", [True, False])
def test_what_a_template_becomes_is_bounded(typed: bool) -> None:
    source = "{{ [" + ", ".join(["data.a"] * 60) + "] }}"
    made = compile_template(source if typed else "{{ data.a }}" * 50, Scope(), typed=typed)

    def render() -> None:
        with pytest.raises(Unknown, match="too"):
            made.render(fields(data=DATA))

    assert peak_of(render) < 2 * MEGABYTE


def test_three_thousand_members_still_go_into_a_webhook() -> None:
    member = {"id": "1", "from": "+14155550100", "call_uuid": "x" * 36, "caller_name": "Anna"}
    made = compile_template("{{ data }}", Scope(), typed=True)
    assert len(made.render(fields(data={"members": [member] * 3000}))["members"]) == 3000


def test_long_texts_that_are_held_against_numbers_are_not_kept() -> None:
    def compare() -> None:
        for number in range(200):
            text = f"{number}" + "5" * 50_000
            assert expression("member.from == data.x").evaluate(fields(data={"x": text})) is False

    assert peak_of(compare) < 4 * MEGABYTE

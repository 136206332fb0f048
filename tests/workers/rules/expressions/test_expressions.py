"""`if`: typed values, three answers, nothing dangerous."""

from typing import Any

import pytest

from tests.workers.rules.builders import expression, fields
from workers.rules.expressions.syntax import ExpressionError
from workers.rules.vocabulary.model import Unknown


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 + 2 * 3 - 4 / 2", 5),
        ("7 // 2 + 7 % 4", 6),
        ("-(1 + 2)", -3),
        ('"a" ~ 1 ~ true', "a1true"),
        ('"a" + "b"', "ab"),
        ("1 < 2 <= 2 < 3", True),
        ("1 < 2 > 5", False),
        ("conference.member_count == 1 and not member.muted", True),
        ("conference.member_count > 1 or member.first", True),
        ("member.from in lists.hosts", True),
        ('member.from == "+14155550100"', True),
        ('member.from != "+14155550101"', True),
        ('member.from in ["+14155550100"]', True),
        ('"nn" in member.caller_name', True),
        ('member.caller_name not in ["Bob"]', True),
        ('"yes" if member.first else "no"', "yes"),
        ("conference.members[0].caller_name", "Anna"),
        ('conference.members[-1]["id"]', "10"),
        ('conference.members | where("muted") | length', 0),
        ('conference.members | where("caller_name", "Anna") | pluck("id") | join', "10"),
        ('conference.members | where_not("muted") | first is defined', True),
        ("data.absent | default(5)", 5),
        ("data.absent is defined", False),
        ("data.absent is undefined", True),
        ("data.nothing is none", True),
        ("data.items[1]", 2),
        ('data["items"] | sum', 6),
        ("data.keys == 1", True),
        ('data.count == "5"', False),
        ("data.flag == 1", False),
        ("data.flag", True),
        ('data.deep.er == "x"', True),
        ("(data.items | length) is odd", True),
        ('member.from is starting_with("1415")', True),
        ('("12" | number) + 1', 13),
        ("data.items == [1, 2, 3]", True),
    ],
)
def test_an_expression_has_this_value(text: str, value: Any) -> None:
    data = {
        "nothing": None, "items": [1, 2, 3], "keys": 1, "count": 5, "flag": True,
        "deep": {"er": "x"},
    }  # fmt: skip
    assert expression(text).evaluate(fields(data=data)) == value


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("data.tier == 'gold'", "data.tier is absent"),
        ("data.deep.er == 1", "data.deep.er is absent"),
        ("not data.tier", "data.tier is absent"),
        ("data.name < 5", "'x' and 5 have no order"),
        ("data.name + 5 == 1", "arithmetic needs numbers"),
        ("conference.member_count / (1 - 1) == 1", "division by zero"),
        ("conference.member_count % (1 - 1) == 1", "division by zero"),
        ("999999999999999 * 999999999999999 > 1", "the number grows too large"),
        ("data.name * 1000000000 == 1", "arithmetic needs numbers"),
        ("data.name % 1 == 1", "arithmetic needs numbers"),
        ("1 in data.name", "only a text can be in a text"),
        ("(data.name | minutes) == ''", "minutes has no answer for 'x': it needs a number"),
        ("conference.members[7].id == '1'", "[7] is absent"),
        ("data.name | first == 1", "first has no answer for 'x': it needs a list"),
        ("data.items | first == 1", "first has no answer for []: it is empty"),
        ("data.name | number == 1", "number has no answer for 'x': it is no number"),
        ("data.items < 5", "[] and 5 have no order"),
        ("data.name.er == 1", "data.name.er is absent"),
        ("data.name.__class__ == 1", "data.name.__class__ is absent"),
        ("conference.time_left < 5", "conference.time_left is absent"),
        (
            "((100000000000000 * 10) | time) == ''",
            "time has no answer for 1000000000000000: it is no time",
        ),
    ],
)
def test_without_an_answer_it_is_unknown_and_says_why(text: str, why: str) -> None:
    with pytest.raises(Unknown) as caught:
        expression(text).evaluate(fields(data={"name": "x", "items": []}))
    assert why in str(caught.value)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("data.tier and member.muted", False),
        ("member.muted and data.tier", False),
        ("data.tier or member.first", True),
        ("member.first or data.tier", True),
        ("data.tier and member.first", None),
        ("member.first and data.tier", None),
        ("data.tier or member.muted", None),
        ("not (data.tier or member.first)", False),
    ],
)
def test_and_and_or_use_what_is_known(text: str, answer: bool | None) -> None:
    found = expression(text)
    if answer is None:
        with pytest.raises(Unknown):
            found.evaluate(fields(data={}))
    else:
        assert found.evaluate(fields(data={})) is answer


def test_a_refusal_quotes_the_expression() -> None:
    assert (
        expression("member.muted  and true").refuses(fields()) == "`member.muted and true` is false"
    )
    assert expression("member.first").refuses(fields()) is None


@pytest.mark.parametrize(
    "text",
    [
        "range(10**9)",
        "'a' * 10**9",
        "9 ** 9 ** 9",
        "lipsum()",
        "cycler",
        "''.__class__.__mro__",
        "().__class__",
        "member.from.__class__",
        "self",
        "namespace()",
        "member.from.format(1)",
        "{'a': 1}",
        "conference.members | map('upper')",
        "conference.members | attr('x')",
        "'%99999999s' % 'a'",
        "x if y",
        "1 = 1",
        "a b",
        "",
        "}}",
        "1 }} {{ 2",
        "{% for x in y %}",
        "{# note",
        "'open",
        "1e999",
        "9" * 5000,
        "(" * 500,
        "-" * 900 + "1",
        "\ufdd0%",
    ],
)  # fmt: skip
def test_what_is_not_part_of_the_language_is_refused(text: str) -> None:
    with pytest.raises(ExpressionError):
        expression(text)


def test_a_text_that_grows_is_stopped() -> None:
    doubled = " + ".join(["data.text"] * 50)
    with pytest.raises(Unknown, match="too long"):
        expression(f"{doubled} == 'x'").evaluate(fields(data={"text": "x" * 60_000}))


def test_values_from_outside_are_never_evaluated() -> None:
    attack = "{{ 7 * 7 }} ${7*7} lists.hosts __import__('os')"
    assert expression("data.x").evaluate(fields(data={"x": attack})) == attack
    assert expression('data.x == "49"').evaluate(fields(data={"x": attack})) is False

"""A telephone number is one number with and without its `+`, wherever a rule asks about it."""

from typing import Any

import pytest

from app.yaml.document import parse
from app.yaml.problems import Report
from tests.workers.rules.builders import expression, fields, file_of
from workers.rules.engine.index import Rules
from workers.rules.expressions.scope import Scope
from workers.rules.language.matching.match import compile_match
from workers.rules.load import load
from workers.rules.vocabulary.model import Fields

BOTH = ("4930123456", "+4930123456")
SIP = "sip:4930123456@phone.plivo.com"


def called_by(number: str) -> Fields:
    known = fields()
    member = {**known["member"], "from": number}
    return {**known, "member": member, "conference": {**known["conference"], "members": [member]}}


def holds(condition: str, number: str) -> Any:
    return expression(condition).evaluate(called_by(number))


def matches(match: str, number: str) -> bool:
    report = Report("rules.yaml")
    compiled = compile_match(parse(match, report), Scope(), report)
    assert compiled is not None
    assert not report.errors
    return compiled.refuses(called_by(number)) is None


def warnings_of(**parts: Any) -> list[str]:
    found: Rules = load(file_of(**parts), "rules.yaml")
    messages = [problem.message for problem in found.warnings]
    return [message for message in messages if "no rule uses the list" not in message]


@pytest.mark.parametrize("number", BOTH)
@pytest.mark.parametrize(
    ("condition", "answer"),
    [
        ('member.from is starting_with("+49")', True),
        ('member.from is starting_with("49")', True),
        ('member.from is starting_with("0049 (0)30")', True),
        ('member.from is starting_with("+")', True),
        ('member.from is not starting_with("+49")', False),
        ('conference.members | pluck("from") | matching("+4930*") | length == 1', True),
        ('conference.members | pluck("from") | matching("4930*") | length == 1', True),
        ('member.from is starting_with("30")', False),
        ('member.from is ending_with("3456")', True),
        ('member.from is ending_with("34-56")', True),
        ('member.from is ending_with("+4930123456")', True),
        ('member.from == "tel:+49-30-123456"', True),
        ('member.from == "0049 30 / 123 456"', True),
        ('member.from == "+49 (0)30 123456"', True),
        ('member.from != "+49 30 123456"', False),
        ('"+49" in member.from', True),
        ('member.from in "+4930123456, +4930123457"', True),
        ('member.from in ["+49 30 123456"]', True),
        ('conference.members | where("from", "+4930123456") | length', 1),
        ('conference.members | where("from", "+49 30 123456") | length', 1),
        ('conference.members | where("from", "4930123456") | length', 1),
        ('conference.members | where_not("from", "+4930123456") | length', 0),
        ('"+4930123456" in (conference.members | pluck("from"))', True),
        ('"+49 30 123456" not in (conference.members | pluck("from"))', False),
        ('(conference.members | pluck("from")) == ["+4930123456"]', True),
        ('(conference.members | pluck("from") | first) == "+4930123456"', True),
        ('(conference.members | pluck("from"))[0] is starting_with("+49")', True),
        ('(conference.members | first).from == "+4930123456"', True),
        ('conference.members[0].from is starting_with("+49")', True),
        ('"+4930123456" in (conference.members | pluck("from") | join(", "))', True),
        ('(member.from | default("")) == "+4930123456"', True),
        ('(member.from if member.first else "x") == "+4930123456"', True),
        ('(member.from if member.first else "x") is starting_with("+49")', True),
        ('(member.from | trim | lower) == "+4930123456"', True),
        ('member.from ~ "" == "+4930123456"', True),
        ('member.from + "" == "+4930123456"', True),
        ('"+" ~ member.from == "+4930123456"', True),
        ('member.from ~ "/" ~ conference.name == "+4930123456/sales-eu"', True),
        ('("tel:" ~ member.from) is starting_with("tel:+49")', True),
        ('("by " ~ member.from) is ending_with("by +4930123456")', True),
        ('"+4930123456" in "by " ~ member.from', True),
        ("member.from | length", 10),
        ('member.from | replace("+49", "0")', "030123456"),
        ('member.from | replace("+", "")', "4930123456"),
        ('(member.from | truncate(4)) == "+4930"', True),
        ('member.from < "+5"', True),
        ('member.from == "4900123456"', False),
        ('member.from == "4930" ~ "123456"', True),
    ],
)
def test_an_expression_answers_the_same_for_both_spellings(
    condition: str, answer: Any, number: str
) -> None:
    assert holds(condition, number) == answer


@pytest.mark.parametrize("number", BOTH)
@pytest.mark.parametrize(
    ("match", "answer"),
    [
        (r"member.from: {regex: '^\+49'}", True),
        ("member.from: {regex: '^49'}", True),
        (r"member.from: {regex: '^\+1'}", False),
        ("member.from: '+49*'", True),
        ("member.from: '0049 30*'", True),
        ("member.from: '+*'", True),
        ("member.from: '*3456'", True),
        ("member.from: '+49 30 123-456'", True),
        ("member.from: {not: '+*'}", False),
        ("member.from: {not: ['+49*']}", False),
        ("member.from: {is: '(0049) 30 123456'}", True),
        ("member.from: {in: ['tel:+49-30-123456']}", True),
        ("member.from: {not_in: ['+49 30 123456']}", False),
    ],
)
def test_a_match_answers_the_same_for_both_spellings(match: str, answer: bool, number: str) -> None:
    assert matches(match, number) is answer


@pytest.mark.parametrize(
    ("condition", "answer"),
    [
        (f'member.from == "{SIP}"', True),
        ('member.from == "4930123456"', False),
        ('member.from is starting_with("sip:")', True),
        ('member.from is starting_with("+49")', False),
        ('member.from is ending_with("@phone.plivo.com")', True),
        ('member.from == "sip:+4930123456@phone.plivo.com"', False),
    ],
)
def test_a_sip_address_stays_a_text(condition: str, answer: bool) -> None:
    assert holds(condition, SIP) is answer


def test_a_number_is_told_as_it_came() -> None:
    for number in BOTH:
        assert holds('member.from ~ "!"', number) == number + "!"


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("+49 30 CALL-ME", "more than digits"),
        ("+49301234567890123", "more than 15 digits"),
        ("+4930", "fewer than 7 digits"),
        ("030 1234567", "with its country code"),
        ("+49*FLOWERS", "more than digits"),
    ],
)
def test_what_never_equals_a_number_is_told(written: str, said: str) -> None:
    extra = f"match: {{member.from: '{written}'}}"

    assert [said in message for message in warnings_of(extra=extra)] == [True]


@pytest.mark.parametrize("written", ["anonymous", "sip:1@x.com", "+49 30 123456", "1001", "+49*"])
def test_what_may_be_who_calls_is_not_doubted(written: str) -> None:
    assert warnings_of(extra=f"match: {{member.from: '{written}'}}") == []


@pytest.mark.parametrize(
    "part",
    [
        {"extra": "match: {member.from: {in: ['+4930ABC']}}"},
        {"extra": "match: {member.from: {is: '+4930ABC'}}"},
        {"extra": "match: {member.from: {not: ['+4930ABC']}}"},
        {"extra": "if: member.from == '+4930ABC'"},
        {"extra": "if: member.from in ['+4930ABC']"},
        {"extra": 'if: \'"+4930ABC" in (conference.members | pluck("from"))\''},
        {"extra": "if: (conference.members | where('from', '+4930ABC') | length) > 0"},
        {"do": "[mute: {where: member.from != '+4930ABC'}]"},
        {"do": "[log: \"{{ member.from == '+4930ABC' }}\"]"},
    ],
)
def test_it_is_told_wherever_it_is_compared(part: dict[str, str]) -> None:
    assert len(warnings_of(**part)) == 1


def test_it_is_told_of_a_list_that_is_compared_with_a_number() -> None:
    text = file_of(extra="match: {member.from: {in: hosts}}").replace("+14155550100", "+1415CALLME")

    assert [problem.column for problem in load(text, "rules.yaml").warnings] == [31]


def test_a_list_of_other_things_is_not_doubted() -> None:
    text = file_of(extra="match: {digits: {in: hosts}}", when="member.digits").replace(
        "+14155550100", "0123"
    )

    assert load(text, "rules.yaml").warnings == ()

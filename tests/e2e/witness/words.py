"""Expressions and conditions as rules of their own: what each should say or let through."""

from collections.abc import Mapping, Sequence
from typing import Any

SENT: Mapping[str, Any] = {
    "n": 5,
    "text": "acme east",
    "phone": "+14155550100",
    "nothing": None,
    "numbers": [3, 1, 2],
    "people": [{"from": "+1", "muted": True}, {"from": "+49", "muted": False}],
    "seconds": 90.4,
    "digits": "12",
    "moment": 1767225600,
}
"""`data` of the trigger that each of them waits for."""

SPOKEN: Sequence[tuple[str, str, str]] = (
    ("filter minutes", "{{ 300 | minutes }}", "5 minutes"),
    ("filter seconds", "{{ 45 | seconds }}", "45 seconds"),
    ("filter duration", "{{ 3900 | duration }}", "1 hour 5 minutes"),
    ("filter time", "{{ data.moment | time }}", "01:00"),
    ("filter date", "{{ data.moment | date }}", "2026-01-01"),
    ("filter weekday", "{{ data.moment | weekday }}", "thursday"),
    ("filter last4", "{{ data.phone | last4 }}", "0100"),
    ("filter spell", "{{ data.digits | spell }}", "1 2"),
    ("filter default", "{{ data.missing | default('none given') }}", "none given"),
    ("filter upper", "{{ data.text | upper }}", "ACME EAST"),
    ("filter lower", "{{ 'ABC' | lower }}", "abc"),
    ("filter capitalize", "{{ data.text | capitalize }}", "Acme east"),
    ("filter trim", "{{ '  x  ' | trim }}", "x"),
    ("filter replace", "{{ data.text | replace('east', 'west') }}", "acme west"),
    ("filter truncate", "{{ data.text | truncate(4) }}", "acme"),
    ("filter urlencode", "{{ 'a/b c' | urlencode }}", "a%2Fb%20c"),
    ("filter json", "{{ data.numbers | json }}", "[3, 1, 2]"),
    ("filter number", "{{ (data.digits | number) + 1 }}", "13"),
    ("filter round", "{{ data.seconds | round }}", "90"),
    ("filter abs", "{{ (data.n - 8) | abs }}", "3"),
    ("filter length", "{{ data.numbers | length }} items", "3 items"),
    ("filter first", "first {{ data.numbers | first }}", "first 3"),
    ("filter last", "last {{ data.numbers | last }}", "last 2"),
    ("filter join", "{{ data.numbers | join(' and ') }}", "3 and 1 and 2"),
    ("filter sum", "sum {{ data.numbers | sum }}", "sum 6"),
    ("filter where", "{{ data.people | where('muted') | pluck('from') }}", "+1"),
    ("filter where_not", "{{ data.people | where_not('muted') | pluck('from') }}", "+49"),
    ("filter matching", "{{ ['acme east', 'beta'] | matching('acme*') }}", "acme east"),
    ("filter pluck", "{{ data.people | pluck('from') }}", "+1, +49"),
)
"""What is driven, a text, and what Plivo must be asked to say for it."""

ASKED: Sequence[tuple[str, str, bool]] = (
    ("operator is", "match: {data.text: {is: acme east}}", True),
    ("operator is", "match: {data.text: {is: acme}}", False),
    ("operator not", "match: {data.text: {not: beta*}}", True),
    ("operator not", "match: {data.text: {not: acme*}}", False),
    ("operator in", "match: {data.phone: {in: hosts}}", True),
    ("operator in", "match: {data.text: {in: hosts}}", False),
    ("operator not_in", "match: {data.text: {not_in: hosts}}", True),
    ("operator not_in", "match: {data.phone: {not_in: hosts}}", False),
    ("operator regex", 'match: {data.text: {regex: "^a.*t$"}}', True),
    ("operator regex", 'match: {data.text: {regex: "^b"}}', False),
    ("operator contains", "match: {data.text: {contains: [WEST, Éast]}}", True),
    ("operator contains", "match: {data.text: {contains: acm}}", False),
    ("operator above", "match: {data.n: {above: 4}}", True),
    ("operator above", "match: {data.n: {above: 5}}", False),
    ("operator below", "match: {data.n: {below: 6}}", True),
    ("operator below", "match: {data.n: {below: 5}}", False),
    ("operator at_least", "match: {data.n: {at_least: 5}}", True),
    ("operator at_least", "match: {data.n: {at_least: 6}}", False),
    ("operator at_most", "match: {data.n: {at_most: 5}}", True),
    ("operator at_most", "match: {data.n: {at_most: 4}}", False),
    ("test defined", "if: data.n is defined", True),
    ("test defined", "if: data.missing is defined", False),
    ("test undefined", "if: data.missing is undefined", True),
    ("test undefined", "if: data.n is undefined", False),
    ("test none", "if: data.nothing is none", True),
    ("test none", "if: data.n is none", False),
    ("test starting_with", 'if: data.text is starting_with("acme")', True),
    ("test starting_with", 'if: data.text is starting_with("east")', False),
    ("test ending_with", 'if: data.text is ending_with("east")', True),
    ("test ending_with", 'if: data.text is ending_with("acme")', False),
    ("test odd", "if: data.n is odd", True),
    ("test odd", "if: (data.n - 1) is odd", False),
    ("test even", "if: (data.n - 1) is even", True),
    ("test even", "if: data.n is even", False),
)
"""What is driven, a condition, and whether the rule must run."""


def rules() -> str:
    """The rules that say or let through all this when the trigger `say` comes to `w-words`."""
    spoken = [f"      - speak: {{to: all, text: {_quoted(text)}}}" for _, text, _ in SPOKEN]
    parts = ["  - name: words", "    when: {trigger: say}", "    do:", *spoken]
    for number, (_, condition, _) in enumerate(ASKED):
        parts += [f"  - name: condition {number}", "    when: {trigger: ask}"]
        parts += [f"    {condition}"]
        parts += [f'    do: [speak: {{to: all, text: "condition {number}"}}]']
    return "\n".join(parts) + "\n"


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '\\"') + '"'

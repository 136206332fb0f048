"""Which of many rules can be told apart by the text of one field.

Of a thousand rules that differ by `member.from: "+14155550100"` one event concerns a few. Made once
for each file of rules; an event only looks it up (`workers.rules.engine.index`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from workers.rules.expressions.conditions import Check, Literals, Match
from workers.rules.expressions.expressions import Compiled
from workers.rules.vocabulary.model import Rule

Candidate = tuple[int, Rule, tuple[int, ...]]
"""Place in the file, rule, indexes of its triggers of the kind in question."""

MANY = 32
_Field = tuple[tuple[str, ...], str]


@dataclass(frozen=True, slots=True)
class Group:
    """Many rules that ask for texts of one field."""

    path: tuple[str, ...]
    kind: str
    every: tuple[Candidate, ...]
    by_text: Mapping[str, tuple[Candidate, ...]]


def place_of(candidate: Candidate) -> int:
    return candidate[0]


def grouped(every: tuple[Candidate, ...]) -> tuple[list[Group], Sequence[Candidate]]:
    """Groups of `MANY` rules and more that can be told apart by one field, and all other rules."""
    if len(every) < MANY:
        return [], every
    asked = [_asked(rule) for _, rule, _ in every]
    texts: dict[_Field, set[str]] = {}
    for literals in asked:
        for one in literals:
            texts.setdefault((one.path, one.kind), set()).update(one.texts)
    by_field: dict[_Field, list[tuple[Candidate, Literals]]] = {}
    others: list[Candidate] = []
    for candidate, literals in zip(every, asked, strict=True):
        if not literals:
            others.append(candidate)
            continue
        # The field of which the rules ask for the most different texts tells them apart best.
        best = max(literals, key=lambda one: len(texts[one.path, one.kind]))
        by_field.setdefault((best.path, best.kind), []).append((candidate, best))
    groups = []
    for field_, members in by_field.items():
        if len(members) < MANY:
            others += [candidate for candidate, _ in members]
        else:
            groups.append(_group(field_, members))
    return groups, sorted(others, key=place_of)


def _group(field_: _Field, members: Sequence[tuple[Candidate, Literals]]) -> Group:
    by_text: dict[str, list[Candidate]] = {}
    for candidate, asked in members:
        for text in asked.texts:
            by_text.setdefault(text, []).append(candidate)
    table = {text: tuple(found) for text, found in by_text.items()}
    return Group(*field_, tuple(candidate for candidate, _ in members), table)


def _asked(rule: Rule) -> tuple[Literals, ...]:
    """Fields that must have one of some texts, or the rule is skipped."""
    checks: tuple[Check, ...] = rule.match.checks if isinstance(rule.match, Match) else ()
    found = tuple(
        check.literals
        for check in checks
        if check.literals is not None and check.path[0] != "conference"
    )
    # An `if` is asked after `match`, whose answer may be unknown: only the conference is not.
    if all(check.path == ("conference", "name") for check in checks) and isinstance(
        rule.condition, Compiled
    ):
        return rule.condition.literals
    return found

"""`Shelf`: the rules that wait for one kind of fact in one conference, by the texts they ask for.

Of a thousand rules that differ by `member.from: "+14155550100"` one event concerns a few. Rules
that ask for plain texts of the same field stand together, so the field is looked up once; of
those that it does not concern one line is recorded for all (`Passed`), from `MANY` rules on.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from workers.rules.expressions.conditions import Check, Literals, Match, literal_key, look_up, shown
from workers.rules.expressions.expressions import Compiled
from workers.rules.vocabulary.model import Fields, Rule

Candidate = tuple[int, Rule, tuple[int, ...]]
MANY = 32
_Field = tuple[tuple[str, ...], str]
_NAMED = 3


@dataclass(frozen=True, slots=True)
class Passed:
    """Rules that were passed over, all for the same reason."""

    path: tuple[str, ...]
    count: int
    names: tuple[str, ...]  # of some of them
    value: str  # as it may be shown

    @property
    def rules(self) -> str:
        return f"{self.count} rules"

    @property
    def reason(self) -> str:
        named = ", ".join(self.names) + (", ..." if self.count > len(self.names) else "")
        return f"{'.'.join(self.path)} is {self.value}, and they match others: {named}"


@dataclass(frozen=True, slots=True)
class _Group:
    """Many rules that ask for texts of one field."""

    path: tuple[str, ...]
    kind: str
    every: tuple[Candidate, ...]
    by_text: Mapping[str, tuple[Candidate, ...]]

    def concerned(self, fields: Fields) -> tuple[tuple[Candidate, ...], Passed | None]:
        value = look_up(fields, self.path)
        if value is None:
            return self.every, None  # absent: each says that of itself
        found = self.by_text.get(literal_key(value, self.kind), ())
        count = len(self.every) - len(found)
        if count == 0:
            return found, None
        known = {index for index, _, _ in found}
        names = islice((rule.name for i, rule, _ in self.every if i not in known), _NAMED)
        return found, Passed(self.path, count, tuple(names), shown(value, self.kind))


class Shelf:
    """Never changes once made. `every` are all, in the order of the file."""

    def __init__(self, candidates: Iterable[Candidate]) -> None:
        self.every = tuple(candidates)
        self._by_id = {rule.id: (index, rule, found) for index, rule, found in self.every}
        self._groups, self._others = _grouped(self.every)

    def of_rule(self, rule_id: str) -> tuple[Candidate, ...]:
        """The one rule of that id, if it stands here."""
        found = self._by_id.get(rule_id)
        return () if found is None else (found,)

    def concerned(self, fields: Fields) -> tuple[Sequence[Candidate], Sequence[Passed]]:
        """The rules to hold against these fields, in the order of the file, and what became of
        the rest: their `match` or `if` certainly refuses."""
        found, passed = list(self._others), []
        for group in self._groups:
            more, left = group.concerned(fields)
            found += more
            if left is not None:
                passed.append(left)
        if self._groups:
            found.sort(key=_place)
        return found, passed


def _place(candidate: Candidate) -> int:
    return candidate[0]


def _grouped(every: tuple[Candidate, ...]) -> tuple[list[_Group], list[Candidate]]:
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
    for field, members in by_field.items():
        if len(members) < MANY:
            others += [candidate for candidate, _ in members]
        else:
            groups.append(_group(field, members))
    return groups, sorted(others, key=_place)


def _group(field: _Field, members: Sequence[tuple[Candidate, Literals]]) -> _Group:
    by_text: dict[str, list[Candidate]] = {}
    for candidate, asked in members:
        for text in asked.texts:
            by_text.setdefault(text, []).append(candidate)
    table = {text: tuple(found) for text, found in by_text.items()}
    return _Group(*field, tuple(candidate for candidate, _ in members), table)


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

"""`Rules`: everything one rules file says, and which of its rules an occurrence concerns.

Of a thousand rules that differ by `member.from: "+14155550100"` one event concerns a few. So rules
are kept by kind, conference and parameter, and from `MANY` rules on also by the texts they ask for:
those that certainly refuse are not held against the event one by one (`PassedOver`). Rules that
wait for the kind and are not meant, for another conference say, are known beforehand.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from app.callers.joining import Entry
from app.domain.globs import any_matches
from app.yaml.problems import Problem
from workers.rules.engine.candidates.grouping import Candidate, grouped, place_of
from workers.rules.engine.candidates.not_meant import NONE_ELSE, NotMeant, not_meant
from workers.rules.engine.occurrence import Occurrence, crosses
from workers.rules.engine.run import PassedOver
from workers.rules.expressions.asked import names_used
from workers.rules.expressions.conditions import literal_key, look_up, shown
from workers.rules.vocabulary.model import Fields, Limit, NamedSecret, Rule, Trigger
from workers.rules.vocabulary.triggers import KINDS
from workers.rules.vocabulary.vars import TYPES, Var

TriggerOf = tuple[str, int, Trigger]
"""Id of a rule, index of one of its triggers, that trigger."""

AWAITED = 1000
"""Indexes of triggers that steps wait for: this for each place of a step, the first being 1."""

_REMEMBERED = 4096
_EXACT = ("name", "digits")  # parameters that equal the value of what happens


@dataclass(frozen=True)
class Rules:
    """The rules of one file. `digest` tells one content from another; `secrets` are those that it
    names, `{env: NAME}`. `asks_account`: some rule asks what else is live in the account;
    `reaches_others`: some rule triggers something in other conferences.

    Answers are remembered, up to a bound; that is all that ever changes here.
    """

    rules: tuple[Rule, ...] = ()
    limits: tuple[Limit, ...] = ()
    lists: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    vars: Mapping[str, Var] = field(default_factory=dict)
    timezone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    digest: str = ""
    answers: tuple[Entry, ...] = ()
    warnings: tuple[Problem, ...] = ()
    secrets: tuple[NamedSecret, ...] = ()
    _by_id: dict[str, Rule] = field(init=False, repr=False, compare=False)
    _by_kind: dict[str, tuple[Candidate, ...]] = field(init=False, repr=False, compare=False)
    _resting: dict[str, tuple[Candidate, ...]] = field(init=False, repr=False, compare=False)
    asks_account: bool = field(init=False, repr=False, compare=False)
    reaches_others: bool = field(init=False, repr=False, compare=False)
    awaited: dict[str, tuple[tuple[Rule, int, Trigger], ...]] = field(
        init=False, repr=False, compare=False
    )
    ensuring: tuple[tuple[int, Rule], ...] = field(init=False, repr=False, compare=False)
    _remembered: dict[tuple[str, str], "_Waiting"] = field(
        init=False, repr=False, compare=False, default_factory=dict
    )
    _shared: dict[tuple[str, tuple[int, ...]], "_Waiting"] = field(
        init=False, repr=False, compare=False, default_factory=dict
    )

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_id", {rule.id: rule for rule in self.rules})
        object.__setattr__(self, "_by_kind", _by_kind(self.rules, enabled=True))
        object.__setattr__(self, "awaited", _awaited(self.rules))
        object.__setattr__(self, "asks_account", any(map(_asks_account, self.rules)))
        object.__setattr__(self, "reaches_others", any(map(_reaches_others, self.rules)))
        every = enumerate(self.rules)
        ensuring = tuple((place, rule) for place, rule in every if rule.ensures and rule.enabled)
        object.__setattr__(self, "ensuring", ensuring)
        object.__setattr__(self, "_resting", _by_kind(self.rules, enabled=False))

    @property
    def var_types(self) -> dict[str, str]:
        """The names of `vars` with the types that expressions know."""
        return {name: TYPES[var.type] for name, var in self.vars.items()}

    def rule(self, rule_id: str) -> Rule | None:
        """The rule of that id, enabled or not."""
        return self._by_id.get(rule_id)

    def is_there(self, rule_id: str) -> bool:
        """Whether a rule of that id is there and does not rest."""
        rule = self._by_id.get(rule_id)
        return rule is not None and rule.enabled

    def waiting_for(self, what: Occurrence, conference: str) -> "RuleIndex":
        """The enabled rules that wait for it in that conference; false when there are none."""
        found = self._waiting(what.kind, conference)
        if what.only is not None:
            return found.whole.only(*what.only)
        if not found.whole.every:
            return found.whole
        if found.parameter in _EXACT:
            return found.named(what.value)
        if found.parameter == "count":
            return found.crossed(*what.value)
        return found.whole

    def candidates(self, kind: str, conference: str) -> tuple[Candidate, ...]:
        """The enabled rules with a trigger of that kind, whatever its parameter, whose conference
        globs match, in file order."""
        return self._waiting(kind, conference).whole.every

    def triggers(self, kind: str, conference: str) -> tuple[TriggerOf, ...]:
        """Those triggers of the candidates, in file order; then those that steps wait for."""
        found = self._waiting(kind, conference).triggers
        if kind not in self.awaited:
            return found
        awaited = (
            (rule.id, index, trigger)
            for rule, index, trigger in self.awaited[kind]
            if not rule.conference_globs or any_matches(rule.conference_globs, conference)
        )
        return (*found, *awaited)

    def _waiting(self, kind: str, conference: str) -> "_Waiting":
        found = self._remembered.get((kind, conference))
        if found is None:
            found = self._shared_waiting(kind, conference)
            if len(self._remembered) >= _REMEMBERED:
                self._remembered.clear()
            self._remembered[kind, conference] = found
        return found

    def _shared_waiting(self, kind: str, conference: str) -> "_Waiting":
        """Conferences in which the same rules are meant share what is known of those."""
        known = self._by_kind.get(kind, ())
        every = [
            one
            for one in known
            if not one[1].conference_globs or any_matches(one[1].conference_globs, conference)
        ]
        key = (kind, tuple(place for place, _, _ in every))
        found = self._shared.get(key)
        if found is None:
            places = {place for place, _, _ in every}
            others = [one for one in known if one[0] not in places]
            found = _waiting(kind, every, not_meant(others, self._resting.get(kind, ())))
            if len(self._shared) >= _REMEMBERED:
                self._shared.clear()
            self._shared[key] = found
        return found


class RuleIndex:
    """Rules that wait for the same. Never changes once made. `every` are all, in file order;
    `not_meant` those that wait for the same kind and not for this."""

    def __init__(
        self,
        every: Sequence[Candidate],
        not_meant: NotMeant = NONE_ELSE,
        *,
        told_apart: bool = True,
    ) -> None:
        self.every = tuple(every)
        self.not_meant = not_meant
        self._groups, self._others = grouped(self.every) if told_apart else ([], self.every)

    def __bool__(self) -> bool:
        return bool(self.every)

    def matching(self, fields: Fields) -> tuple[Sequence[Candidate], Sequence[PassedOver]]:
        """The rules to hold against these fields, in file order, and those that need not be: their
        `match` or `if` certainly refuses."""
        if not self._groups:
            return self.every, ()
        found, passed = list(self._others), []
        for group in self._groups:
            value = look_up(fields, group.path)
            if value is None:  # absent: each says that of itself
                found += group.every
                continue
            named = group.by_text.get(literal_key(value, group.kind), ())
            found += named
            if len(named) < len(group.every):
                but = frozenset(place for place, _, _ in named)
                passed.append(PassedOver(group.path, shown(value, group.kind), group.every, but))
        return sorted(found, key=place_of), passed

    def only(self, rule_id: str, trigger: int) -> "RuleIndex":
        """One rule, for whose trigger of that index something happened."""
        return RuleIndex(
            [one for one in self.every if one[1].id == rule_id and trigger in one[2]],
            told_apart=False,
        )


@dataclass(frozen=True, slots=True)
class _Waiting:
    """What waits for one kind in one conference. `by_parameter`: None for every value that no rule
    names. What was asked for is remembered in `parts`, up to a bound."""

    kind: str
    parameter: str
    whole: RuleIndex
    by_parameter: Mapping[Any, Sequence[Candidate]]
    triggers: tuple[TriggerOf, ...]
    parts: dict[Any, RuleIndex] = field(default_factory=dict)

    def named(self, value: Any) -> RuleIndex:
        """The rules that wait for this name, or for any."""
        key = value if value in self.by_parameter else None
        found = self.parts.get(key)  # which is false when nobody waits
        return self._remember(key, self.by_parameter[key]) if found is None else found

    def crossed(self, before: int, after: int) -> RuleIndex:
        """The rules that wait for this change of a number."""
        found = self.parts.get((before, after))
        if found is not None:
            return found
        meant = [
            one
            for one in self.whole.every
            if any(crosses(one[1].triggers[index].parameter, before, after) for index in one[2])
        ]
        return self._remember((before, after), meant)

    def _remember(self, key: Any, meant: Sequence[Candidate]) -> RuleIndex:
        if len(self.parts) >= _REMEMBERED:
            self.parts.clear()
        self.parts[key] = _part(self.whole, meant, self.kind)
        return self.parts[key]


def _reaches_others(rule: Rule) -> bool:
    steps = rule.steps if rule.enabled else ()
    return any(step.action == "trigger" and "conference" in step.params for step in steps)


def _asks_account(rule: Rule) -> bool:
    """Whether an enabled rule asks what else is live."""
    return rule.enabled and any(name.startswith("account.") for name in names_used(rule))


def _awaited(rules: tuple[Rule, ...]) -> dict[str, tuple[tuple[Rule, int, Trigger], ...]]:
    """By kind, what steps of enabled rules wait for."""
    found: dict[str, list[tuple[Rule, int, Trigger]]] = {}
    for rule in rules:
        for place, step in enumerate(rule.steps if rule.enabled else ()):
            for number, trigger in enumerate(step.params.get("triggers", ()), AWAITED):
                index = place * AWAITED + number
                found.setdefault(trigger.kind, []).append((rule, index, trigger))
    return {kind: tuple(every) for kind, every in found.items()}


def _by_kind(rules: tuple[Rule, ...], *, enabled: bool) -> dict[str, tuple[Candidate, ...]]:
    found: dict[str, list[Candidate]] = {}
    for place, rule in enumerate(rules):
        if rule.enabled is not enabled:
            continue
        for kind in dict.fromkeys(trigger.kind for trigger in rule.triggers):
            indexes = tuple(i for i, trigger in enumerate(rule.triggers) if trigger.kind == kind)
            found.setdefault(kind, []).append((place, rule, indexes))
    return {kind: tuple(candidates) for kind, candidates in found.items()}


def _waiting(kind: str, every: Sequence[Candidate], not_meant: NotMeant) -> _Waiting:
    triggers = tuple(
        (rule.id, index, rule.triggers[index]) for _, rule, found in every for index in found
    )
    whole = RuleIndex(every, not_meant)
    parameter = KINDS[kind].parameter
    by_parameter = _by_parameter(every) if parameter in _EXACT else {}
    return _Waiting(kind, parameter, whole, by_parameter, triggers)


def _by_parameter(every: Sequence[Candidate]) -> dict[Any, Sequence[Candidate]]:
    """By what rules wait for; one that waits for any value stands under each."""
    named: dict[Any, list[Candidate]] = {None: []}
    for one in every:
        wanted = {one[1].triggers[index].parameter for index in one[2]}
        for parameter in {None} if None in wanted else wanted:
            named.setdefault(parameter, []).append(one)
    return {
        parameter: sorted(found if parameter is None else named[None] + found, key=place_of)
        for parameter, found in named.items()
    }


def _part(whole: RuleIndex, meant: Sequence[Candidate], kind: str) -> RuleIndex:
    """Those of the whole that are meant; the others wait for other names or numbers."""
    places = {place for place, _, _ in meant}
    others = [rule for place, rule, _ in whole.every if place not in places]
    return RuleIndex(meant, whole.not_meant.and_others(others, kind))

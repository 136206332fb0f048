"""`Rules`: everything one rules file says, ready to be asked."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from workers.rules.engine.rule_index import Candidate, Shelf
from workers.rules.vocabulary.globs import any_matches
from workers.rules.vocabulary.model import AnswerOptions, Limit, Rule
from workers.rules.vocabulary.problems import Problem

_BY_PARAMETER = ("trigger", "member.digits")
ANY_DIGITS = tuple("0123456789*#")
_REMEMBERED = 4096


@dataclass(frozen=True)
class Rules:
    """The rules of one file. `digest` tells one content from another.

    `candidates` remembers its answers, up to a bound; that is all that ever changes here.
    """

    rules: tuple[Rule, ...] = ()
    limits: tuple[Limit, ...] = ()
    lists: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    timezone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    digest: str = ""
    answers: tuple[AnswerOptions, ...] = ()
    warnings: tuple[Problem, ...] = ()
    _by_kind: dict[str, tuple[Candidate, ...]] = field(init=False, repr=False, compare=False)
    _remembered: dict[tuple[str, str], "_Shelves"] = field(
        init=False, repr=False, compare=False, default_factory=dict
    )

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_kind", _index(self.rules))

    def candidates(self, kind: str, conference: str) -> tuple[Candidate, ...]:
        """The enabled rules with a trigger of that kind whose conference globs match, in file
        order: (index of the rule, rule, indexes of its triggers of that kind)."""
        return self._shelves(kind, conference).whole.every

    def shelf(self, kind: str, conference: str, value: Any = None) -> Shelf:
        """`candidates` as a shelf; for triggers and digits only those that may wait for `value`."""
        shelves = self._shelves(kind, conference)
        if kind in _BY_PARAMETER:
            return shelves.by_parameter.get(value) or shelves.by_parameter[None]
        return shelves.whole

    def _shelves(self, kind: str, conference: str) -> "_Shelves":
        key = (kind, conference)
        found = self._remembered.get(key)
        if found is None:
            found = _shelves(kind, conference, self._by_kind.get(kind, ()))
            if len(self._remembered) >= _REMEMBERED:
                self._remembered.clear()
            self._remembered[key] = found
        return found

    @property
    def trigger_names(self) -> frozenset[str]:
        """The names that some enabled rule listens to (`POST /triggers/<name>`)."""
        return frozenset(
            str(trigger.parameter)
            for rule in self.rules
            for trigger in rule.triggers
            if rule.enabled and trigger.kind == "trigger"
        )

    def published(self) -> dict[str, Any]:
        """What the receiver needs to know, as JSON: names of triggers, and answer options with
        what the rules wait for."""
        return {
            "digest": self.digest,
            "trigger_names": sorted(self.trigger_names),
            "answers": [
                {"conference": list(entry.conference), **_json(entry.options)}
                for entry in self.answers
            ],
            "digits": [
                {"conference": list(rule.conference_globs or ("*",)), "digits": list(digits)}
                for rule, digits in self._digits()
            ],
            "floor": sorted(
                {
                    glob
                    for _, rule, _ in self._by_kind.get("member.speaking", ())
                    for glob in rule.conference_globs or ("*",)
                }
            ),
        }

    def _digits(self) -> list[tuple[Rule, tuple[str, ...]]]:
        found = []
        for _, rule, indexes in self._by_kind.get("member.digits", ()):
            wanted = [rule.triggers[index].parameter for index in indexes]
            found.append((rule, ANY_DIGITS if None in wanted else tuple(wanted)))
        return found


@dataclass(frozen=True, slots=True)
class _Shelves:
    """`by_parameter`: None for every value that no rule names."""

    whole: Shelf
    by_parameter: Mapping[Any, Shelf]


def _shelves(kind: str, conference: str, known: tuple[Candidate, ...]) -> _Shelves:
    every = [
        candidate
        for candidate in known
        if not candidate[1].conference_globs
        or any_matches(candidate[1].conference_globs, conference)
    ]
    if kind not in _BY_PARAMETER:
        return _Shelves(Shelf(every), {})
    wanted = {
        candidate[0]: {candidate[1].triggers[index].parameter for index in candidate[2]}
        for candidate in every
    }
    parted: dict[Any, list[Candidate]] = {None: []}
    for parameters in wanted.values():
        parted |= {parameter: [] for parameter in parameters}
    anything = [candidate for candidate in every if None in wanted[candidate[0]]]
    for candidate in every:
        for parameter in wanted[candidate[0]] - {None}:
            parted[parameter].append(candidate)
    shelves = {
        parameter: Shelf(sorted({one[0]: one for one in (*anything, *named)}.values(), key=_place))
        for parameter, named in parted.items()
    }
    return _Shelves(Shelf(every), shelves)


def _place(candidate: Candidate) -> int:
    return candidate[0]


def _index(rules: tuple[Rule, ...]) -> dict[str, tuple[Candidate, ...]]:
    found: dict[str, list[Candidate]] = {}
    for number, rule in enumerate(rules):
        if not rule.enabled:
            continue
        for kind in dict.fromkeys(trigger.kind for trigger in rule.triggers):
            indexes = tuple(i for i, trigger in enumerate(rule.triggers) if trigger.kind == kind)
            found.setdefault(kind, []).append((number, rule, indexes))
    return {kind: tuple(candidates) for kind, candidates in found.items()}


def _json(options: Mapping[str, Any]) -> dict[str, Any]:
    return {key: list(v) if isinstance(v, tuple) else v for key, v in options.items()}

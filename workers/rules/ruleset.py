"""`Rules`: everything one rules file says, ready to be asked."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from workers.rules.globs import any_matches
from workers.rules.model import AnswerOptions, Limit, Rule
from workers.rules.problems import Problem

Candidate = tuple[int, Rule, tuple[int, ...]]
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
    _remembered: dict[tuple[str, str], tuple[Candidate, ...]] = field(
        init=False, repr=False, compare=False, default_factory=dict
    )

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_kind", _index(self.rules))

    def candidates(self, kind: str, conference: str) -> tuple[Candidate, ...]:
        """The enabled rules with a trigger of that kind whose conference globs match, in file
        order: (index of the rule, rule, indexes of its triggers of that kind)."""
        key = (kind, conference)
        found = self._remembered.get(key)
        if found is None:
            found = tuple(
                candidate
                for candidate in self._by_kind.get(kind, ())
                if not candidate[1].conference_globs
                or any_matches(candidate[1].conference_globs, conference)
            )
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

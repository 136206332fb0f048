"""The rules that wait for a kind of event and not for this one: which, and why, in words."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, islice
from typing import Any

from app.domain.conference import HERE, said_of
from app.domain.globs import any_matches
from workers.rules.engine.candidates.grouping import Candidate
from workers.rules.engine.state import short_hash
from workers.rules.expressions.conditions import Match
from workers.rules.vocabulary.model import Rule
from workers.rules.vocabulary.triggers import KINDS

MOST_NOT_MEANT = 200
"""So many rules that were not meant are told by name; more are counted."""

_REASON_LENGTH = 200


@dataclass(frozen=True, eq=False)
class NotMeant:
    """Rules that wait for a kind of event and not for this one: for another conference, name or
    number, or not enabled. Each by name and reason, the first `MOST_NOT_MEANT` of `count`.

    The same for many events, so it is made once, and the journal keeps its words once
    (`app.store.commit.NotMeantTexts`).
    """

    told: tuple[tuple[str, str], ...] = ()
    count: int = 0

    def and_others(self, others: Sequence[Rule], kind: str) -> "NotMeant":
        """With rules that wait for other names or numbers, which are told first."""
        if not others:
            return self
        refused = ((rule.name, waits_for(rule, kind)) for rule in others)
        told = tuple(islice(chain(refused, self.told), MOST_NOT_MEANT))
        return NotMeant(told, len(others) + self.count)

    @cached_property
    def names(self) -> frozenset[str]:
        return frozenset(name for name, _ in self.told)

    @cached_property
    def text(self) -> str:
        """As the journal keeps it."""
        words = by_reason(self.told)
        more = self.count - len(self.told)
        return json.dumps({"skipped": words, "more": more}, ensure_ascii=False)

    @cached_property
    def id(self) -> str:
        """What tells its words from others."""
        return short_hash(self.text, 8)


NONE_ELSE = NotMeant()


def not_meant(others: Sequence[Candidate], resting: Sequence[Candidate]) -> NotMeant:
    """The rules for other conferences, and those that are not enabled."""
    if not others and not resting:
        return NONE_ELSE
    refused = ((rule.name, _elsewhere(rule)) for _, rule, _ in others)
    asleep = ((rule.name, "it is not enabled") for _, rule, _ in resting)
    told = tuple(islice(chain(refused, asleep), MOST_NOT_MEANT))
    return NotMeant(told, len(others) + len(resting))


def waits_for(rule: Rule, kind: str) -> str:
    """What parameters of that kind a rule waits for, in words; "" for any."""
    wanted = [trigger.parameter for trigger in rule.triggers if trigger.kind == kind]
    if None in wanted:
        return ""
    if KINDS[kind].parameter == "count":
        return "it waits for " + " or ".join(f"{how} {number:g}" for how, number in wanted)
    return "it waits for " + " or ".join(str(parameter) for parameter in wanted)


def elsewhere(rule: Rule, conference: str) -> str:
    """Why a rule is not meant in that conference, in words; "" when it is."""
    if not rule.conference_globs or any_matches(rule.conference_globs, conference):
        return ""
    return said_of(conference, _elsewhere(rule))


def _elsewhere(rule: Rule) -> str:
    """The same, with a place for the conference's name."""
    checks = rule.match.checks if isinstance(rule.match, Match) else ()
    wanted = [check.wanted for check in checks if check.path == ("conference", "name")]
    return f"conference.name is {HERE}, not {' and '.join(wanted)}"


def by_reason(told: Iterable[tuple[str, str]]) -> list[dict[str, Any]]:
    """Rules by name and reason, as the journal groups them."""
    found: dict[str, list[str]] = {}
    for rule, reason in told:
        found.setdefault(reason[:_REASON_LENGTH], []).append(rule)
    return [{"reason": reason, "rules": rules} for reason, rules in found.items()]

"""What rules ensure: what can not be meant, and what other rules undo."""

from collections.abc import Iterator
from typing import Any

from app.domain.facts import FACTS
from app.domain.suggest import quoted
from app.yaml.problems import Report
from app.yaml.schema_errors import key_of
from app.yaml.tree import Map
from workers.rules.expressions.conditions import Literals, Match
from workers.rules.expressions.expressions import Compiled
from workers.rules.language.steps.flat import items_of, step_key
from workers.rules.lint.conditions import if_can_hold, match_can_hold
from workers.rules.lint.parts import Parts, covers_all, only_globs, overlap
from workers.rules.lint.values import values_can_hold
from workers.rules.vocabulary.actions import CALLS
from workers.rules.vocabulary.model import Rule, Step, Target, Wish
from workers.rules.vocabulary.states import WORDS

_LASTING = frozenset({"member.id", *(f"member.{name}" for name in FACTS)})
"""What stays as it is of a member."""


def check_ensuring(rule: Rule, node: Map, report: Report) -> None:
    """One rule by itself. It has been compiled without an error."""
    match_can_hold(rule, node, report)
    if_can_hold(rule, node, report)
    values_can_hold(rule, node, report)
    for place, wish in enumerate(rule.ensures):
        first = next((one for one in rule.ensures[:place] if _contrary(one, wish)), None)
        if first is not None:
            said = f"never: {first.state} comes first, for the same members"
            report.error(key_of(node["ensure"], wish.state), said)
        where = _where(wish.target)
        if where is not None and f"member.{wish.flag}" in where.names:
            said = f"asks for member.{wish.flag}, which it changes itself"
            report.warning(key_of(node["ensure"], wish.state), f"{wish.state} {said}")


def _contrary(first: Wish, wish: Wish) -> bool:
    """Whether two wishes of one rule ask for the contrary of just the same members."""
    one, other = _where(first.target), _where(wish.target)
    same = one is not None and other is not None and one.meaning == other.meaning
    return same and (first.flag, first.value) == (wish.flag, not wish.value)


def ensured_is_reached(parts: Parts, report: Report) -> None:
    """What an earlier rule keeps from being so: of two that contradict, the first one holds."""
    earlier: list[tuple[Rule, Map, Wish]] = []
    for rule, node, wish in _wishes(parts):
        for other, before, first in earlier:
            contrary = (first.flag, first.value) == (wish.flag, not wish.value)
            everywhere = covers_all(other.conference_globs, rule.conference_globs)
            if contrary and everywhere and _everybody(first) and _is_always(other, before):
                said = f"never: {quoted(other.name)} comes first and ensures the contrary"
                report.warning(key_of(node["ensure"], wish.state), said)
                break
        earlier.append((rule, node, wish))


def ensured_is_not_undone(parts: Parts, report: Report) -> None:
    """Rules that do the contrary to just those members, which is undone at once."""
    wishes = [one for one in _wishes(parts) if one[0].enabled and _is_always(one[0], one[1])]
    for rule, node in zip(parts.rules, parts.rule_nodes, strict=True) if wishes else ():
        for step, item in zip(rule.steps, items_of(node.find("do") or ()), strict=True):
            for ensuring, _, wish in wishes:
                meant = rule.enabled and overlap(rule.conference_globs, ensuring.conference_globs)
                if meant and _undoes(step, rule, wish):
                    so = WORDS[wish.flag, wish.value][0]
                    said = f"{quoted(ensuring.name)} ensures that they are {so}"
                    if wish.target is None:
                        said = f"{quoted(ensuring.name)} ensures that the conference is {so}"
                    report.warning(step_key(item), f"{step.action} is undone at once: {said}")
                    break


def _wishes(parts: Parts) -> Iterator[tuple[Rule, Map, Wish]]:
    for rule, node in zip(parts.rules, parts.rule_nodes, strict=True):
        for wish in rule.ensures:
            yield rule, node, wish


def _is_always(rule: Rule, node: Map) -> bool:
    """Whether it is ensured as long as its conferences are live."""
    return rule.condition is None and only_globs(node) and not _other_checks(rule)


def _other_checks(rule: Rule) -> bool:
    checks = rule.match.checks if isinstance(rule.match, Match) else ()
    return any(check.path != ("conference", "name") for check in checks)


def _everybody(wish: Wish) -> bool:
    return wish.target is None or wish.target.kind == "all"


def _undoes(step: Step, rule: Rule, wish: Wish) -> bool:
    verb = CALLS.get(step.action, {}).get("")
    if verb is None or verb.sets.get(wish.flag, wish.value) == wish.value:
        return False
    if wish.target is None or step.target is None:
        return wish.target is step.target
    if wish.target.kind == "all":
        return True
    ensured = _where(wish.target)
    if ensured is None or not ensured.names <= _LASTING:
        return False  # it may not hold by then
    if step.target.kind in ("all", "others"):
        return True
    if step.target.kind == "member":
        return not _apart(ensured.literals, tuple(_asked(rule)))
    where = _where(step.target)
    if where is None:
        return False
    shared = {one.path for one in ensured.literals} & {one.path for one in where.literals}
    same = where.meaning == ensured.meaning
    return same or (bool(shared) and not _apart(ensured.literals, where.literals))


def _apart(one: tuple[Literals, ...], other: tuple[Literals, ...]) -> bool:
    """Whether they ask for different texts of the same field."""
    return any(a.path == b.path and not a.texts & b.texts for a in one for b in other)


def _asked(rule: Rule) -> Iterator[Literals]:
    """What the member is like whom a rule is about."""
    for check in rule.match.checks if isinstance(rule.match, Match) else ():
        if check.literals is not None:
            yield check.literals
    if isinstance(rule.condition, Compiled):
        yield from rule.condition.literals


def _where(target: Target | None) -> Compiled | None:
    where: Any = target.where if target is not None else None
    return where if isinstance(where, Compiled) else None

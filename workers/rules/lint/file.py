"""The parts of a file held against each other: what is hidden, missing or there twice."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from app.domain.durations import format_duration
from app.domain.globs import any_matches, covers, is_glob
from app.domain.suggest import did_you_mean, quoted
from app.yaml.problems import Located, Place, Report
from app.yaml.schema_errors import key_of
from app.yaml.tree import Map, Seq
from workers.rules.engine.inner_steps import MOST_DESCENDANTS, MOST_TRIGGERS
from workers.rules.expressions.asked import names_used
from workers.rules.language.steps.flat import END, items_of, step_key
from workers.rules.lint.ensure import ensured_is_not_undone, ensured_is_reached
from workers.rules.lint.entries import (
    entries_are_reached,
    entries_can_match,
    plivo_reports_what_rules_wait_for,
    refusals_are_whole,
    roles_can_be_proved,
    tries_can_be_made,
)
from workers.rules.lint.parts import Parts, covers_all, only_globs, overlap
from workers.rules.lint.undone import rules_do_not_undo
from workers.rules.lint.waits import is_live_at
from workers.rules.vocabulary.model import Limit, Rule
from workers.rules.vocabulary.triggers import KINDS
from workers.rules.vocabulary.vars import said

MAX_PAIRS = 500_000
MAX_COMPARED = 100  # globs of one list


def check_parts(parts: Parts, report: Report) -> None:
    """Adds what it finds to the report."""
    for check in _CHECKS:
        check(parts, report)
    if _pairs(parts) > MAX_PAIRS:
        report.warning(Place(1, 1), "too large a file to hold its entries against each other")
        return
    for check in _PAIRWISE:
        check(parts, report)


def _pairs(parts: Parts) -> int:
    """About how many comparisons of globs the pairwise checks make."""
    rules = sum(1 + len(rule.conference_globs) for rule in parts.rules)
    entries = sum(1 + len(globs) for _, _, globs in (*parts.limits, *parts.answers))
    entries += sum(len(rule.ensures) for rule in parts.rules)
    return (rules + entries) * entries


def _named(parts: Parts) -> Iterator[tuple[Rule, Map]]:
    return zip(parts.rules, parts.rule_nodes, strict=True)


def _names_are_unique(parts: Parts, report: Report) -> None:
    first: dict[str, int] = {}
    for rule, node in _named(parts):
        if rule.name in first:
            report.error(
                node["name"],
                f"the name {quoted(rule.name)} is already on line {first[rule.name]}",
            )
        first.setdefault(rule.name, node["name"].line)


def _no_rule_is_there_twice(parts: Parts, report: Report) -> None:
    seen: dict[tuple[str, bool], Rule] = {}
    for rule, node in _named(parts):
        key = (rule.meaning, rule.enabled)
        if key in seen:
            report.warning(
                node["name"], f"does the same at the same time as {quoted(seen[key].name)}"
            )
        seen.setdefault(key, rule)


def _limits_for(rule: Rule, parts: Parts) -> list[Limit]:
    return [limit for limit, _, globs in parts.limits if overlap(globs, rule.conference_globs)]


def _limits_are_there(parts: Parts, report: Report) -> None:
    for rule, node in _named(parts):
        if _limits_for(rule, parts):
            continue
        before_it = next((t.kind for t in rule.triggers if KINDS[t.kind].since == "limit"), None)
        if before_it:
            report.error(key_of(node, "when"), before_it + _NO_LIMIT)
        elif names_used(rule) & {"conference.time_left", "conference.limit"}:
            report.warning(
                node, "conference.time_left or conference.limit is asked for" + _NO_LIMIT
            )
        for step, item in zip(rule.steps, items_of(node.find("do") or ()), strict=True):
            awaited = [t.kind for t in step.params.get("triggers", ())]
            if step.action == "extend":
                report.error(step_key(item), "extend" + _NO_LIMIT)
            elif late := next((kind for kind in awaited if KINDS[kind].since == "limit"), None):
                report.error(step_key(item), late + _NO_LIMIT)


_NO_LIMIT = ", but no entry of `limits` matches the conferences of this rule"


def _times_come_before_the_limit(parts: Parts, report: Report) -> None:
    """Timers that the limit forestalls. An `extend` anywhere makes that hard to say."""
    if any(step.action == "extend" for rule in parts.rules for step in rule.steps):
        return
    for rule, node in _named(parts):
        limits = _limits_for(rule, parts)
        longest = max((limit.duration for limit in limits), default=0.0)
        certain = _surely_limited(rule, parts) and all(limit.hang_up for limit in limits)
        for trigger in rule.triggers:
            kind = KINDS[trigger.kind]
            late = kind.since in ("start", "alone") and certain
            if limits and (kind.since == "limit" or late) and trigger.parameter >= longest:
                report.warning(
                    key_of(node, "when"),
                    f"{trigger.kind} never comes: the limit of these conferences is "
                    f"{format_duration(longest)}",
                )
        if certain and all(is_live_at(trigger.kind) for trigger in rule.triggers):
            _waits_end_before(longest, rule, node, report)


def _waits_end_before(longest: float, rule: Rule, node: Map, report: Report) -> None:
    """A run that waits ends with its conference."""
    limit = f"the limit of these conferences is {format_duration(longest)}"
    for step, item in zip(rule.steps, items_of(node.find("do") or ()), strict=True):
        if step.params.get("duration", 0) >= longest and step.action == "wait":
            report.warning(step_key(item), f"wait: what comes after it is never done: {limit}")
        elif step.params.get("timeout", 0) >= longest and step.jumps != (END,):
            where = key_of(item["wait_for"], "timeout")
            report.warning(where, f"timeout: its `else` is never done: {limit}")


def _surely_limited(rule: Rule, parts: Parts) -> bool:
    return any(
        covers_all(globs, rule.conference_globs) and only_globs(node)
        for _, node, globs in parts.limits
    )


ENDS = f"that ends {MOST_TRIGGERS} deep, or after {MOST_DESCENDANTS} triggers in all"


def _triggers_are_heard(parts: Parts, report: Report) -> None:
    leads_to: dict[str, set[str]] = {}
    for rule in parts.rules:
        for one in _heard(rule):
            leads_to.setdefault(one, set()).update(_triggered(rule))
    heard = set(leads_to)
    told: set[str] = set()  # a circle is told once
    for rule, node in _named(parts):
        own = _heard(rule)
        for step, item in zip(rule.steps, items_of(node.find("do") or ()), strict=True):
            name = step.params.get("name")
            if step.action != "trigger":
                continue
            where: Located = step_key(item)
            if name not in heard:
                message = f"no rule waits for the trigger {quoted(str(name))}"
                report.warning(where, message + did_you_mean(str(name), heard))
            elif "conference" in step.params:
                continue
            elif name in own:
                report.warning(where, f"the rule triggers itself; {ENDS}")
            elif (back := sorted(own & _reached(name, leads_to))) and not told & {*back}:
                told |= _reached(name, leads_to)
                again = f"{quoted(str(name))} leads back to {quoted(back[0])}"
                report.warning(where, f"the trigger {again}; {ENDS}")


def _heard(rule: Rule) -> set[str]:
    return {trigger.parameter for trigger in rule.every_trigger if trigger.kind == "trigger"}


def _triggered(rule: Rule) -> set[str]:
    """In its own conference: what another one is sent triggers nothing more."""
    steps = (step for step in rule.steps if step.action == "trigger")
    return {step.params["name"] for step in steps if "conference" not in step.params}


def _reached(name: str, leads_to: Mapping[str, set[str]]) -> set[str]:
    """The triggers that follow from this one, at once or later."""
    found: set[str] = set()
    left = [name]
    while left:
        new = leads_to.get(left.pop(), set()) - found
        found |= new
        left += new
    return found


def _lists_are_good(parts: Parts, report: Report) -> None:
    nodes = (*parts.rule_nodes, *parts.limits.nodes, *parts.answers.nodes)
    written = set(re.findall(r"\w+", repr(nodes)))
    for name, items in parts.list_nodes.items():
        if not items:
            report.warning(name, f"the list {quoted(name)} is empty")
        elif name not in written:
            report.warning(name, f"no rule uses the list {quoted(name)}")
        seen: set[str] = set()
        for item in items:
            if is_glob(item):
                report.warning(item, f"{quoted(item)}: a list has exact texts, no globs")
            elif item in seen:
                report.warning(item, f"{quoted(item)} is in the list twice")
            seen.add(item)


def _vars_are_used(parts: Parts, report: Report) -> None:
    """Those that nobody asks for, and those that nobody ever sets."""
    read = {name for rule in parts.rules for name in names_used(rule)}
    steps = [step for rule in parts.rules for step in rule.steps if step.action == "set"]
    written = {name for step in steps for name in step.params["values"]}
    for name, var in zip(parts.var_nodes, parts.vars.values(), strict=True):
        if f"vars.{name}" not in read:
            report.warning(name, f"no rule reads vars.{name}")
        elif name not in written:
            report.warning(name, f"no rule sets vars.{name}: it is always {said(var.start)}")


def _globs_are_needed(parts: Parts, report: Report) -> None:
    nodes = [*parts.rule_nodes, *parts.limits.nodes, *parts.answers.nodes]
    for node in nodes:
        match: Any = node.find("match")
        value: Any = match.find("conference") if isinstance(match, Map) else None
        few = isinstance(value, Seq) and len(value) <= MAX_COMPARED
        for number, glob in enumerate(value if few else ()):
            others = [
                other
                for at, other in enumerate(value)
                if at != number and (other != glob or at < number)
            ]
            if any_covers(others, glob):
                report.warning(glob, f"{quoted(glob)} is already matched by another of this list")


def any_covers(globs: Sequence[str], glob: str) -> bool:
    return any_matches(globs, glob) if not is_glob(glob) else any(covers(g, glob) for g in globs)


_CHECKS: tuple[Callable[[Parts, Report], None], ...] = (
    _names_are_unique,
    _no_rule_is_there_twice,
    _triggers_are_heard,
    _lists_are_good,
    _vars_are_used,
    _globs_are_needed,
    entries_can_match,
    refusals_are_whole,
    roles_can_be_proved,
    tries_can_be_made,
)

_PAIRWISE: tuple[Callable[[Parts, Report], None], ...] = (
    entries_are_reached,
    _limits_are_there,
    ensured_is_reached,
    ensured_is_not_undone,
    rules_do_not_undo,
    _times_come_before_the_limit,
    plivo_reports_what_rules_wait_for,
)

"""Steps that the next one undoes, repeats or cuts off, or that a later rule undoes at the same
event: nothing is seen or heard of them."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from app.domain.suggest import quoted
from app.yaml.problems import Report
from app.yaml.tree import Map
from workers.rules.expressions.conditions import Match
from workers.rules.expressions.expressions import Compiled
from workers.rules.language.steps.flat import items_of, step_key
from workers.rules.lint.parts import Parts, covers_all, only_globs
from workers.rules.vocabulary.actions import CALLS
from workers.rules.vocabulary.model import Rule, Step, Target

_HEARD = frozenset({"speak", "play"})
_NEXT_FILE = "stop_recording"  # the recording that `record` begins behind it is another one
_STOPS = {"speak": "stop_speak", "play": "stop_play"}


def steps_have_an_effect(rule: Rule, node: Map, report: Report) -> None:
    """Each step with the one that follows it at once, whatever way the run takes."""
    items = list(items_of(node["do"]))
    for place, step in enumerate(rule.steps):
        behind = step.after(place)
        if behind < len(rule.steps) and (said := _in_vain(step, rule.steps[behind])):
            report.warning(step_key(items[place]), said)


def rules_do_not_undo(parts: Parts, report: Report) -> None:
    """What a rule does at once and a later one undoes, whenever the first one runs."""
    later: _Later = defaultdict(list)
    for rule, node in reversed([*zip(parts.rules, parts.rule_nodes, strict=True)]):
        if not rule.enabled or rule.dry_run or not rule.triggers:
            continue
        items = list(items_of(node["do"]))
        for place, step in _at_once(rule, _PASSED):
            undoing = next(_undoing(rule, step, later), None)
            if undoing is not None:
                said = f"{step.action} has no effect: the later rule {quoted(undoing.name)} undoes"
                report.warning(step_key(items[place]), f"{said} it at once; put exceptions last")
        if rule.once is None and rule.cooldown is None and _asks_for_names_alone(rule, node):
            for _, step in _at_once(rule):
                for event in _events(rule):
                    later[event, _states(step)].append((rule, step))


_States = frozenset[tuple[str, bool]]
_Later = dict[tuple[tuple[str, Any], _States], list[tuple[Rule, Step]]]
_PASSED = frozenset({"speak", "play", "log", "set"})
_MOST_LATER = 100  # rules of the same trigger that one is held against


def _events(rule: Rule) -> set[tuple[str, Any]]:
    return {(trigger.kind, trigger.parameter) for trigger in rule.triggers}


def _at_once(rule: Rule, passed: Collection[str] = ()) -> Iterator[tuple[int, Step]]:
    """Its first steps that set something, up to one that may wait, fail or lead elsewhere."""
    for place, step in enumerate(rule.steps):
        if sets_of(step) and not step.asks:
            yield place, step
        elif step.action not in passed:
            return


def _undoing(rule: Rule, step: Step, later: _Later) -> Iterator[Rule]:
    """Later rules that surely run when this one does."""
    sets, events = sets_of(step), _events(rule)
    changing = step.target is not None and step.target.kind == "where"
    if not sets or step.action == _NEXT_FILE or changing:
        return
    contrary = frozenset((flag, not value) for flag, value in sets.items())
    for other, one in later.get((next(iter(events)), contrary), [])[-_MOST_LATER:]:
        everywhere = covers_all(other.conference_globs, rule.conference_globs)
        if everywhere and reaches(one.target, step.target, sets) and events <= _events(other):
            yield other


def _states(step: Step) -> _States:
    return frozenset(sets_of(step).items())


def _asks_for_names_alone(rule: Rule, node: Map) -> bool:
    """Whether it runs at each event of its conferences."""
    checks = rule.match.checks if isinstance(rule.match, Match) else ()
    of_names = all(check.path == ("conference", "name") for check in checks)
    return rule.condition is None and of_names and only_globs(node)


def sets_of(step: Step) -> Mapping[str, bool]:
    """The flags that are so when its call is made: of its members, or of the conference."""
    verb = CALLS.get(step.action, {}).get("")
    return {} if verb is None else verb.sets


def reaches(wide: Target | None, narrow: Target | None, sets: Mapping[str, bool]) -> bool:
    """Whether one is surely for all whom the other is for; `sets` is what happens between."""
    if wide is None or narrow is None:
        return wide is narrow
    if wide.kind == "all":
        return True
    if wide.kind == narrow.kind == "where":
        return _same_members(wide, narrow, sets)
    return wide.kind == narrow.kind and wide.kind in ("member", "others")


def _same_members(one: Target, other: Target, sets: Mapping[str, bool]) -> bool:
    """The same expression, which the first step does not change."""
    here, there = one.where, other.where
    if not isinstance(here, Compiled) or not isinstance(there, Compiled):
        return False
    return here.meaning == there.meaning and not here.names & {f"member.{flag}" for flag in sets}


def _in_vain(step: Step, behind: Step) -> str:
    """What is wrong with a step, given the one behind it; "" when nothing is."""
    sets, then = sets_of(step), sets_of(behind)
    same = reaches(behind.target, step.target, sets)
    contrary = all(then.get(flag) is (not value) for flag, value in sets.items())
    if same and sets and contrary and step.action != _NEXT_FILE:
        return f"{step.action} has no effect: {behind.action} undoes it at once; {_PAUSE}"
    if same and sets and step.action == behind.action and not (step.params or behind.params):
        return f"{step.action} is done again by the next step; leave one of them out"
    if step.action in _HEARD and same and _STOPS[step.action] == behind.action:
        return f"{step.action} is not heard: {behind.action} ends it at once; {_PAUSE}"
    if step.action in _HEARD and _ends_the_call(behind, step):
        return f"{step.action} is not heard: {behind.action} does not wait for it; {_PAUSE}"
    return ""


_PAUSE = "write `- wait: 5s` between them, or so"


def _ends_the_call(behind: Step, step: Step) -> bool:
    if behind.action not in ("hang_up", "kick"):
        return False
    return "what" in behind.params or reaches(behind.target, step.target, {})

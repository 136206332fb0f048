"""Steps that the very next one undoes or repeats, or cuts off: nothing is seen or heard of them."""

from collections.abc import Mapping

from app.yaml.problems import Report
from app.yaml.tree import Map
from workers.rules.expressions.expressions import Compiled
from workers.rules.language.steps.flat import items_of, step_key
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

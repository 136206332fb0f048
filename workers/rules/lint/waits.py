"""`wait_for`: what never comes, and what its coming changes for the steps behind it."""

from collections.abc import Callable, Iterator

from app.yaml.problems import Report
from app.yaml.schema_errors import key_of
from app.yaml.tree import Map
from workers.rules.expressions.conditions import Match
from workers.rules.expressions.expressions import Compiled
from workers.rules.language.matching.match import conference_globs
from workers.rules.language.steps.flat import items_of, step_key
from workers.rules.lint.conditions import hold_condition, hold_match
from workers.rules.lint.parts import overlap
from workers.rules.vocabulary.model import Rule, Step, Trigger
from workers.rules.vocabulary.triggers import KINDS

STARTED = "conference.started"
_NOT_SURELY_LIVE = frozenset({"trigger", "action.failed"})


def what_is_awaited_can_come(rule: Rule, node: Map, report: Report) -> None:
    """The checks of a rule's `when`, `match` and `if`, for those of its `wait_for`."""
    for step, item in zip(rule.steps, items_of(node["do"]), strict=True):
        if step.action == "wait_for":
            _can_come(rule, step, item, item["wait_for"], report)


def _can_come(rule: Rule, step: Step, item: Map, written: Map, report: Report) -> None:
    kinds = [trigger.kind for trigger in step.params["triggers"]]
    if STARTED in kinds and all(is_live_at(trigger.kind) for trigger in rule.triggers):
        message = f"{STARTED} has been already, and does not come again in this run"
        report.error(key_of(written, "when"), message)
    if step.params.get("by") == "member" and any(_has_left(one.kind) for one in rule.triggers):
        report.error(step_key(item), "by: member, but the member has left")
    match, condition = step.params.get("match"), step.params.get("condition")
    if isinstance(match, Match):
        hold_match(match, step.params["triggers"], written["match"], report)
        if not overlap(conference_globs(written["match"]), rule.conference_globs):
            message = "this can never hold: it waits in its own conference, which `match` excludes"
            report.error(key_of(written, "match"), message)
    if isinstance(condition, Compiled):
        never = "so nothing is waited for"
        hold_condition(condition, step.params["triggers"], written["if"], never, report)


def is_live_at(kind: str) -> bool:
    """Whether the conference that it is about has surely begun."""
    return not KINDS[kind].over and kind not in _NOT_SURELY_LIVE and not _comes_late(kind)


def _comes_late(kind: str) -> bool:
    """Recordings and transcripts may be told of when the conference is over."""
    return "recording" in KINDS[kind].sees


def _has_left(kind: str) -> bool:
    return KINDS[kind].member == "left"


def over_by_waiting(step: Step) -> str:
    """The trigger of a `wait_for` after which the conference is over; "" for all other steps."""
    triggers: tuple[Trigger, ...] = step.params.get("triggers", ())
    over = bool(triggers) and all(KINDS[one.kind].over for one in triggers)
    return str(triggers[0].kind) if over else ""


def leaves_by_waiting(step: Step) -> bool:
    """Whether the member of the rule has left after it."""
    triggers = step.params.get("triggers", ()) if step.params.get("by") == "member" else ()
    return bool(triggers) and all(_has_left(one.kind) for one in triggers)


def after(rule: Rule, brings: Callable[[Step], bool]) -> dict[int, bool]:
    """By the places that can be reached: whether every way there passes a step that brings it
    about. Where a `choose` or an `else` leads, the step itself has brought nothing."""
    found = {0: False}
    for place, step in enumerate(rule.steps):
        for to, so in _ways(step, place, found[place], brings) if place in found else ():
            found[to] = found.get(to, True) and so
    return found


def _ways(
    step: Step, place: int, before: bool, brings: Callable[[Step], bool]
) -> Iterator[tuple[int, bool]]:
    yield from ((to, before) for to in step.jumps)
    if step.action != "choose":
        yield step.after(place), before or brings(step)

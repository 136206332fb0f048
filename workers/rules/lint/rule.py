"""One rule by itself: what is well written and still can never run, or reaches nobody."""

from collections.abc import Callable, Iterator, Sequence

from app.yaml.problems import Report
from app.yaml.schema_errors import key_of
from app.yaml.tree import Map, Text
from workers.rules.expressions.conditions import Match
from workers.rules.language.steps.flat import END, items_of, step_key
from workers.rules.lint.conditions import holds, if_can_hold, match_can_hold, never_by
from workers.rules.lint.undone import steps_have_an_effect
from workers.rules.lint.values import doubt_of, values_can_hold
from workers.rules.lint.waits import (
    after,
    leaves_by_waiting,
    over_by_waiting,
    what_is_awaited_can_come,
)
from workers.rules.vocabulary.actions import ACTIONS
from workers.rules.vocabulary.model import Rule, Step
from workers.rules.vocabulary.triggers import KINDS


def check_rule(rule: Rule, node: Map, report: Report) -> None:
    """Adds what it finds to the report. The rule has been compiled without an error."""
    for check in _CHECKS:
        check(rule, node, report)


def _steps(rule: Rule, node: Map) -> Iterator[tuple[Step, Text]]:
    """Each step with the name of its action as it stands in the file."""
    return zip(rule.steps, (step_key(item) for item in items_of(node["do"])), strict=True)


def _kinds(rule: Rule) -> list[str]:
    return [trigger.kind for trigger in rule.triggers]


def _copies_what_is_finished(rule: Rule, node: Map, report: Report) -> None:
    kinds = _kinds(rule)
    if "recording.started" in kinds:
        when = "at recording.started"
    elif all("recording" in KINDS[kind].sees for kind in kinds):
        return
    else:
        when = "after record"
    for step, name in _steps(rule, node):
        if step.action == "archive":
            message = f"archive: {when} there is no file yet; use recording.ready"
            report.error(name, message)


def _schedule_names_conferences(rule: Rule, node: Map, report: Report) -> None:
    clock = next((kind for kind in _kinds(rule) if KINDS[kind].since == "clock"), None)
    if clock and not _matches_conference(rule):
        report.error(
            key_of(node, "when"),
            f'{clock} runs for every live conference; name them: `match: {{conference: "*"}}`',
        )


def _matches_conference(rule: Rule) -> bool:
    return isinstance(rule.match, Match) and any(
        check.path[0] == "conference" for check in rule.match.checks
    )


def _member_is_there(rule: Rule, node: Map, report: Report) -> None:
    """`once: member`, and targets that the trigger leaves without anybody."""
    without = next((kind for kind in _kinds(rule) if KINDS[kind].member == "never"), None)
    if rule.once == "member" and without:
        report.error(node["once"], f"once: member, but {without} is not about a member")
    has_left = any(KINDS[kind].member == "left" for kind in _kinds(rule))
    is_alone = any(KINDS[kind].since == "alone" for kind in _kinds(rule))
    leaves = after(rule, leaves_by_waiting)
    put_out = after(rule, _puts_the_member_out)
    for place, (step, key) in enumerate(_steps(rule, node)):
        target = step.target.kind if step.target else ""
        if target == "member" and (has_left or leaves.get(place)):
            report.error(key, f"{step.action}: the member has left")
        elif target == "member" and put_out.get(place):
            report.warning(key, f"{step.action}: this rule has put the member out before")
        if target == "others" and is_alone:
            report.error(key, f"{step.action}: a member who is alone has no others")


def _puts_the_member_out(step: Step) -> bool:
    is_end = step.action in ("kick", "hang_up")
    return is_end and step.target is not None and step.target.kind == "member"


def _conference_is_there(rule: Rule, node: Map, report: Report) -> None:
    """Actions on a conference that is over, or that this very rule has hung up."""
    over = next((kind for kind in _kinds(rule) if KINDS[kind].over), None)
    hung_up = after(rule, lambda step: "what" in step.params)
    awaited = after(rule, lambda step: bool(over_by_waiting(step)))
    waits = next(filter(None, map(over_by_waiting, rule.steps)), "")
    for place, (step, key) in enumerate(_steps(rule, node)):
        if not ACTIONS[step.action].after_all:
            if over:
                report.error(key, f"{step.action}: the conference is over at {over}")
            elif awaited.get(place):
                report.error(key, f"{step.action}: the conference is over after wait_for {waits}")
            elif hung_up.get(place):
                report.warning(key, f"{step.action} comes after hang_up: nobody is left for it")


def _last_step_waits(rule: Rule, node: Map, report: Report) -> None:
    for place, (step, key) in enumerate(_steps(rule, node)):
        waits = step.action == "wait" or (step.action == "wait_for" and step.jumps == (END,))
        if waits and step.after(place) >= len(rule.steps):
            report.warning(key, "a wait at the end does nothing")


def _answers_come_in_time(rule: Rule, node: Map, report: Report) -> None:
    """A question that is asked for a day, before what people hear or feel."""
    for place, (step, key) in enumerate(_steps(rule, node)):
        if step.action != "webhook" or not step.asks or step.expires_in is not None:
            continue
        felt = (one for one in rule.steps[place + 1 :] if ACTIONS[one.action].expires_in)
        if (late := next(felt, None)) is not None:
            message = f"{late.action} may come a day late: so long the answer is waited for"
            report.warning(key, f"{message}; write `expires_in: 10s` beside webhook, or so")


def _branches_can_be_taken(rule: Rule, node: Map, report: Report) -> None:
    for step, item in zip(rule.steps, items_of(node["do"]), strict=True):
        seen: set[str] = set()
        certain = False
        for branch, written in zip(step.params.get("branches", ()), _branches(item), strict=True):
            if certain or branch.meaning in seen:
                report.warning(written["if"], "never taken: one before it holds whenever it does")
            elif not branch.names:
                certain = holds(branch)
                said = "always true: write `else`" if certain else "never true"
                report.warning(written["if"], f"this is {said}")
            elif reason := never_by(branch, rule.triggers, later=True):
                report.warning(written["if"], f"never true: {reason}")
            elif doubt := doubt_of(branch, ()):
                report.warning(written["if"], doubt)
            seen.add(branch.meaning)


def _branches(item: Text | Map) -> Sequence[Map]:
    return (item.find("choose") or ()) if isinstance(item, Map) else ()


def _brakes_make_sense(rule: Rule, node: Map, report: Report) -> None:
    if rule.once == "conference" and rule.cooldown is not None:
        report.warning(node["cooldown"], "a cooldown beside `once: conference` does nothing")


_CHECKS: tuple[Callable[[Rule, Map, Report], None], ...] = (
    _copies_what_is_finished,
    _schedule_names_conferences,
    _member_is_there,
    _conference_is_there,
    _last_step_waits,
    steps_have_an_effect,
    _answers_come_in_time,
    if_can_hold,
    _branches_can_be_taken,
    match_can_hold,
    values_can_hold,
    what_is_awaited_can_come,
    _brakes_make_sense,
)
